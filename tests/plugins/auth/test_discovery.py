"""Who the issuer is, and whom a token names. Source: spec/ui-backends.md §2.6, §3.1, §3.7; recordings ui-01-auth."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from app.host import Host
from plugins.auth.plugin import AuthPlugin
from tests.app.auth.world import BASE_URL
from tests.conftest import AnyDatabase
from tests.plugins.house import opened

ZOE = "user:default/zoe"
OWNERSHIP = [ZOE, "group:default/lighthouse"]
USERINFO = "/api/auth/v1/userinfo"
CONFIG = {
    "backend": {
        "auth": {"externalAccess": [{"type": "static", "options": {"token": "token-of-the-first", "subject": "one"}}]}
    }
}


@pytest.fixture
async def house(database: AnyDatabase, tmp_path: Path) -> AsyncIterator[tuple[Host, httpx.AsyncClient]]:
    async with opened(database, CONFIG, [AuthPlugin()], folder=tmp_path) as house:
        yield house


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_the_issuers_metadata_names_its_own_places(house: tuple[Host, httpx.AsyncClient]) -> None:
    _, client = house
    metadata = (await client.get("/api/auth/.well-known/openid-configuration")).json()
    assert metadata["issuer"] == f"{BASE_URL}/api/auth"
    for name in ("userinfo_endpoint", "jwks_uri"):
        assert (await client.get(metadata[name])).status_code in (200, 401)
    assert metadata["scopes_supported"] == ["openid"]
    assert len(metadata["id_token_signing_alg_values_supported"]) == 10


async def test_the_published_keys_verify_what_was_issued(house: tuple[Host, httpx.AsyncClient]) -> None:
    host, client = house
    token = await host.auth.issue_user_token(ZOE, OWNERSHIP)
    keys = (await client.get("/api/auth/.well-known/jwks.json")).json()["keys"]
    key = next(key for key in keys if key["kid"] == jwt.get_unverified_header(token)["kid"])
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(
        token, jwt.PyJWK(key), ["ES256"], options=options, audience="backstage", issuer=host.auth.issuer
    )
    assert claims["sub"] == ZOE


async def test_there_is_a_key_before_anybody_signs_in(house: tuple[Host, httpx.AsyncClient]) -> None:
    _, client = house
    (key,) = (await client.get("/api/auth/.well-known/jwks.json")).json()["keys"]
    assert sorted(key) == ["alg", "crv", "kid", "kty", "x", "y"]


async def test_a_users_token_tells_who_they_are_in_each_of_its_forms(house: tuple[Host, httpx.AsyncClient]) -> None:
    host, client = house
    auth: Any = host.auth
    token = await auth.issue_user_token(ZOE, OWNERSHIP)
    limited, _ = await auth.limited_user_token(token)
    behind = await auth.issue_service_token("search", "auth", user_token=token)
    for form in (token, limited, behind):
        answer = await client.get(USERINFO, headers=bearer(form))
        assert (answer.status_code, answer.json()) == (200, {"claims": {"sub": ZOE, "ent": OWNERSHIP}})


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({}, 401, "No token provided"),
        ({"authorization": "Basic abc"}, 401, "No token provided"),
        (bearer("nope"), 401, "Illegal token"),
        (
            bearer("token-of-the-first"),
            400,
            "Userinfo endpoint must be called with a token that represents a user principal",
        ),
    ],
)
async def test_only_a_users_token_tells_anything(
    house: tuple[Host, httpx.AsyncClient], headers: dict[str, str], status: int, message: str
) -> None:
    answer = await house[1].get(USERINFO, headers=headers)
    assert (answer.status_code, answer.json()["error"]["message"]) == (status, message)


async def test_the_auth_cookie_is_no_token_to_ask_with(house: tuple[Host, httpx.AsyncClient]) -> None:
    host, client = house
    auth: Any = host.auth
    limited, _ = await auth.limited_user_token(await auth.issue_user_token(ZOE, OWNERSHIP))
    answer = await client.get(USERINFO, headers={"cookie": f"backstage-auth={limited}"})
    assert answer.status_code == 401


async def test_somebody_of_whom_nothing_is_known_is_not_found(
    house: tuple[Host, httpx.AsyncClient], database: AnyDatabase
) -> None:
    host, client = house
    token = await host.auth.issue_user_token(ZOE, OWNERSHIP)
    async with database.write() as transaction:
        await transaction.execute("DELETE FROM auth_user_info")
    answer = await client.get(USERINFO, headers=bearer(token))
    assert (answer.status_code, answer.text) == (404, "User info not found")


async def test_being_public_opens_none_of_the_framework_routes(house: tuple[Host, httpx.AsyncClient]) -> None:
    _, client = house
    paths = ["/.backstage/auth/v1/cookie", "/.well-known/backstage/permissions/metadata"]
    assert [(await client.get(f"/api/auth{path}")).status_code for path in paths] == [401, 401]
