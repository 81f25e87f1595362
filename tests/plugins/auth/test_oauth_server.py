"""The OAuth server for AI agents and command lines. Source: spec/ui-backends.md §3.7."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError, NotAllowedError
from app.host import Host
from app.interfaces import Plugin
from plugins.auth.plugin import AuthPlugin
from plugins.auth.server import urls
from plugins.auth.server.clients import MAX_NAME, _shown
from tests.app.auth.world import BASE_URL, Network, SetClock
from tests.conftest import AnyDatabase
from tests.plugins.house import EntitiesPlugin, opened

APP = "http://localhost:3000"
ZOE = "user:default/zoe"
CLAUDE = "https://claude.ai/oauth/client.json"
CALLBACK = "http://localhost:41234/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
CIMD = {"clientIdMetadataDocuments": {"enabled": True}}
DCR = {"experimentalDynamicClientRegistration": {"enabled": True}}
REFRESH = {"experimentalRefreshToken": {"enabled": True}}
USER = {
    "kind": "User",
    "metadata": {"name": "zoe"},
    "relations": [{"type": "memberOf", "targetRef": "group:default/lamps"}],
}


class Web(Network):
    """Metadata documents by URL; anything else is refused as the guarded client refuses private addresses."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        super().__init__()
        self.documents = dict(documents)

    async def request(self, method: str, url: str, **given: Any) -> httpx.Response:
        self.asked.append(url)
        assert given["max_bytes"] == 64 * 1024 and given.get("max_redirects", 0) == 0
        if url not in self.documents:
            raise NotAllowedError("a private address")
        document = self.documents[url]
        if isinstance(document, int):
            return httpx.Response(document)
        return httpx.Response(200, content=document if isinstance(document, bytes) else orjson.dumps(document))


def document(**changes: Any) -> dict[str, Any]:
    return {
        "client_id": CLAUDE,
        "client_name": "Claude",
        "redirect_uris": ["http://localhost/callback", "https://claude.ai/api/callback"],
        **changes,
    }


class House:
    def __init__(
        self, host: Host, client: httpx.AsyncClient, clock: SetClock, web: Web, catalog: EntitiesPlugin
    ) -> None:
        self.host, self.client, self.clock, self.web, self.catalog = host, client, clock, web, catalog

    async def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {await self.host.auth.issue_user_token(ZOE, [ZOE, 'group:default/lamps'])}"}

    async def authorize(self, **query: Any) -> httpx.Response:
        given = {
            "client_id": CLAUDE,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "a state",
            **query,
        }
        params = {name: value for name, value in given.items() if value is not None}
        return await self.client.get("/api/auth/v1/authorize", params=params)

    async def session(self, **query: Any) -> str:
        answer = await self.authorize(**query)
        assert answer.status_code == 302, answer.text
        place, _, session = answer.headers["location"].rpartition("/")
        assert place == f"{APP}/oauth2/authorize"
        return str(session)

    async def code(self, **query: Any) -> str:
        session = await self.session(**query)
        answer = await self.client.post(f"/api/auth/v1/sessions/{session}/approve", headers=await self.bearer())
        assert answer.status_code == 200, answer.text
        shown = parse_qs(urlsplit(str(answer.json()["redirectUrl"])).query)
        assert shown["state"] == ["a state"]
        return shown["code"][0]

    async def token(self, *, form: bool = False, auth: tuple[str, str] | None = None, **body: Any) -> httpx.Response:
        sent: dict[str, Any] = {"data": body} if form else {"json": body}
        if auth is not None:
            sent["auth"] = auth
        return await self.client.post("/api/auth/v1/token", **sent)

    async def redeem(self, code: str, **body: Any) -> httpx.Response:
        given = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return await self.token(**{**given, **body})

    async def refresh(self, token: str, **body: Any) -> httpx.Response:
        return await self.token(grant_type="refresh_token", refresh_token=token, **body)


ON_BOTH = pytest.mark.parametrize("database_engine", ["sqlite", "postgresql"], indirect=True)
"""For tests of what a database does: statements, and who comes first."""


@pytest.fixture
def database_engine(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def switches() -> dict[str, Any]:
    return {**CIMD, **DCR, **REFRESH}


@pytest.fixture
async def house(database: AnyDatabase, tmp_path: Path, switches: dict[str, Any]) -> AsyncIterator[House]:
    clock, web, catalog = SetClock(), Web({CLAUDE: document()}), EntitiesPlugin(USER)
    config = {"app": {"baseUrl": APP}, "auth": switches}
    plugins: list[Plugin] = [AuthPlugin(), catalog]
    async with opened(database, config, plugins, folder=tmp_path, clock=clock, outgoing=web) as (host, client):
        yield House(host, client, clock, web, catalog)


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    return answer.status_code, answer.json()["error"], answer.json()["error_description"]


# ------------------------------------------------------------------------------- the way of a good client


@ON_BOTH
async def test_a_client_is_let_in_by_a_user_and_renews_what_it_was_given(house: House) -> None:
    session = await house.session(scope="openid offline_access")
    shown = await house.client.get(f"/api/auth/v1/sessions/{session}")
    assert shown.json() == {
        "id": session,
        "clientId": CLAUDE,
        "clientName": "Claude",
        "scope": "openid offline_access",
        "redirectUri": CALLBACK,
    }
    approved = await house.client.post(f"/api/auth/v1/sessions/{session}/approve", headers=await house.bearer())
    url = urlsplit(approved.json()["redirectUrl"])
    code = parse_qs(url.query)["code"][0]
    assert (f"{url.scheme}://{url.netloc}{url.path}", len(code)) == (CALLBACK, 43)

    answer = await house.redeem(code, form=True, client_id=CLAUDE)
    tokens = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert {name: tokens[name] for name in ("token_type", "expires_in", "scope")} == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "openid offline_access",
    }
    assert tokens["id_token"] == tokens["access_token"]
    caller = await house.host.auth.authenticate(tokens["access_token"])
    assert (caller.subject, caller.ownership) == (ZOE, (ZOE, "group:default/lamps"))
    head, _, tail = tokens["refresh_token"].partition(".")
    assert (len(head), len(tail)) == (36, 43)

    renewed = (await house.refresh(tokens["refresh_token"])).json()
    assert sorted(renewed) == ["access_token", "expires_in", "refresh_token", "token_type"]
    assert jwt.decode(renewed["access_token"], options={"verify_signature": False})["sub"] == ZOE
    assert error_of(await house.refresh(tokens["refresh_token"])) == (400, "invalid_grant", "Invalid refresh token")

    revoked = await house.client.post(
        "/api/auth/v1/revoke", data={"token": renewed["refresh_token"], "client_id": CLAUDE}
    )
    assert (revoked.status_code, revoked.content) == (200, b"")
    assert error_of(await house.refresh(renewed["refresh_token"]))[1] == "invalid_grant"


@ON_BOTH
async def test_a_client_may_register_and_shows_its_secret(house: House) -> None:
    registered = await house.client.post(
        "/api/auth/v1/register", json={"client_name": "Cursor", "redirect_uris": [CALLBACK, "cursor://anything/x"]}
    )
    made = registered.json()
    assert (registered.status_code, sorted(made)) == (201, ["client_id", "client_secret", "redirect_uris"])
    pair = made["client_id"], made["client_secret"]
    without = await house.code(client_id=pair[0], code_challenge=None, code_challenge_method=None)
    refused = await house.redeem(without, code_verifier=None)
    assert error_of(refused) == (400, "invalid_grant", "Client authentication or PKCE is required")
    code = await house.code(
        client_id=pair[0], code_challenge=None, code_challenge_method=None, scope="openid offline_access"
    )
    answer = await house.redeem(code, auth=pair, code_verifier=None)
    assert answer.status_code == 200, answer.text
    refresh_token = answer.json()["refresh_token"]
    wrong = await house.refresh(refresh_token, client_id=pair[0], client_secret="wrong")
    assert error_of(wrong)[:2] == (400, "invalid_grant")
    for shown, status in (
        ({}, 401),
        ({"client_id": pair[0]}, 401),
        ({"client_id": pair[0], "client_secret": pair[1]}, 200),
    ):
        revoked = await house.client.post("/api/auth/v1/revoke", json={"token": refresh_token, **shown})
        assert revoked.status_code == status, shown


async def test_a_user_may_say_no(house: House) -> None:
    session = await house.session()
    answer = await house.client.post(f"/api/auth/v1/sessions/{session}/reject", headers=await house.bearer())
    given = parse_qs(urlsplit(answer.json()["redirectUrl"]).query)
    assert given == {
        "error": ["access_denied"],
        "error_description": ["User denied the request"],
        "state": ["a state"],
    }
    again = await house.client.post(f"/api/auth/v1/sessions/{session}/approve", headers=await house.bearer())
    assert error_of(again) == (400, "invalid_request", "Authorization session not found or expired")


# ------------------------------------------------------------------------------------------ who is refused


NOT_THE_CLIENTS: list[tuple[dict[str, Any], str]] = [
    ({"response_type": "token"}, "Only authorization code flow is supported"),
    ({"client_id": "nobody"}, "Invalid client_id"),
    ({"client_id": "https://evil.example/client.json"}, "Invalid client_id 'https://evil.example/client.json'"),
    ({"client_id": "https://claude.ai.evil.example/x"}, "Invalid client_id 'https://claude.ai.evil.example/x'"),
    ({"client_id": "https://evil.example/https://claude.ai/x"}, "Invalid client_id"),
    ({"client_id": "https://claude.ai/../x"}, "Invalid client_id"),
    ({"client_id": "https://claude.ai/%2e%2e/x"}, "Invalid client_id"),
    ({"client_id": "https://claude.ai@evil.example/x"}, "Invalid client_id"),
    ({"client_id": "https://claude.ai/other.json"}, "Failed to fetch client metadata"),
    ({"redirect_uri": "http://localhost:1/other"}, "not registered in client metadata"),
    ({"redirect_uri": "https://claude.ai/api/callback"}, "Invalid redirect_uri 'https://claude.ai/api/callback'"),
    ({"redirect_uri": "http://localhost@evil.example/callback"}, "Invalid redirect_uri"),
    ({"redirect_uri": "http://localhost.evil.example/callback"}, "Invalid redirect_uri"),
    ({"redirect_uri": "javascript:alert(1)"}, "Invalid redirect_uri"),
    ({"code_challenge": None}, "PKCE is required for public clients."),
    ({"code_challenge_method": "none"}, "Invalid code_challenge_method"),
]


async def test_nobody_is_sent_to_an_address_that_is_not_the_clients(house: House) -> None:
    for query, message in NOT_THE_CLIENTS:
        answer = await house.authorize(**query)
        assert answer.status_code == 400 and "location" not in answer.headers, query
        assert message in answer.json()["error"]["message"], query


async def test_a_malformed_question_is_told_in_oauths_words(house: House) -> None:
    assert error_of(await house.authorize(redirect_uri=None))[:2] == (400, "invalid_request")
    assert error_of(await house.token(grant_type="password"))[:2] == (400, "unsupported_grant_type")
    assert error_of(await house.token())[:2] == (400, "invalid_request")
    assert error_of(await house.redeem("x", redirect_uri=""))[:2] == (400, "invalid_request")
    assert error_of(await house.refresh(""))[:2] == (400, "invalid_request")
    odd = await house.client.post("/api/auth/v1/token", content=b"[1", headers={"content-type": "application/json"})
    assert error_of(odd)[:2] == (400, "invalid_request")
    nothing = await house.client.post("/api/auth/v1/register", json={"redirect_uris": []})
    assert error_of(nothing)[:2] == (400, "invalid_request")
    foreign = await house.client.post("/api/auth/v1/register", json={"redirect_uris": ["https://evil.example/x"]})
    assert error_of(foreign)[:2] == (400, "invalid_request")


WRONG_DOCUMENTS: list[tuple[dict[str, Any], str]] = [
    ({"client_id": "https://claude.ai/else"}, "Client ID mismatch in metadata document"),
    ({"redirect_uris": []}, "Metadata must include at least one redirect_uri"),
    ({"client_secret": "x"}, "Client metadata must not contain client_secret"),
    ({"token_endpoint_auth_method": "client_secret_basic"}, "Client metadata uses forbidden auth method"),
]


async def test_a_metadata_document_has_to_be_right(house: House) -> None:
    for changes, message in WRONG_DOCUMENTS:
        house.web.documents[CLAUDE] = document(**changes)
        assert (await house.authorize()).json()["error"]["message"] == message
    for content in (404, 302, b"<html>"):
        house.web.documents[CLAUDE] = content
        assert (await house.authorize()).status_code == 400


async def test_a_code_works_once_and_for_nobody_else(house: House) -> None:
    code = await house.code()
    assert error_of(await house.redeem(code, code_verifier="w" * 43)) == (
        400,
        "invalid_grant",
        "Invalid code verifier",
    )
    assert error_of(await house.redeem(code))[2] == "Authorization code already used"
    for body, message in (
        ({"redirect_uri": "http://localhost:41235/callback"}, "Redirect URI mismatch"),
        ({"code_verifier": None}, "Code verifier required for PKCE"),
        ({"client_id": "somebody-else"}, "Authorization code was not issued to this client"),
    ):
        assert error_of(await house.redeem(await house.code(), **body))[2] == message
    assert error_of(await house.redeem("never"))[2] == "Invalid authorization code"
    late = await house.code()
    house.clock.move(minutes=11)
    assert error_of(await house.redeem(late))[2] == "Authorization code expired"


@ON_BOTH
async def test_of_many_who_redeem_one_code_at_once_one_succeeds(house: House) -> None:
    code = await house.code()
    answers = await asyncio.gather(*(house.redeem(code) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]


@ON_BOTH
async def test_of_many_who_renew_one_token_at_once_one_succeeds(house: House) -> None:
    token = (await house.redeem(await house.code(scope="offline_access"))).json()["refresh_token"]
    answers = await asyncio.gather(*(house.refresh(token) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]


async def test_only_a_user_of_their_own_accord_consents(house: House) -> None:
    session = await house.session()
    token = await house.host.auth.issue_user_token(ZOE, [ZOE])
    for_zoe = await house.host.auth.issue_service_token("search", "auth", user_token=token)
    service = await house.host.auth.issue_service_token("search", "auth")
    for step in ("approve", "reject"):
        path = f"/api/auth/v1/sessions/{session}/{step}"
        for headers in ({}, *({"authorization": f"Bearer {one}"} for one in (service, for_zoe))):
            assert error_of(await house.client.post(path, headers=headers))[:2] == (403, "access_denied")
        forged = await house.client.post(path, headers={"authorization": "Bearer nope"})
        assert forged.status_code == 401
    house.clock.move(minutes=61)
    expired = await house.client.get(f"/api/auth/v1/sessions/{session}")
    assert error_of(expired) == (400, "invalid_request", "Authorization session expired")


async def test_a_refresh_token_ends_with_its_user_and_with_time(house: House) -> None:
    async def token() -> str:
        return str((await house.redeem(await house.code(scope="offline_access"))).json()["refresh_token"])

    idle = await token()
    house.clock.move(days=29)
    renewed = (await house.refresh(idle)).json()["refresh_token"]
    house.clock.move(days=31)
    assert error_of(await house.refresh(renewed))[2] == "Invalid refresh token"
    orphan = await token()
    house.catalog.documents.clear()
    assert error_of(await house.refresh(orphan))[2] == "User entity no longer exists in the catalog"
    house.catalog.documents[ZOE] = orjson.dumps({"apiVersion": "a/v1", **USER})
    assert error_of(await house.refresh(orphan))[2] == "Invalid refresh token"
    for nonsense in ("x", "x.y", f"{'0' * 8}-0000-0000-0000-{'0' * 12}.x", "a.b.c"):
        assert error_of(await house.refresh(nonsense))[1] == "invalid_grant"


@ON_BOTH
@pytest.mark.parametrize("switches", [{**CIMD, "experimentalRefreshToken": {"enabled": True, "maxTokensPerUser": 2}}])
async def test_a_user_has_so_many_refresh_tokens_and_the_newest_stay(house: House, switches: Any) -> None:
    tokens = []
    for _ in range(3):
        tokens.append((await house.redeem(await house.code(scope="offline_access"))).json()["refresh_token"])
        house.clock.move(seconds=1)
    assert [(await house.refresh(token)).status_code for token in tokens] == [400, 200, 200]


@ON_BOTH
async def test_what_has_ended_is_forgotten(house: House, database: AnyDatabase) -> None:
    await house.redeem(await house.code(scope="offline_access"))
    house.clock.move(days=400)
    (task,) = (entry.task for entry in house.host.scheduler._entries.values() if entry.task.id == "tidy-oauth-sessions")
    await task.run()
    for table in ("auth_oauth_session", "auth_refresh_token"):
        assert await database.read(f"SELECT count(*) FROM {table}") == [(0,)]


# --------------------------------------------------------------------------------------------- switches


@pytest.mark.parametrize("switches", [{}])
async def test_switched_off_there_is_no_such_server(house: House, switches: Any) -> None:
    for method, path in (("GET", "authorize"), ("POST", "token"), ("POST", "revoke"), ("POST", "register")):
        answer = await house.client.request(method, f"/api/auth/v1/{path}")
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, "Unknown auth provider 'v1'")
    cli = await house.client.get("/api/auth/.well-known/oauth-client/cli.json")
    assert error_of(cli) == (404, "not_found", "Client ID metadata documents not enabled")
    assert (await house.client.get("/.well-known/oauth-authorization-server")).status_code == 404


async def test_switched_on_it_says_what_it_can(house: House) -> None:
    metadata = (await house.client.get("/api/auth/.well-known/openid-configuration")).json()
    assert metadata["scopes_supported"] == ["openid", "offline_access"]
    assert metadata["token_endpoint_auth_methods_supported"] == ["client_secret_basic", "client_secret_post", "none"]
    assert metadata["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert metadata["registration_endpoint"] == f"{BASE_URL}/api/auth/v1/register"
    assert metadata["revocation_endpoint"] == f"{BASE_URL}/api/auth/v1/revoke"
    assert metadata["client_id_metadata_document_supported"] is True
    for path in ("", "/api/auth"):
        found = await house.client.get(f"/.well-known/oauth-authorization-server{path}")
        assert found.json() == metadata
    for path in ("", "/tools"):
        resource = await house.client.get(f"/.well-known/oauth-protected-resource/api/mcp-actions/v1{path}")
        assert resource.json() == {
            "resource": f"{BASE_URL}/api/mcp-actions/v1{path}",
            "authorization_servers": [f"{BASE_URL}/api/auth"],
            "scopes_supported": ["openid", "offline_access"],
        }


async def test_the_command_line_is_a_client_of_its_own(house: House) -> None:
    document = (await house.client.get("/api/auth/.well-known/oauth-client/cli.json")).json()
    assert document["client_id"] == f"{BASE_URL}/api/auth/.well-known/oauth-client/cli.json"
    code = await house.code(client_id=document["client_id"], redirect_uri=document["redirect_uris"][0])
    answer = await house.redeem(code, redirect_uri=document["redirect_uris"][0])
    assert answer.status_code == 200 and house.web.asked == []


# ------------------------------------------------------------------------------------------------ patterns


@pytest.mark.parametrize(
    ("pattern", "url", "matches"),
    [
        ("https://claude.ai/*", "https://claude.ai/a/b", True),
        ("https://claude.ai/*", "https://claude.ai:8443/a", False),
        ("https://claude.ai/*", "http://claude.ai/a", False),
        ("https://*.example.com/cb", "https://a.example.com/cb", True),
        ("https://*.example.com/cb", "https://a.example.com.evil/cb", False),
        ("https://*.example.com/cb", "https://evil/.example.com/cb", False),
        ("https://*.example.com/cb", "https://evil?.example.com/cb", False),
        ("http://localhost:*/*", "http://localhost:3000/x", True),
        ("http://localhost/*", "http://localhost:3000/x", False),
        ("http://[::1]:*/*", "http://[::1]:5/x", True),
        ("cursor://*", "cursor://anysphere.cursor/callback", True),
        ("cursor://*", "https://cursor/", False),
    ],
)
def test_patterns_are_compared_part_by_part(pattern: str, url: str, matches: bool) -> None:
    assert urls.UrlPattern.parse(pattern).matches(urls.parsed(url)) is matches


parts = st.text("abcxyz.-:@/?#%\\*", max_size=12)


@given(parts, parts, parts)
def test_no_text_around_a_trusted_host_makes_another_host_trusted(before: str, between: str, after: str) -> None:
    """CVE-2026-32235, CVE-2026-73563: whatever is let in is really at the trusted host."""
    for text in (f"https://{before}claude.ai{after}", f"https://{before}{between}claude.ai/{after}"):
        try:
            url = urls.parsed(text)
        except ValueError:
            continue
        if urls.matches_any(url, ["https://claude.ai/*"]):
            assert (url.scheme, url.hostname, url.port) == ("https", "claude.ai", None)
            assert httpx.URL(text).host == "claude.ai"


@pytest.mark.parametrize("pattern", ["*", "claude.ai/*", "//x", "https:/x"])
def test_a_pattern_says_its_protocol(pattern: str) -> None:
    with pytest.raises(InputError, match="an explicit protocol is required"):
        urls.UrlPattern.parse(pattern)


@given(st.text(max_size=300))
def test_a_clients_name_is_shown_as_one_short_readable_line(name: str) -> None:
    shown = _shown(name, "its-id")
    assert 0 < len(shown) <= MAX_NAME and shown.isprintable() and shown == shown.strip()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Claude", "Claude"),
        (" Call\u202eboard\u0000\n\n by \u200bMe ", "Callboard by Me"),
        ("\u2066\u2069", "its-id"),
        (None, "its-id"),
        (["x"], "its-id"),
        ("x" * 500, "x" * (MAX_NAME - 1) + "…"),
    ],
)
def test_what_would_mislead_is_left_out_of_a_clients_name(name: object, shown: str) -> None:
    assert _shown(name, "its-id") == shown
