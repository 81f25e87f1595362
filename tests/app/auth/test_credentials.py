"""What the credentials barrier makes of a request. Source: spec/catalog.md §7.6; spec/ui-backends.md §1.1, §2.3."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request

from app.auth.credentials import PLUGIN_KEY, PRINCIPAL_KEY, bearer_of, caller_of, cookie_of, require_kind
from app.auth.service import AuthService
from app.errors import AuthenticationError, CallboardError, NotAllowedError
from app.interfaces import NOBODY, Principal
from tests.app.auth.conftest import MakeAuth
from tests.app.auth.world import config_with

ZOE = "user:default/zoe"
SERVICE = {"type": "static", "options": {"token": "conformance-token-full", "subject": "conformance"}}


def scope_with(plugin: str = "catalog", **headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "headers": raw, PLUGIN_KEY: plugin}


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("BEARER   abc", "abc"),
        ("Bearer abc def", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("Bearer\tabc", None),
        (" Bearer abc", None),
        ("Bearer abc ", None),
        ("Basic abc", None),
        ("Bearerabc", None),
        ("", None),
    ],
)
def test_only_a_plain_bearer_token_is_one(header: str, token: str | None) -> None:
    assert bearer_of([(b"accept", b"*/*"), (b"authorization", header.encode())]) == token


def test_the_first_of_two_authorization_headers_counts() -> None:
    assert bearer_of([(b"authorization", b"Basic x"), (b"authorization", b"Bearer abc")]) is None


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (b"backstage-auth=abc", "abc"),
        (b"a=1; backstage-auth=a.b.c; d=2", "a.b.c"),
        (b'backstage-auth="abc"', "abc"),
        (b"not-backstage-auth=abc", None),
        (b"backstage-auth=", None),
        (b"a=1", None),
        (b"\xff\xfe", None),
        (b'odd={"a":[1, 2]}; =; backstage-auth=abc; x[]=@', "abc"),
    ],
)
def test_the_auth_cookie_is_found_among_others(header: bytes, token: str | None) -> None:
    assert cookie_of([(b"cookie", header)]) == token


async def test_no_credentials_are_missing_credentials(auth: AuthService) -> None:
    for scope in (scope_with(), scope_with(authorization="Basic abc"), scope_with(cookie="backstage-auth=x")):
        with pytest.raises(AuthenticationError, match=r"^Missing credentials$"):
            await caller_of(auth, scope)


async def test_where_the_default_policy_is_off_nobody_may_call_but_no_forger(make_auth: MakeAuth) -> None:
    auth = make_auth(config_with([SERVICE], dangerouslyDisableDefaultAuthPolicy=True))
    assert await caller_of(auth, scope_with()) == NOBODY
    assert (await caller_of(auth, scope_with(authorization="Bearer conformance-token-full"))).kind == "service"
    with pytest.raises(AuthenticationError, match=r"^Illegal token$"):
        await caller_of(auth, scope_with(authorization="Bearer forged"))


async def test_a_limited_token_opens_what_takes_cookies_and_nothing_else(auth: AuthService) -> None:
    full = await auth.issue_user_token(ZOE, [ZOE])
    limited, _ = await auth.limited_user_token(full)
    cookie, bearer = scope_with(cookie=f"backstage-auth={limited}"), scope_with(authorization=f"Bearer {limited}")
    expected = Principal("user", ZOE, (ZOE,), limited=True)
    assert await caller_of(auth, cookie, allow_cookie=True) == expected
    assert await caller_of(auth, bearer, allow_cookie=True) == expected
    assert await caller_of(auth, bearer, allow_limited=True) == expected
    with pytest.raises(AuthenticationError, match=r"^Missing credentials$"):
        await caller_of(auth, cookie, allow_limited=True)
    with pytest.raises(AuthenticationError, match=r"^Missing credentials$"):
        await caller_of(auth, cookie)
    with pytest.raises(AuthenticationError, match=r"^Illegal limited user token$"):
        await caller_of(auth, bearer)


async def test_a_bearer_goes_before_a_cookie(auth: AuthService) -> None:
    zoe = await auth.issue_user_token(ZOE, [ZOE])
    limited, _ = await auth.limited_user_token(await auth.issue_user_token("user:default/old", []))
    scope = scope_with(authorization=f"Bearer {zoe}", cookie=f"backstage-auth={limited}")
    assert (await caller_of(auth, scope, allow_cookie=True)).subject == ZOE


async def test_a_route_gets_the_caller_that_the_barrier_found(auth: AuthService) -> None:
    found = Principal("service", "plugin:search")
    request = Request({**scope_with(authorization="Bearer nope"), PRINCIPAL_KEY: found})
    assert await auth.principal_of(request) is found


async def test_a_public_route_asks_for_itself_who_calls(auth: AuthService) -> None:
    token = await auth.issue_user_token(ZOE, [ZOE])
    named = Request({**scope_with(authorization=f"Bearer {token}"), PRINCIPAL_KEY: NOBODY})
    assert await auth.principal_of(named) == Principal("user", ZOE, (ZOE,))
    assert await auth.principal_of(Request({**scope_with(), PRINCIPAL_KEY: NOBODY})) == NOBODY
    with pytest.raises(AuthenticationError, match=r"^Illegal token$"):
        await auth.principal_of(Request(scope_with(authorization="Bearer nope")))


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (NOBODY, "AuthenticationError: Missing credentials"),
        (Principal("service", "plugin:a"), "NotAllowedError: This endpoint does not allow 'service' credentials"),
        (Principal("user", ZOE), ZOE),
    ],
)
def test_a_route_may_be_for_one_kind_of_caller(caller: Principal, expected: str) -> None:
    try:
        answer = require_kind(caller, ["user"]).subject
    except CallboardError as error:
        assert isinstance(error, AuthenticationError | NotAllowedError)
        answer = f"{error.name}: {error}"
    assert answer == expected
