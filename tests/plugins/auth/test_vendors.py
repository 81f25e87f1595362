"""Vendors and proxies other than those of test_sign_in. Source: spec/ui-backends.md §3.6.

Google and Microsoft are emulated; of the others there is nothing to run, so their answers stand here as they document
them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.config.nodes import ConfigError
from app.database.sqlite import SqliteDatabase
from app.errors import InputError
from app.host import Host
from app.interfaces import Plugin, PluginHost, SignedIn, SignInContext, SignInExtensions, SignInInfo, SignInResolver
from app.reading.outgoing import GuardedClient
from plugins.auth import building
from plugins.auth.oauth.endpoint import Endpoints
from plugins.auth.plugin import AuthPlugin
from plugins.auth.vendors.others import google, microsoft
from tests.app.auth.world import BASE_URL, NOW, Issuer, Network, config_of
from tests.conftest import AnyDatabase
from tests.plugins.auth.identity_providers import Browser, identity_providers, outcome_of
from tests.plugins.house import EntitiesPlugin, opened

APP = "http://localhost:3000"
XHR = {"x-requested-with": "XMLHttpRequest"}
CLIENT = {"clientId": "callboard", "clientSecret": "secret-of-callboard"}
ZOE = "user:default/zoe"
USER = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "User",
    "metadata": {
        "name": "zoe",
        "annotations": {
            "google.com/email": "zoe@theatre.example",
            "google.com/user-id": "117",
            "microsoft.com/email": "zoe@theatre.example",
            "graph.microsoft.com/user-id": "an-oid",
            "gitlab.com/user-id": "17",
            "bitbucket.org/user-id": "{a-uuid}",
            "github.com/user-id": "MDQ6VXNlcjE=",
        },
    },
    "spec": {"profile": {"email": "zoe@theatre.example"}},
}


@asynccontextmanager
async def house(
    database: AnyDatabase, folder: Path, providers: Mapping[str, Any], *more: Plugin, **options: Any
) -> AsyncIterator[tuple[Host, httpx.AsyncClient]]:
    config = {"app": {"baseUrl": APP}, "auth": {"providers": providers}}
    async with opened(
        database, config, [AuthPlugin(), EntitiesPlugin(USER), *more], folder=folder, **options
    ) as opened_house:
        yield opened_house


def oauth(resolver: str | None, **settings: Any) -> dict[str, Any]:
    sign_in = {"signIn": {"resolvers": [{"resolver": resolver}]}} if resolver else {}
    return {"development": {**CLIENT, **sign_in, **settings}}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[AnyDatabase]:
    """What differs between vendors is nothing that a database sees; test_sign_in goes through both."""
    opened_database = SqliteDatabase(tmp_path / "callboard.sqlite")
    await opened_database.start()
    yield opened_database
    await opened_database.close()


# ---------------------------------------------------------------------------- Google and Microsoft, emulated


@pytest.fixture(scope="module")
def peers() -> Iterator[Mapping[str, str]]:
    with identity_providers(BASE_URL) as running:
        yield running


def emulated(name: str, url: str) -> Callable[[PluginHost, Any, str], Any]:
    """The vendor as it is, at other addresses."""

    def make(host: PluginHost, settings: Any, callback_url: str) -> Any:
        host.outgoing.trust(url)
        endpoints = Endpoints(host.outgoing, settings.client_id, settings.client_secret.get_secret_value())
        if name == "google":
            found: Any = google(settings, endpoints, callback_url)
            places = ("/o/oauth2/v2/auth", "/oauth2/token", "/oauth2/v2/userinfo")
            found.revoke_url = f"{url}/oauth2/revoke"
        else:
            found = microsoft(settings, endpoints, callback_url)
            places = ("/oauth2/v2.0/authorize", "/oauth2/v2.0/token", "/v1.0/me")
        authorize, token, profile = (f"{url}{place}" for place in places)
        found.vendor = replace(found.vendor, authorize_url=authorize, token_url=token, profile_url=profile)
        return found

    return make


@pytest.mark.parametrize("name", ["google", "microsoft"])
async def test_google_and_microsoft_sign_in_and_refresh(
    database: AnyDatabase, tmp_path: Path, peers: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    kind = replace(building.OAUTH[name], make=emulated(name, peers[name]))
    monkeypatch.setitem(building.OAUTH, name, kind)
    settings = {"tenantId": "a-tenant"} if name == "microsoft" else {}
    providers = {name: oauth("emailMatchingUserEntityAnnotation", **settings)}
    outgoing, browser = GuardedClient(), Browser(BASE_URL)
    async with house(database, tmp_path, providers, outgoing=outgoing) as (_, client):
        started = await client.get(f"/api/auth/{name}/start", params={"env": "development", "origin": APP})
        page = browser.get(started.headers["location"])
        back = browser.submit(page, "zoe@theatre.example")
        popup = await client.get(back.headers["location"].removeprefix(BASE_URL))
        _, message = outcome_of(popup)
        assert "error" not in message, message
        assert message["response"]["backstageIdentity"]["identity"]["userEntityRef"] == ZOE
        assert message["response"]["profile"]["email"] == "zoe@theatre.example"
        fresh = await client.get(f"/api/auth/{name}/refresh", params={"env": "development"}, headers=XHR)
        assert fresh.status_code == 200, fresh.text
        left = await client.post(f"/api/auth/{name}/logout", params={"env": "development"}, headers=XHR)
        assert left.status_code == 200, left.text
    browser.close()
    await outgoing.close()


# ------------------------------------------------------------------------------- vendors, as they document themselves


class Vendors(Network):
    """Answers by URL, and remembers what was asked. What is not listed is answered with 404."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        super().__init__()
        self.answers, self.forms = dict(answers), list[dict[str, str]]()

    async def request(self, method: str, url: str, **given: Any) -> httpx.Response:
        self.asked.append(f"{method} {url}")
        if given.get("content"):
            self.forms.append(dict(parse_qsl(given["content"].decode())))
        answer = self.answers.get(url)
        if isinstance(answer, int) or answer is None:
            return httpx.Response(answer or 404, content=b'{"error":"no"}')
        return httpx.Response(200, content=answer if isinstance(answer, bytes) else orjson.dumps(answer))


TOKENS = {"access_token": "at", "refresh_token": "rt", "expires_in": 3600, "scope": "s", "token_type": "bearer"}
GITLAB_USER = {
    "id": 17,
    "username": "zoe",
    "name": "Zoë",
    "email": "zoe@theatre.example",
    "confirmed_at": "2020-01-01T00:00:00Z",
    "web_url": "https://gitlab.com/zoe",
}
CASES: list[tuple[str, dict[str, Any], str, dict[str, Any], dict[str, str]]] = [
    (
        "gitlab",
        {},
        "userIdMatchingUserEntityAnnotation",
        {"https://gitlab.com/oauth/token": TOKENS, "https://gitlab.com/api/v4/user": GITLAB_USER},
        {"scope": "read_user", "prompt": "consent"},
    ),
    (
        "gitlab",
        {"audience": "https://git.theatre.example"},
        "usernameMatchingUserEntityName",
        {
            "https://git.theatre.example/oauth/token": TOKENS,
            "https://git.theatre.example/api/v4/user": GITLAB_USER,
        },
        {"scope": "read_user"},
    ),
    (
        "auth0",
        {"domain": "x.auth0.example", "audience": "api", "connection": "c", "prompt": "auto", "organization": "o"},
        "emailMatchingUserEntityProfileEmail",
        {
            "https://x.auth0.example/oauth/token": TOKENS,
            "https://x.auth0.example/userinfo": {"sub": "1", "email": "zoe@theatre.example", "email_verified": True},
        },
        {"audience": "api", "connection": "c", "organization": "o"},
    ),
    (
        "bitbucket",
        {},
        "userIdMatchingUserEntityAnnotation",
        {
            "https://bitbucket.org/site/oauth2/access_token": TOKENS,
            "https://api.bitbucket.org/2.0/user": {"uuid": "{a-uuid}", "display_name": "Zoë"},
            "https://api.bitbucket.org/2.0/user/emails": {"values": []},
        },
        {"scope": "account"},
    ),
    (
        "oauth2",
        {
            "authorizationUrl": "https://i.example/a?b=c",
            "tokenUrl": "https://i.example/t",
            "additionalScopes": "openid",
        },
        "emailLocalPartMatchingUserEntityName",
        {"https://i.example/t": {**TOKENS, "id_token": jwt.encode({"email": "zoe@theatre.example"}, "k" * 32)}},
        {"b": "c", "scope": "openid"},
    ),
    (
        "okta",
        {"audience": "https://x.okta.example", "authServerId": "default", "idp": "i"},
        "emailMatchingUserEntityProfileEmail",
        {
            "https://x.okta.example/oauth2/default/v1/token": TOKENS,
            "https://x.okta.example/oauth2/default/v1/userinfo": {"sub": "1", "email": "zoe@theatre.example"},
        },
        {"idp": "i", "scope": "openid email profile offline_access"},
    ),
    (
        "microsoft",
        {"tenantId": "t", "skipUserProfile": True, "domainHint": "theatre.example"},
        "userIdMatchingUserEntityAnnotation",
        {
            "https://login.microsoftonline.com/t/oauth2/v2.0/token": {
                **TOKENS,
                "id_token": jwt.encode({"oid": "an-oid"}, "k" * 32),
            }
        },
        {"domain_hint": "theatre.example", "scope": "email openid offline_access user.read"},
    ),
    (
        "github",
        {},
        "userIdMatchingUserEntityAnnotation",
        {
            "https://github.com/login/oauth/access_token": TOKENS,
            "https://api.github.com/user": {"id": 1, "node_id": "MDQ6VXNlcjE=", "login": "zoe"},
        },
        {"scope": "read:user"},
    ),
]


@pytest.mark.parametrize(("provider", "settings", "resolver", "answers", "asked"), CASES)
async def test_a_vendor_signs_in_as_it_documents(
    database: AnyDatabase,
    tmp_path: Path,
    provider: str,
    settings: dict[str, Any],
    resolver: str,
    answers: dict[str, Any],
    asked: dict[str, str],
) -> None:
    vendors = Vendors(answers)
    async with house(database, tmp_path, {provider: oauth(resolver, **settings)}, outgoing=vendors) as (_, client):
        started = await client.get(f"/api/auth/{provider}/start", params={"env": "development", "origin": APP})
        query = {name: values[0] for name, values in parse_qs(urlsplit(started.headers["location"]).query).items()}
        assert query["redirect_uri"] == f"{BASE_URL}/api/auth/{provider}/handler/frame"
        assert (query["client_id"], query["response_type"]) == ("callboard", "code")
        assert asked.items() <= query.items()
        frame = f"/api/auth/{provider}/handler/frame"
        popup = await client.get(frame, params={"state": query["state"], "code": "a-code"})
        _, message = outcome_of(popup)
        assert "error" not in message, message
        assert message["response"]["backstageIdentity"]["identity"]["userEntityRef"] == ZOE
        assert vendors.forms[-1]["code"] == "a-code"
        assert "secret-of-callboard" not in popup.text
        fresh = await client.post(f"/api/auth/{provider}/refresh", params={"env": "development"}, headers=XHR)
        assert fresh.status_code == 200, fresh.text
        assert vendors.forms[-1]["refresh_token"] == "rt"


async def test_an_answer_by_form_is_understood_too(database: AnyDatabase, tmp_path: Path) -> None:
    provider, _, resolver, answers, _ = CASES[0]
    async with house(database, tmp_path, {provider: oauth(resolver)}, outgoing=Vendors(answers)) as (_, client):
        started = await client.get("/api/auth/gitlab/start", params={"env": "development"})
        state = parse_qs(urlsplit(started.headers["location"]).query)["state"][0]
        popup = await client.post("/api/auth/gitlab/handler/frame", data={"state": state, "code": "x"})
        assert "error" not in outcome_of(popup)[1]


@pytest.mark.parametrize(
    ("token_answer", "message"),
    [
        ({"error": "bad_verification_code", "error_description": "expired"}, "bad_verification_code: expired"),
        (500, "'github.com' answered no"),
        (b"<html>", "'github.com' did not answer with JSON"),
        ({}, "no access token received"),
    ],
)
async def test_what_goes_wrong_at_the_vendor_is_told_and_nothing_is_kept(
    database: AnyDatabase, tmp_path: Path, token_answer: Any, message: str
) -> None:
    vendors = Vendors({"https://github.com/login/oauth/access_token": token_answer})
    async with house(database, tmp_path, {"github": oauth(None)}, outgoing=vendors) as (_, client):
        started = await client.get("/api/auth/github/start", params={"env": "development"})
        state = parse_qs(urlsplit(started.headers["location"]).query)["state"][0]
        popup = await client.get("/api/auth/github/handler/frame", params={"state": state, "code": "x"})
    assert outcome_of(popup)[1]["error"] == {"name": "Error", "message": f"Authentication failed, {message}"}
    assert "set-cookie" not in popup.headers


async def test_a_github_token_that_was_withdrawn_refreshes_nothing(database: AnyDatabase, tmp_path: Path) -> None:
    vendors = Vendors({"https://api.github.com/user": 401})
    cookies = "github-refresh-token=access-token-v2.gone; github-granted-scope=read%3Auser"
    async with house(database, tmp_path, {"github": oauth(None)}, outgoing=vendors) as (_, client):
        answer = await client.get("/api/auth/github/refresh?env=development", headers={**XHR, "cookie": cookies})
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        401,
        "Refresh failed; caused by Error: Invalid access token",
    )


# ----------------------------------------------------------------------------------------------- proxies


def proxied(resolver: str, **settings: Any) -> dict[str, Any]:
    return {**settings, "signIn": {"resolvers": [{"resolver": resolver}]}}


async def refreshed(
    database: AnyDatabase, folder: Path, provider: str, settings: Any, headers: dict[str, str], network: Network
) -> tuple[int, Any]:
    async with house(database, folder, {provider: settings}, outgoing=network) as (_, client):
        assert (await client.get(f"/api/auth/{provider}/start")).status_code == 501
        answer = await client.get(f"/api/auth/{provider}/refresh", headers=headers)
        return answer.status_code, answer.json()


SOON = int(NOW.timestamp()) + 600
IAP = {"iss": "https://cloud.google.com/iap", "aud": "/projects/1", "exp": SOON, "sub": "accounts.google.com:117"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"aud": "/projects/2"}, 401),
        ({"iss": "https://evil.example"}, 401),
        ({"exp": 1}, 401),
        ({"email": ""}, 401),
    ],
)
@pytest.mark.parametrize("resolver", ["emailMatchingUserEntityAnnotation", "idMatchingUserEntityAnnotation"])
async def test_googles_iap_is_believed_by_its_signature(
    database: AnyDatabase, tmp_path: Path, change: dict[str, Any], status: int, resolver: str
) -> None:
    google_keys = Issuer()
    token = google_keys.token({**IAP, "email": "zoe@theatre.example", **change})
    settings = proxied(resolver, audience="/projects/1")
    headers = {"x-goog-iap-jwt-assertion": token}
    got = await refreshed(database, tmp_path, "gcpIap", settings, headers, Network(google_keys.key_set))
    assert got[0] == status, got
    if status == 200:
        assert got[1]["backstageIdentity"]["identity"]["userEntityRef"] == ZOE
        assert got[1]["profile"] == {"email": "zoe@theatre.example"}


@pytest.mark.parametrize(
    ("claims", "header", "status"),
    [
        ({}, {}, 200),
        ({}, {"signer": "arn:else"}, 401),
        ({"iss": "https://evil.example"}, {}, 401),
        ({"exp": 1}, {}, 401),
        ({}, {"kid": "../../etc"}, 401),
    ],
)
async def test_a_load_balancer_is_believed_by_its_signature(
    database: AnyDatabase, tmp_path: Path, claims: dict[str, Any], header: dict[str, Any], status: int
) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    said = {"iss": "https://i.example", "exp": SOON, "email": "zoe@theatre.example", "name": "Zoë", **claims}
    token = jwt.encode(said, private, "ES256", {"kid": "a-key", "signer": "arn:ours", **header})
    settings = proxied(
        "emailMatchingUserEntityProfileEmail", issuer="https://i.example", signer="arn:ours", region="eu-west-1"
    )
    network = Network(lambda: pem)
    headers = {"x-amzn-oidc-data": token, "x-amzn-oidc-accesstoken": "at"}
    got = await refreshed(database, tmp_path, "awsalb", settings, headers, network)
    assert got[0] == status, got
    if status == 200:
        assert network.asked == ["https://public-keys.auth.elb.eu-west-1.amazonaws.com/a-key"]
        assert got[1]["profile"] == {"email": "zoe@theatre.example", "displayName": "Zoë"}


async def test_cloudflare_lets_people_and_known_services_in(database: AnyDatabase, tmp_path: Path) -> None:
    keys = Issuer()
    base = "https://team.cloudflareaccess.com"
    settings = proxied(
        "emailMatchingUserEntityProfileEmail",
        teamName="team",
        audience="aud",
        serviceTokens=[{"token": "bot.access", "subject": "zoe@theatre.example"}],
    )
    claims = {"iss": base, "aud": ["aud"], "exp": SOON, "iat": SOON - 600}
    identity = {"email": "zoe@theatre.example", "name": "Zoë"}
    for said, status in (
        ({"sub": "1"}, 200),
        ({"common_name": "bot.access"}, 200),
        ({"common_name": "other.access"}, 401),
        ({}, 401),
    ):
        vendors = Vendors(
            {f"{base}/cdn-cgi/access/certs": keys.key_set(), f"{base}/cdn-cgi/access/get-identity": identity}
        )
        headers = {"cookie": f"CF_Authorization={keys.token({**claims, **said})}"}
        got = await refreshed(database, tmp_path, "cfaccess", settings, headers, vendors)
        assert got[0] == status, got


@pytest.mark.parametrize(
    ("provider", "resolver", "headers", "status"),
    [
        ("oauth2Proxy", "forwardedUserMatchingUserEntityName", {"x-forwarded-user": "zoe"}, 200),
        (
            "oauth2Proxy",
            "forwardedPreferredUsernameMatchingUserEntityName",
            {"x-forwarded-preferred-username": "zoe"},
            200,
        ),
        ("oauth2Proxy", "emailMatchingUserEntityProfileEmail", {"x-forwarded-email": "zoe@theatre.example"}, 200),
        ("oauth2Proxy", "forwardedUserMatchingUserEntityName", {}, 500),
        (
            "azureEasyAuth",
            "idMatchingUserEntityAnnotation",
            {"x-ms-token-aad-id-token": jwt.encode({"ver": "2.0", "oid": "an-oid"}, "k" * 32)},
            200,
        ),
        ("azureEasyAuth", "idMatchingUserEntityAnnotation", {}, 401),
    ],
)
async def test_proxies_that_sign_nothing_are_taken_at_their_word(
    database: AnyDatabase, tmp_path: Path, provider: str, resolver: str, headers: dict[str, str], status: int
) -> None:
    got = await refreshed(database, tmp_path, provider, proxied(resolver), headers, Network())
    assert got[0] == status, got
    if status == 200:
        assert got[1]["backstageIdentity"]["identity"]["userEntityRef"] == ZOE


# -------------------------------------------------------------------------------- configuration and extensions


class ByTeamPlugin:
    """A third party's: everybody is Zoë, who owns what the ushers own."""

    id = "by-team"

    def register(self, host: PluginHost) -> None:
        def factory(options: Mapping[str, Any]) -> SignInResolver:
            async def resolve(info: SignInInfo, users: SignInContext) -> SignedIn:
                return await users.sign_in(await users.find_user(ref=options["name"]))

            return resolve

        async def ownership(user: Mapping[str, Any]) -> tuple[str, ...]:
            return (ZOE, "group:default/ushers")

        extensions = host.extension(SignInExtensions)
        extensions.add_resolver("oauth2Proxy", "everybodyIs", factory)
        extensions.resolve_ownership_by(ownership)


async def test_other_plugins_add_resolvers_and_say_who_owns_what(database: AnyDatabase, tmp_path: Path) -> None:
    settings = {"signIn": {"resolvers": [{"resolver": "everybodyIs", "name": "zoe"}]}}
    async with house(database, tmp_path, {"oauth2Proxy": settings}, ByTeamPlugin()) as (_, client):
        answer = await client.get("/api/auth/oauth2Proxy/refresh")
    assert answer.json()["backstageIdentity"]["identity"]["ownershipEntityRefs"] == [ZOE, "group:default/ushers"]


@pytest.mark.parametrize(
    ("resolvers", "ref"),
    [
        ([{"resolver": "emailMatchingUserEntityProfileEmail"}], None),
        (
            [{"resolver": "emailMatchingUserEntityProfileEmail", "dangerouslyAllowSignInWithoutUserInCatalog": True}],
            "user:default/new@theatre.example",
        ),
        (
            [
                {"resolver": "emailMatchingUserEntityProfileEmail"},
                {
                    "resolver": "emailLocalPartMatchingUserEntityName",
                    "dangerouslyAllowSignInWithoutUserInCatalog": True,
                },
            ],
            "user:default/new",
        ),
        ([{"resolver": "emailLocalPartMatchingUserEntityName", "allowedDomains": ["other.example"]}], None),
    ],
)
async def test_resolvers_are_tried_in_order(
    database: AnyDatabase, tmp_path: Path, resolvers: list[Any], ref: str | None
) -> None:
    settings = {"signIn": {"resolvers": resolvers}}
    async with house(database, tmp_path, {"oauth2Proxy": settings}) as (_, client):
        answer = await client.get("/api/auth/oauth2Proxy/refresh", headers={"x-forwarded-email": "new@theatre.example"})
    if ref is None:
        assert answer.status_code in (403, 500)
    else:
        assert answer.json()["backstageIdentity"]["identity"]["userEntityRef"] == ref


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"github": {"development": {"clientId": "x"}}}, "auth.providers.github.development.clientSecret"),
    ({"oidc": oauth(None, metadataUrl="https://i.example", scope="x")}, "additionalScopes"),
    ({"oidc": oauth(None, metadataUrl="https://i.example", tokenSignedResponseAlg="HS256")}, "asymmetric"),
    ({"github": oauth("nobodyHasThis")}, "Sign-in resolver 'nobodyHasThis' is not available"),
    (
        {"oauth2Proxy": {"signIn": {"resolvers": [{"resolver": "forwardedUserMatchingUserEntityName", "typo": 1}]}}},
        "Invalid sign-in resolver options, typo",
    ),
    ({"oauth2Proxy": {"signIn": {"resolvers": []}}}, "No sign-in resolver configured for proxy auth provider"),
]


@pytest.mark.parametrize(("providers", "words"), BROKEN)
async def test_a_provider_that_cannot_be_set_up_stops_the_start_but_in_development(
    database: AnyDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, providers: dict[str, Any], words: str
) -> None:
    monkeypatch.delenv("NODE_ENV", raising=False)
    with pytest.raises(ConfigError, match="Failed to initialize") as raised:
        async with house(database, tmp_path, providers):
            pass
    assert words in str(raised.value) and "secret-of-callboard" not in str(raised.value)
    monkeypatch.setenv("NODE_ENV", "development")
    (name,) = providers
    async with house(database, tmp_path, providers) as (_, client):
        answer = await client.get(f"/api/auth/{name}/start?env=development")
    assert answer.status_code == 404 and "is misconfigured" in answer.json()["error"]["message"]


def test_a_misspelt_setting_of_a_provider_is_warned_of(tmp_path: Path) -> None:
    config = config_of({"auth": {"providers": {"github": oauth(None, callbackURL="x"), "saml": {}}}})
    config.settings("auth.providers.github", building.OAUTH["github"].settings)
    unknown = [key for key, _ in config.unclaimed()]
    assert "auth.providers.github.development.callbackURL" in unknown
    assert "auth.providers.github.development.clientId" not in unknown


async def test_what_the_provider_says_may_be_remembered_for_policies(database: AnyDatabase, tmp_path: Path) -> None:
    resolvers = [{"resolver": "forwardedUserMatchingUserEntityName"}]
    settings = {"signIn": {"resolvers": resolvers, "rememberClaims": ["x-forwarded-groups", "nothing"]}}
    async with house(database, tmp_path, {"oauth2Proxy": settings}) as (host, client):
        headers = {"x-forwarded-user": "zoe", "x-forwarded-groups": "stage"}
        answer = await client.get("/api/auth/oauth2Proxy/refresh", headers=headers)
        token = answer.json()["backstageIdentity"]["token"]
        assert jwt.decode(token, options={"verify_signature": False})["x-forwarded-groups"] == "stage"
        assert await host.auth.user_info(ZOE) == {"sub": ZOE, "ent": [ZOE], "x-forwarded-groups": "stage"}
        with pytest.raises(InputError, match="'exp' claim of its own"):
            await host.auth.issue_user_token(ZOE, [ZOE], claims={"exp": 9_999_999_999})
