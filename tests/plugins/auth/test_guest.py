"""Guest sign-in. Source: spec/ui-backends.md §3.4; recordings ui-01-auth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest

from app.interfaces import Plugin
from plugins.auth.plugin import AuthPlugin
from tests.conftest import AnyDatabase
from tests.plugins.house import EntitiesPlugin, opened

GUEST = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "User",
    "metadata": {"name": "guest"},
    "relations": [
        {"type": "memberOf", "targetRef": "group:default/lighthouse"},
        {"type": "ownerOf", "targetRef": "component:default/mirror"},
        {"type": "memberOf", "targetRef": "system:default/odd"},
    ],
}


def guest_with(**settings: Any) -> dict[str, Any]:
    return {"auth": {"providers": {"guest": {"dangerouslyAllowOutsideDevelopment": True, **settings}}}}


async def answer_to(
    database: AnyDatabase,
    folder: Path,
    config: Mapping[str, Any],
    *,
    method: str = "GET",
    path: str = "/api/auth/guest/refresh",
    catalog: bool = True,
) -> tuple[int, Any]:
    plugins: list[Plugin] = [AuthPlugin(), *([EntitiesPlugin(GUEST)] if catalog else [])]
    async with opened(database, config, plugins, folder=folder) as (_, client):
        answer = await client.request(method, path)
        return answer.status_code, answer.json()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_guest_whom_the_catalog_knows_owns_what_their_groups_own(
    database: AnyDatabase, tmp_path: Path, method: str
) -> None:
    status, session = await answer_to(database, tmp_path, guest_with(userEntityRef="user:default/guest"), method=method)
    token = session["backstageIdentity"].pop("token")
    assert status == 200
    assert session == {
        "profile": {},
        "backstageIdentity": {
            "identity": {
                "type": "user",
                "userEntityRef": "user:default/guest",
                "ownershipEntityRefs": ["user:default/guest", "group:default/lighthouse"],
            },
            "expiresInSeconds": 3600,
        },
    }
    assert jwt.get_unverified_header(token)["typ"] == "vnd.backstage.user"


@pytest.mark.parametrize(
    ("settings", "ref", "ownership"),
    [
        ({}, "user:development/guest", ["user:development/guest"]),
        ({"userEntityRef": "user:default/nobody"}, "user:default/nobody", ["user:default/nobody"]),
        ({"ownershipEntityRefs": ["group:default/quay"]}, "user:development/guest", ["group:default/quay"]),
        ({"userEntityRef": "Default/Nobody"}, "user:default/nobody", ["user:default/nobody"]),
    ],
)
@pytest.mark.parametrize("catalog", [True, False])
async def test_a_guest_whom_the_catalog_does_not_know_is_as_configured(
    database: AnyDatabase, tmp_path: Path, settings: dict[str, Any], ref: str, ownership: list[str], catalog: bool
) -> None:
    _, session = await answer_to(database, tmp_path, guest_with(**settings), catalog=catalog)
    identity = session["backstageIdentity"]["identity"]
    assert (identity["userEntityRef"], identity["ownershipEntityRefs"]) == (ref, ownership)


async def test_outside_development_there_are_no_guests_unless_somebody_dares(
    database: AnyDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    careful: dict[str, Any] = {"auth": {"providers": {"guest": {}}}}
    monkeypatch.delenv("NODE_ENV", raising=False)
    status, refusal = await answer_to(database, tmp_path, careful)
    assert (status, refusal["error"]["name"]) == (403, "NotAllowedError")
    assert "dangerouslyAllowOutsideDevelopment" in refusal["error"]["message"]
    monkeypatch.setenv("NODE_ENV", "production")
    assert (await answer_to(database, tmp_path, careful))[0] == 403
    monkeypatch.setenv("NODE_ENV", "development")
    assert (await answer_to(database, tmp_path, careful))[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "guest/start", 501, "Not implemented"),
        ("GET", "guest/handler/frame", 501, "Not implemented"),
        ("POST", "guest/handler/frame", 501, "Not implemented"),
        ("POST", "guest/logout", 404, "Unknown auth provider 'guest'"),
        ("GET", "guest/nothing", 404, "Unknown auth provider 'guest'"),
        ("GET", "nope/refresh", 404, "Unknown auth provider 'nope'"),
        ("GET", "github/refresh", 404, "Unknown auth provider 'github'"),
        ("GET", "x/y/z", 404, "Unknown auth provider 'x'"),
        ("GET", "x", 404, "Unknown auth provider 'x'"),
        ("DELETE", "x/y", 404, "Unknown auth provider 'x'"),
        ("GET", "v1/authorize", 404, "Unknown auth provider 'v1'"),
        ("POST", "v1/token", 404, "Unknown auth provider 'v1'"),
        ("GET", "v1/sessions/x", 404, "Unknown auth provider 'v1'"),
    ],
)
async def test_what_a_provider_does_not_do_is_told(
    database: AnyDatabase, tmp_path: Path, method: str, path: str, status: int, message: str
) -> None:
    got = await answer_to(database, tmp_path, guest_with(), method=method, path=f"/api/auth/{path}")
    assert (got[0], got[1]["error"]["message"]) == (status, message)


async def test_without_configuration_there_are_no_guests(database: AnyDatabase, tmp_path: Path) -> None:
    status, refusal = await answer_to(database, tmp_path, {})
    assert (status, refusal["error"]["message"]) == (404, "Unknown auth provider 'guest'")
