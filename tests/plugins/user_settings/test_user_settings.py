"""User settings over HTTP, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.interfaces import Event
from plugins.user_settings.plugin import UserSettingsPlugin
from tests.conftest import AnyDatabase
from tests.plugins.house import opened

ALICE, BOB = "user:default/alice", "user:default/bob"


class Portal:
    def __init__(self, client: httpx.AsyncClient, tokens: dict[str, str]) -> None:
        self.client, self.tokens = client, tokens
        self.signals: list[Any] = []

    async def ask(self, method: str, path: str, *, who: str = ALICE, **options: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.tokens[who]}"}
        return await self.client.request(method, f"/api/user-settings{path}", headers=headers, **options)

    async def many(self, *places: tuple[str, str], who: str = ALICE) -> Any:
        items = [{"bucket": bucket, "key": key} for bucket, key in places]
        return (await self.ask("POST", "/multiget", who=who, json={"items": items})).json()["items"]


@pytest.fixture
async def portal(database: AnyDatabase, tmp_path: Path) -> AsyncIterator[Portal]:
    async with opened(database, {}, [UserSettingsPlugin()], folder=tmp_path) as (host, client):
        tokens = {user: await host.auth.issue_user_token(user, [user]) for user in (ALICE, BOB)}
        tokens["ci"] = await host.auth.issue_service_token("ci", "user-settings")
        running = Portal(client, tokens)

        async def heard(event: Event) -> None:
            running.signals.append(event.payload)

        host.events.subscribe(["signals"], heard)
        yield running


PATHS = {"a": "a", "a%2Fb": "a/b", "c/d": "c/d", "%C3%A9%20%25": "é %", "A": "A"}
VALUES: list[Any] = [{"x": [1, None, "\0"]}, None, False, "text", 1.5, []]


async def test_a_setting_is_kept_under_its_key(portal: Portal) -> None:
    for path, key in PATHS.items():
        for value in VALUES:
            put = await portal.ask("PUT", f"/buckets/b/keys/{path}", json={"value": value})
            assert (put.status_code, put.json()) == (200, {"bucket": "b", "key": key, "value": value})
            assert (await portal.ask("GET", f"/buckets/b/keys/{path}")).json() == put.json()
        assert await portal.many(("b", f"{key}!"), ("b", key), ("other", key)) == [None, {"value": []}, None]
    for path, key in PATHS.items():
        assert (await portal.ask("DELETE", f"/buckets/b/keys/{path}")).status_code == 204
        missing = await portal.ask("GET", f"/buckets/b/keys/{path}")
        assert missing.json()["error"]["message"] == f"Unable to find '{key}' in bucket 'b'"


async def test_settings_are_their_users_alone(portal: Portal) -> None:
    await portal.ask("PUT", "/buckets/b/keys/k", json={"value": 1})
    await portal.ask("PUT", "/buckets/b/keys/k", who=BOB, json={"value": 2})
    await portal.ask("DELETE", "/buckets/b/keys/k", who=BOB)
    assert await portal.many(("b", "k")) == [{"value": 1}]
    assert await portal.many(("b", "k"), who=BOB) == [None]
    for method, path in (("GET", "/buckets/b/keys/k"), ("DELETE", "/buckets/b/keys/k")):
        assert (await portal.ask(method, path, who="ci")).status_code == 403
    assert (await portal.ask("POST", "/multiget", who="ci", json={"items": []})).status_code == 403


async def test_the_users_other_tabs_are_told(portal: Portal) -> None:
    await portal.ask("PUT", "/buckets/b/keys/k", json={"value": 1})
    await portal.ask("DELETE", "/buckets/b/keys/k")
    assert [(one["recipients"], one["channel"], one["message"]) for one in portal.signals] == [
        ({"type": "user", "entityRef": ALICE}, "user-settings", {"type": "key-changed", "key": "k"}),
        ({"type": "user", "entityRef": ALICE}, "user-settings", {"type": "key-deleted", "key": "k"}),
    ]


async def test_what_cannot_be_set_is_refused(portal: Portal) -> None:
    for path, body in (
        ("/buckets/b/keys/k", {}),
        ("/buckets/b/keys/k", [1]),
        (f"/buckets/b/keys/{'x' * 256}", {"value": 1}),
        (f"/buckets/{'x' * 256}/keys/k", {"value": 1}),
        ("/buckets/b/keys/%00", {"value": 1}),
        ("/buckets/b/keys/", {"value": 1}),
    ):
        refused = await portal.ask("PUT", path, json=body)
        assert (refused.status_code, refused.json()["error"]["name"]) == (400, "InputError"), path
    assert (await portal.ask("POST", "/multiget", json={"items": [{"bucket": "b"}]})).status_code == 400
    assert await portal.many(("b", "x" * 300), ("b\0", "k"), ("", "")) == [None, None, None]
    assert portal.signals == []
