"""`POST /api/permission/authorize`. Source: spec/ui-backends.md §5; recordings ui-03-permission."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.host import Host
from app.interfaces import ALLOW, DENY, Decision, PluginHost
from plugins.permission.plugin import PermissionPlugin
from tests.app.permissions.test_decisions import CREATE, HAS_ACTS, READ, STAGE, Table, has_acts
from tests.conftest import AnyDatabase
from tests.plugins.house import opened

ZOE = "user:default/zoe"
AUTHORIZE = "/api/permission/authorize"
STATIC = {"type": "static", "options": {"token": "token-of-the-first", "subject": "one"}}
POLICY = {
    CREATE.name: ALLOW,
    STAGE.name: DENY,
    READ.name: Decision("CONDITIONAL", has_acts(5)),
}


class TheatrePlugin:
    id = "theatre"

    def __init__(self) -> None:
        self.table = Table(POLICY)

    def register(self, host: PluginHost) -> None:
        host.permissions.declare("theatre", [READ, STAGE, CREATE], rules=[HAS_ACTS], load=self.table.load)
        host.permissions.use_policy(self.table)


class House:
    def __init__(self, host: Host, client: httpx.AsyncClient, theatre: TheatrePlugin) -> None:
        self.host, self.client, self.theatre = host, client, theatre

    async def ask(self, items: Any, *, token: str | None = None) -> tuple[int, Any]:
        """The answer to these items, asked by Zoe unless there is another token."""
        token = await self.host.auth.issue_user_token(ZOE, [ZOE]) if token is None else token
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = await self.client.post(AUTHORIZE, json={"items": items}, headers=headers)
        return answer.status_code, answer.json()


@pytest.fixture
async def house(database: AnyDatabase, tmp_path: Path) -> AsyncIterator[House]:
    theatre = TheatrePlugin()
    config = {"permission": {"enabled": True}, "backend": {"auth": {"externalAccess": [STATIC]}}}
    async with opened(database, config, [PermissionPlugin(), theatre], folder=tmp_path) as (host, client):
        yield House(host, client, theatre)


def basic(name: str, *, id: str = "a", **attributes: str) -> dict[str, Any]:  # noqa: A002
    return {"id": id, "permission": {"type": "basic", "name": name, "attributes": attributes}}


def resource(name: str, ref: Any = None, *, id: str = "a") -> dict[str, Any]:  # noqa: A002
    permission = {"type": "resource", "name": name, "attributes": {}, "resourceType": "play"}
    return {"id": id, "permission": permission, **({} if ref is None else {"resourceRef": ref})}


@pytest.mark.parametrize(
    ("item", "result"),
    [
        (basic(CREATE.name, action="create"), "ALLOW"),
        (basic("never.heard"), "DENY"),
        (resource(STAGE.name, "hamlet"), "DENY"),
        (resource(STAGE.name, ["hamlet", "godot"]), "DENY"),
        (resource(READ.name, "hamlet"), "ALLOW"),
        (resource(READ.name, "godot"), "DENY"),
        (resource(READ.name, "macbeth"), "DENY"),
        (resource(READ.name, ["godot", "hamlet"]), ["DENY", "ALLOW"]),
        (resource(READ.name, ["hamlet"]), ["ALLOW"]),
        (basic(READ.name), "DENY"),
    ],
)
async def test_a_user_is_told_what_they_may_do(house: House, item: dict[str, Any], result: Any) -> None:
    assert await house.ask([item]) == (200, {"items": [{"id": "a", "result": result}]})


async def test_a_batch_keeps_its_order_and_ids_and_costs_one_load(house: House) -> None:
    items = [resource(READ.name, ref, id=str(n)) for n, ref in enumerate(["godot", "hamlet", "macbeth", "hamlet"])]
    status, answer = await house.ask([basic(CREATE.name, id="z"), *items])
    assert status == 200
    assert [(item["id"], item["result"]) for item in answer["items"]] == [
        ("z", "ALLOW"),
        ("0", "DENY"),
        ("1", "ALLOW"),
        ("2", "DENY"),
        ("3", "ALLOW"),
    ]
    assert house.theatre.table.loads == [["godot", "hamlet", "macbeth"]]
    assert await house.ask([]) == (200, {"items": []})


@pytest.mark.parametrize("ref", ["hamlet", ["hamlet", "godot"], None])
@pytest.mark.parametrize("through", ["directly", "through a service"])
async def test_conditions_never_leave_the_server(house: House, ref: Any, through: str) -> None:
    """CVE-2025-32791."""
    token = await house.host.auth.issue_user_token(ZOE, [ZOE])
    if through == "through a service":
        token = await house.host.auth.issue_service_token("search", "permission", user_token=token)
    status, answer = await house.ask([resource(READ.name, ref)], token=token)
    assert "HAS_ACTS" not in str(answer) and "CONDITIONAL" not in str(answer)
    assert status == (400 if ref is None else 200)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"items": {}},
        {"items": [{"id": "a", "permission": {"name": "x"}}]},
        {"items": [{"permission": {"type": "basic", "name": "x", "attributes": {}}}]},
        {"items": [{"id": 1, "permission": {"type": "basic", "name": "x", "attributes": {}}}]},
        {"items": [{"id": "a", "permission": {"type": "magic", "name": "x", "attributes": {}}}]},
        {"items": [{"id": "a", "permission": {"type": "resource", "name": "x", "attributes": {}}}]},
        {"items": [{"id": "a", "permission": {"type": "basic", "name": "x", "attributes": {"action": "fly"}}}]},
        {"items": [resource(READ.name, [])]},
        {"items": [resource(READ.name, [1])]},
        {"items": [resource(READ.name)]},
    ],
)
async def test_a_malformed_question_is_refused(house: House, body: Any) -> None:
    token = await house.host.auth.issue_user_token(ZOE, [ZOE])
    answer = await house.client.post(AUTHORIZE, json=body, headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["error"]["name"]) == (400, "InputError")


async def test_a_service_is_not_told(house: House) -> None:
    status, answer = await house.ask([basic(CREATE.name)], token="token-of-the-first")
    assert (status, answer["error"]["message"]) == (403, "This endpoint does not allow 'service' credentials")


async def test_nobody_is_told_without_credentials(house: House) -> None:
    status, answer = await house.ask([basic(CREATE.name)], token="")
    assert (status, answer["error"]["message"]) == (401, "Missing credentials")


async def test_health_is_for_everybody(house: House) -> None:
    answer = await house.client.get("/api/permission/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_where_anybody_may_call_nobody_in_particular_is_asked_about(
    database: AnyDatabase, tmp_path: Path
) -> None:
    config = {"permission": {"enabled": True}, "backend": {"auth": {"dangerouslyDisableDefaultAuthPolicy": True}}}
    theatre = TheatrePlugin()
    async with opened(database, config, [PermissionPlugin(), theatre], folder=tmp_path) as (_, client):
        items: Sequence[Any] = [basic(CREATE.name), resource(READ.name, "godot")]
        answer = await client.post(AUTHORIZE, json={"items": items})
    assert [item["result"] for item in answer.json()["items"]] == ["ALLOW", "DENY"]
    assert {caller.kind for _, caller in theatre.table.asked} == {"none"}


async def test_with_permissions_switched_off_everything_is_allowed(database: AnyDatabase, tmp_path: Path) -> None:
    theatre = TheatrePlugin()
    async with opened(database, {}, [PermissionPlugin(), theatre], folder=tmp_path) as (host, client):
        status, answer = await House(host, client, theatre).ask([resource(STAGE.name, "godot"), basic("never.heard")])
    assert (status, [item["result"] for item in answer["items"]]) == (200, ["ALLOW", "ALLOW"])
