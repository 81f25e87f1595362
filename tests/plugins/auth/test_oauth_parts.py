"""The parts of the OAuth flow that need no identity provider. Source: spec/ui-backends.md §3.5."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from http.cookies import SimpleCookie
from urllib.parse import quote, unquote

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError, NotAllowedError
from plugins.auth.oauth.cookies import CHUNK, CookieSettings, ProviderCookies
from plugins.auth.oauth.message import message_page
from plugins.auth.oauth.origins import AllowedOrigins, origin_of
from plugins.auth.oauth.scopes import Scopes, is_granted
from plugins.auth.oauth.state import OAuthState
from tests.app.auth.world import SetClock

APP = "https://portal.example"
CALLBACK = "https://portal.example/api/auth/oidc/handler/frame"
texts = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1)


def request_with(cookies: dict[str, str]) -> Request:
    header = "; ".join(f"{name}={quote(value, safe='')}" for name, value in cookies.items())
    headers = [(b"cookie", header.encode())] if cookies else []
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})


def cookies_with(
    given: dict[str, str] | None = None, callback: str = CALLBACK, lifetime: timedelta | None = None
) -> ProviderCookies:
    return ProviderCookies(CookieSettings("oidc", callback, APP, lifetime), request_with(given or {}), SetClock())


class Jar:
    """A browser's, as far as this needs: name to value, and what was deleted."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def take(self, cookies: ProviderCookies) -> None:
        for header in cookies.headers:
            if "Domain=" in header:
                continue
            ((name, morsel),) = SimpleCookie(header).items()
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = unquote(morsel.value)


@given(st.lists(st.one_of(texts, st.integers(1, 5 * CHUNK).map(lambda n: "x" * n)), min_size=1, max_size=5))
def test_a_refresh_token_of_any_length_survives_its_cookies(tokens: list[str]) -> None:
    jar = Jar()
    for token in tokens:
        writing = cookies_with(dict(jar.cookies))
        writing.set_refresh_token(token, None)
        jar.take(writing)
        assert all(len(value) <= CHUNK for value in jar.cookies.values())
        assert cookies_with(dict(jar.cookies)).refresh_token == token
    leaving = cookies_with(dict(jar.cookies))
    leaving.remove_refresh_token(None)
    jar.take(leaving)
    assert jar.cookies == {}


@pytest.mark.parametrize(
    ("callback", "origin", "attributes"),
    [
        (CALLBACK, None, "Path=/api/auth/oidc; {}; HttpOnly; Secure; SameSite=Lax"),
        (CALLBACK, "https://other.example", "Path=/api/auth/oidc; {}; HttpOnly; Secure; SameSite=None"),
        ("http://localhost:7007/api/auth/oidc/handler/frame", None, "Path=/api/auth/oidc; {}; HttpOnly; SameSite=Lax"),
        ("https://portal.example/cb", None, "Path=/cb/oidc; {}; HttpOnly; Secure; SameSite=Lax"),
    ],
)
def test_cookies_go_where_the_provider_is_and_no_further(callback: str, origin: str | None, attributes: str) -> None:
    cookies = cookies_with(callback=callback, lifetime=timedelta(hours=1))
    cookies.set_refresh_token("t", origin)
    legacy, written = cookies.headers
    assert "Domain=" in legacy and "Max-Age=0" in legacy and "Domain=" not in written
    assert (
        written == f"oidc-refresh-token=t; Max-Age=3600; {attributes.format('Expires=Thu, 31 Jan 2030 13:00:00 GMT')}"
    )


def test_the_nonce_is_for_the_callback_alone_and_ten_minutes() -> None:
    cookies = cookies_with()
    cookies.set_nonce("bm9uY2U=", None)
    assert "oidc-nonce=bm9uY2U%3D; Max-Age=600; Path=/api/auth/oidc/handler; " in cookies.headers[-1]


optional = st.one_of(st.none(), st.text(st.characters(blacklist_categories=["Cs"])))


@given(st.builds(OAuthState, texts, texts, optional, optional, optional, optional))
def test_a_state_survives_the_identity_provider(state: OAuthState) -> None:
    encoded = state.encode()
    assert re.fullmatch(r"[0-9a-f]+", encoded)
    assert OAuthState.decode(encoded) == state


@given(st.text())
def test_anything_else_is_no_state(text: str) -> None:
    with pytest.raises(NotAllowedError, match="OAuth state is invalid, missing "):
        OAuthState.decode(text)


@given(
    st.text(st.characters(blacklist_categories=["Cs"])),
    st.sampled_from(["</script><script>", "'", '"', "\\", "\n", "\u2028", "-->"]),
)
def test_nothing_that_comes_from_outside_can_be_read_as_markup_or_script(text: str, hostile: str) -> None:
    """CVE-2021-43776."""
    value = f"{hostile}{text}{hostile}"
    page = message_page(f"https://x{quote(hostile)}", {"error": {"name": value, "message": value}})
    body = bytes(page.body).decode()
    literals = re.findall(r"decodeURIComponent\('([^']*)'\)", body)
    assert len(literals) == 2 and all(re.fullmatch(r"[A-Za-z0-9_.~%-]*", literal) for literal in literals)
    assert body.count("<script>") == body.count("</script>") == 1
    assert json.loads(unquote(literals[1])) == {
        "type": "authorization_response",
        "error": {"name": value, "message": value},
    }


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://A.example/x?y#z", "https://a.example"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:8080/", "http://a.example:8080"),
        ("https://user:pw@a.example/", "https://a.example"),
        ("https://[::1]:3000", "https://[::1]:3000"),
    ],
)
def test_an_origin_is_what_browsers_make_of_a_url(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url", ["", "x", "javascript:alert(1)", "https://", "https://a.example\\@b", "https:///x", "ftp://a"]
)
def test_what_has_no_origin_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="App origin is invalid"):
        AllowedOrigins(APP).require(url)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://portal.example", True),
        ("https://a.team.example", True),
        ("https://a.b.team.example", True),
        ("https://team.example", False),
        ("http://a.team.example", False),
        ("https://a.team.example:8443", False),
        ("https://a.team.example.evil.example", False),
        ("https://evil.example/.team.example", False),
        ("https://evil.example?.team.example", False),
        ("https://evil.example#.team.example", False),
        ("https://portal.example.evil.example", False),
    ],
)
def test_patterns_of_origins_do_not_reach_into_other_parts_of_a_url(origin: str, allowed: bool) -> None:
    """CVE-2026-32235, CVE-2026-73563."""
    origins = AllowedOrigins(APP, ["https://*.team.example"])
    if allowed:
        assert origins.require(origin) == origin
    else:
        with pytest.raises(NotAllowedError):
            origins.require(origin)


def test_scopes_are_asked_for_once_each_in_order() -> None:
    scopes = Scopes(("openid",), ("extra",), persist=True)
    assert scopes.asked("repo,openid", "old repo") == "repo openid old extra"
    assert Scopes(("openid",)).asked("a a", "old") == "a openid"
    assert is_granted("a b", "b") and not is_granted("a", "a b") and not is_granted(None, "a")
