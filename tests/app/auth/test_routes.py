"""`/.backstage/auth/v1/*`. Source: spec/ui-backends.md §2.2, §2.5; recordings ui-01-auth."""

from __future__ import annotations

from http.cookies import SimpleCookie

import httpx
import jwt
import pytest

from app.auth.cookie import CookieJar
from app.auth.routes import JWKS_PATH, auth_routes
from app.auth.service import AuthService
from tests.app.auth.conftest import MakeAuth
from tests.app.auth.mounted import client_of
from tests.app.auth.world import BASE_URL, NOW, SetClock, config_with

ZOE = "user:default/zoe"
COOKIE_PATH = "/.backstage/auth/v1/cookie"
EXPIRES = int(NOW.timestamp()) + 3600
STATIC = {"type": "static", "options": {"token": "token-of-the-first", "subject": "one"}}


@pytest.fixture
def auth(make_auth: MakeAuth) -> AuthService:
    return make_auth(config_with([STATIC]))


@pytest.fixture
async def client(auth: AuthService, clock: SetClock) -> httpx.AsyncClient:
    return await client_of(auth, "techdocs", auth_routes("techdocs", auth, clock, BASE_URL), public=[JWKS_PATH])


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_anybody_may_have_a_plugins_public_keys(auth: AuthService, client: httpx.AsyncClient) -> None:
    assert (await client.get(JWKS_PATH)).json() == {"keys": []}
    token = await auth.issue_service_token("techdocs", "catalog")
    (key,) = (await client.get(JWKS_PATH)).json()["keys"]
    assert key["kid"] == jwt.get_unverified_header(token)["kid"]
    assert "d" not in key


async def test_a_user_gets_a_cookie_that_is_their_limited_token(auth: AuthService, client: httpx.AsyncClient) -> None:
    token = await auth.issue_user_token(ZOE, [ZOE])
    answer = await client.get(COOKIE_PATH, headers=bearer(token))
    assert answer.json() == {"expiresAt": "2030-01-31T13:00:00.000Z"}
    limited, expires_at = await auth.limited_user_token(token)
    assert answer.headers["set-cookie"] == CookieJar(BASE_URL).set(limited, expires_at)


@pytest.mark.parametrize(
    ("base_url", "attributes"),
    [
        ("http://localhost:7007", "Domain=localhost; Path=/; {}; HttpOnly; Secure; Priority=High; SameSite=None"),
        ("https://a.example/x", "Domain=a.example; Path=/; {}; HttpOnly; Secure; Priority=High; SameSite=None"),
        ("http://127.0.0.1:7007", "Domain=127.0.0.1; Path=/; {}; HttpOnly; Priority=High; SameSite=Lax"),
    ],
)
def test_the_cookie_is_as_strict_as_the_backends_address_allows(base_url: str, attributes: str) -> None:
    header = CookieJar(base_url).set("a.b.c", EXPIRES)
    assert header == "backstage-auth=a.b.c; " + attributes.format("Expires=Thu, 31 Jan 2030 13:00:00 GMT")
    assert SimpleCookie(header)["backstage-auth"].value == "a.b.c"


async def test_a_cookie_with_a_while_to_go_is_kept(
    auth: AuthService, client: httpx.AsyncClient, clock: SetClock
) -> None:
    limited, _ = await auth.limited_user_token(await auth.issue_user_token(ZOE, [ZOE]))
    clock.move(minutes=30)
    fresh = await auth.issue_user_token(ZOE, [ZOE])

    async def ask() -> httpx.Response:
        return await client.get(COOKIE_PATH, headers={**bearer(fresh), "cookie": f"backstage-auth={limited}"})

    clock.move(minutes=24, seconds=59)
    kept = await ask()
    assert kept.json() == {"expiresAt": "2030-01-31T13:00:00.000Z"}
    assert "set-cookie" not in kept.headers
    clock.move(seconds=1)
    renewed = await ask()
    assert renewed.json() == {"expiresAt": "2030-01-31T13:30:00.000Z"}
    assert "set-cookie" in renewed.headers


async def test_somebody_elses_or_a_broken_cookie_is_replaced(auth: AuthService, client: httpx.AsyncClient) -> None:
    other, _ = await auth.limited_user_token(await auth.issue_user_token("user:default/other", []))
    full = await auth.issue_user_token(ZOE, [ZOE])
    for cookie in (other, "nope", full, "token-of-the-first"):
        answer = await client.get(COOKIE_PATH, headers={**bearer(full), "cookie": f"backstage-auth={cookie}"})
        assert "set-cookie" in answer.headers


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({}, 401, "Missing credentials"),
        (bearer("token-of-the-first"), 403, "This endpoint does not allow 'service' credentials"),
        (bearer("nope"), 401, "Illegal token"),
    ],
)
async def test_only_a_user_gets_a_cookie(
    client: httpx.AsyncClient, headers: dict[str, str], status: int, message: str
) -> None:
    answer = await client.get(COOKIE_PATH, headers=headers)
    assert (answer.status_code, answer.json()["error"]["message"]) == (status, message)


async def test_a_cookie_does_not_renew_itself(auth: AuthService, client: httpx.AsyncClient) -> None:
    limited, _ = await auth.limited_user_token(await auth.issue_user_token(ZOE, [ZOE]))
    alone = await client.get(COOKIE_PATH, headers={"cookie": f"backstage-auth={limited}"})
    assert (alone.status_code, alone.json()["error"]["message"]) == (401, "Missing credentials")
    as_bearer = await client.get(COOKIE_PATH, headers=bearer(limited))
    assert (as_bearer.status_code, as_bearer.json()["error"]["message"]) == (401, "Illegal limited user token")


async def test_a_service_that_acts_for_a_user_gets_no_cookie_of_theirs(
    auth: AuthService, client: httpx.AsyncClient
) -> None:
    user = await auth.issue_user_token(ZOE, [ZOE])
    service = await auth.issue_service_token("search", "techdocs", user_token=user)
    assert (await client.get(COOKIE_PATH, headers=bearer(service))).status_code == 401


async def test_the_cookie_can_be_taken_back(auth: AuthService, client: httpx.AsyncClient) -> None:
    token = await auth.issue_user_token(ZOE, [ZOE])
    answer = await client.delete(COOKIE_PATH, headers=bearer(token))
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["set-cookie"].startswith(
        "backstage-auth=; Domain=localhost; Path=/; Expires=Thu, 01 Jan 1970"
    )
