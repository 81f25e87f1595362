"""Signing in with real identity providers, through a server of its own process, on both databases."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.contract.running import Callboard, on_database
from tests.plugins.auth.identity_providers import Browser, identity_providers, outcome_of

APP = "http://localhost:3000"
XHR = {"x-requested-with": "XMLHttpRequest", "origin": APP}
CLIENT = {"clientId": "callboard", "clientSecret": "secret-of-callboard"}
SCRAPER = {"externalAccess": [{"type": "static", "options": {"token": "token-of-prometheus", "subject": "prometheus"}}]}
ORG = """
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: lamps }
spec: { type: team, children: [] }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: zoe, annotations: { google.com/email: Zoe@Theatre.example, okta.com/email: zoe@theatre.example } }
spec: { profile: { email: zoe@theatre.example }, memberOf: [lamps] }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: twin-one }
spec: { profile: { email: twin@theatre.example }, memberOf: [] }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: twin-two }
spec: { profile: { email: twin@theatre.example }, memberOf: [] }
"""


class Site:
    def __init__(self, server: Callboard, url: str, peers: Mapping[str, str]) -> None:
        self.server, self.url, self.peers = server, url, peers

    def start(self, browser: Browser, provider: str, **query: str) -> httpx.Response:
        given = {"env": "development", "origin": APP, "flow": "popup", **query}
        return browser.get(f"{self.url}/api/auth/{provider}/start", **given)

    def openid(self, browser: Browser, login: str, **query: str) -> httpx.Response:
        """All the way to the popup page, or to where the browser is redirected."""
        page = self.start(browser, "oidc", **query)
        if 'name="login"' in page.text:
            page = browser.submit(page, login=login, password="any")
        return browser.submit(page) if "/interaction/" in page.text else page

    def refresh(self, browser: Browser, provider: str, **query: str) -> httpx.Response:
        url = f"{self.url}/api/auth/{provider}/refresh"
        return browser.site(url).get(url, params={"env": "development", **query}, headers=XHR)


def configuration(url: str, peers: Mapping[str, str], folder: Path) -> dict[str, Any]:
    def signs_in(*names: str, **options: Any) -> dict[str, Any]:
        return {"resolvers": [{"resolver": name, **options} for name in names]}

    names = ("emailMatchingUserEntityProfileEmail",)
    return {
        "app": {"baseUrl": APP},
        "backend": {"baseUrl": url, "listen": f":{url.rpartition(chr(58))[2]}", "auth": SCRAPER},
        "catalog": {
            "locations": [{"type": "file", "target": str(folder / "org.yaml"), "rules": [{"allow": ["User", "Group"]}]}]
        },
        "auth": {
            "experimentalExtraAllowedOrigins": ["https://*.theatre.example"],
            "session": {"secret": "of no use here"},
            "providers": {
                "oidc": {
                    "development": {
                        **CLIENT,
                        "metadataUrl": f"{peers['openid']}/.well-known/openid-configuration",
                        "prompt": "auto",
                        "signIn": signs_in(*names),
                    }
                },
                "github": {
                    "development": {
                        **CLIENT,
                        "enterpriseInstanceUrl": peers["github"],
                        "signIn": signs_in("usernameMatchingUserEntityName"),
                    }
                },
                "okta": {
                    "development": {
                        **CLIENT,
                        "audience": peers["okta"],
                        "signIn": signs_in("emailMatchingUserEntityAnnotation"),
                    }
                },
            },
        },
    }


def wait_for_people(url: str) -> None:
    """Until the catalog has read them, and knows who is a member of what."""
    headers, until = {"authorization": "Bearer token-of-prometheus"}, time.monotonic() + 60
    users = f"{url}/api/catalog/entities/by-query?filter=kind=user"
    while time.monotonic() < until:
        found = httpx.get(users, headers=headers).json()
        if found.get("totalItems") == 3 and "group:default/lamps" in str(found):
            return
        time.sleep(0.05)
    raise AssertionError(f"the catalog has not read the users within a minute: {found}")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp(f"sign-in-{request.param}")
    (folder / "org.yaml").write_text(ORG)
    server = Callboard(folder, [folder / "app-config.yaml", *on_database(request.param, folder, request)])
    url = f"http://localhost:{server.port}"
    with identity_providers(url) as peers:
        (folder / "app-config.yaml").write_text(json.dumps(configuration(url, peers, folder)))
        try:
            server.start()
            wait_for_people(url)
            yield Site(server, url, peers)
        finally:
            server.stop()


@pytest.fixture
def browser(site: Site) -> Iterator[Browser]:
    opened = Browser(APP)
    yield opened
    opened.close()


def claims_of(session: Mapping[str, Any]) -> dict[str, Any]:
    token = session["backstageIdentity"]["token"]
    return jwt.decode(token, options={"verify_signature": False})


def signed_in(page: httpx.Response) -> dict[str, Any]:
    origin, message = outcome_of(page)
    assert origin == APP and message["type"] == "authorization_response"
    assert "error" not in message, message
    session: dict[str, Any] = message["response"]
    return session


def refused(page: httpx.Response) -> dict[str, str]:
    _, message = outcome_of(page)
    error: dict[str, str] = message["error"]
    return error


ZOE = {
    "type": "user",
    "userEntityRef": "user:default/zoe",
    "ownershipEntityRefs": ["user:default/zoe", "group:default/lamps"],
}


# ------------------------------------------------------------------------------------- OpenID Connect


def test_openid_connect_signs_in_refreshes_and_leaves(site: Site, browser: Browser) -> None:
    page = site.openid(browser, "zoe")
    session = signed_in(page)
    assert session["profile"] == {"email": "zoe@theatre.example", "displayName": "Zoë Lamplighter"}
    assert session["backstageIdentity"]["identity"] == ZOE
    assert claims_of(session)["sub"] == "user:default/zoe"
    assert session["providerInfo"]["scope"] == "openid profile email"
    assert jwt.decode(session["providerInfo"]["idToken"], options={"verify_signature": False})["sub"] == "zoe"
    assert page.headers["x-frame-options"].lower() == "sameorigin"
    assert page.headers["content-security-policy"].startswith("script-src 'sha256-")

    fresh = site.refresh(browser, "oidc")
    assert fresh.status_code == 200, fresh.text
    assert fresh.json()["backstageIdentity"]["identity"] == ZOE
    catalog = browser.site(site.url).get(
        "/api/catalog/entities/by-name/user/default/zoe",
        headers={"authorization": f"Bearer {fresh.json()['backstageIdentity']['token']}"},
    )
    assert catalog.status_code == 200

    cookies = {cookie.name: cookie.value for cookie in browser.site(site.url).cookies.jar}
    assert {"oidc-refresh-token", "oidc-granted-scope"} <= set(cookies)
    left = browser.site(site.url).post("/api/auth/oidc/logout?env=development", headers=XHR)
    assert (left.status_code, left.content) == (200, b"")
    assert "oidc-refresh-token" not in {cookie.name for cookie in browser.site(site.url).cookies.jar}
    gone = site.refresh(browser, "oidc")
    assert (gone.status_code, gone.json()["error"]["message"]) == (
        401,
        "Refresh failed; caused by InputError: Missing session cookie",
    )
    # The identity provider was told: what somebody has kept of the cookie is worth nothing.
    url = f"{site.url}/api/auth/oidc/refresh?env=development"
    kept = httpx.get(url, headers={**XHR, "cookie": f"oidc-refresh-token={cookies['oidc-refresh-token']}"})
    assert (kept.status_code, "invalid_grant" in kept.text) == (401, True)


def test_more_scopes_are_asked_for_without_losing_those_there_were(site: Site, browser: Browser) -> None:
    signed_in(site.openid(browser, "zoe"))
    session = signed_in(site.openid(browser, "zoe", scope="stage"))
    assert session["providerInfo"]["scope"] == "stage openid profile email"
    assert site.refresh(browser, "oidc").json()["providerInfo"]["scope"] == "stage openid profile email"


@pytest.mark.parametrize(
    ("login", "name", "message"),
    [
        ("mallory", "Error", "Login failed, user profile does not contain an email"),
        ("twin", "ConflictError", "User lookup resulted in multiple matches"),
        ("stranger", "Error", "Failed to sign-in, unable to resolve user identity."),
    ],
)
def test_who_cannot_be_told_for_sure_is_not_signed_in(
    site: Site, browser: Browser, login: str, name: str, message: str
) -> None:
    error = refused(site.openid(browser, login))
    assert error["name"] == name and error["message"].startswith(message)


def test_a_tag_in_the_address_is_looked_over(site: Site, browser: Browser) -> None:
    session = signed_in(site.openid(browser, "plus"))
    assert (session["profile"]["email"], session["backstageIdentity"]["identity"]) == (
        "zoe+stage@theatre.example",
        ZOE,
    )


def test_the_redirect_flow_comes_back_to_the_app(site: Site, browser: Browser) -> None:
    page = site.openid(browser, "zoe", flow="redirect", redirectUrl=f"{APP}/catalog?x=1")
    assert (page.status_code, page.headers["location"]) == (302, f"{APP}/catalog?x=1")
    assert site.refresh(browser, "oidc").json()["backstageIdentity"]["identity"] == ZOE


def test_the_redirect_flow_takes_a_refusal_back_too(site: Site, browser: Browser) -> None:
    refusal = site.openid(browser, "stranger", flow="redirect", redirectUrl=f"{APP}/?error=old")
    target, _, error = refusal.headers["location"].partition("?")
    assert target == f"{APP}/" and error.startswith("error=Failed+to+sign-in")


def test_what_the_identity_provider_refuses_is_told(site: Site, browser: Browser) -> None:
    page = site.start(browser, "oidc")
    cancelled = browser.get(f"{page.url}/abort")
    assert refused(cancelled)["message"].startswith("Authentication rejected, ")


# ---------------------------------------------------------------------------------------------- GitHub


def github_page(site: Site, browser: Browser, login: str, **query: str) -> httpx.Response:
    return browser.submit(site.start(browser, "github", **query), f'value="{login}"')


def test_github_signs_in_and_its_token_is_what_is_kept(site: Site, browser: Browser) -> None:
    session = signed_in(github_page(site, browser, "zoe"))
    assert session["backstageIdentity"]["identity"] == ZOE
    assert session["profile"]["displayName"] == "Zoë Lamplighter"
    assert session["providerInfo"]["scope"] == "read:user"
    token = session["providerInfo"]["accessToken"]
    kept = {cookie.name: cookie.value for cookie in browser.site(site.url).cookies.jar}["github-refresh-token"]
    assert kept == f"access-token-v2.{token}"

    fresh = site.refresh(browser, "github")
    assert fresh.status_code == 200, fresh.text
    assert fresh.json()["providerInfo"] == {"accessToken": token, "scope": "read:user"}
    more = site.refresh(browser, "github", scope="repo")
    assert (more.status_code, more.json()["error"]["message"]) == (
        401,
        "Refresh failed; caused by Error: Refresh failed, session has not been granted the requested scope",
    )
    session = signed_in(github_page(site, browser, "zoe", scope="repo"))
    assert session["providerInfo"]["scope"] == "repo read:user"
    assert site.refresh(browser, "github", scope="repo").status_code == 200


def test_github_users_whom_the_catalog_does_not_know_stay_out(site: Site, browser: Browser) -> None:
    error = refused(github_page(site, browser, "stranger"))
    assert error["message"].startswith("Failed to sign-in, unable to resolve user identity.")


# ------------------------------------------------------------------------------------------------ Okta


def test_okta_signs_in_by_an_annotation(site: Site, browser: Browser) -> None:
    session = signed_in(browser.submit(site.start(browser, "okta"), "zoe@theatre.example"))
    assert session["backstageIdentity"]["identity"] == ZOE
    assert site.refresh(browser, "okta").status_code == 200


# ------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ({}, 400, "Must specify 'env' query to select environment"),
        ({"env": "moon"}, 404, "No configuration available for the 'moon' environment of this provider."),
        ({"env": "development", "origin": "https://evil.example"}, 403, "Origin 'https://evil.example' is not allowed"),
        ({"env": "development", "origin": "nonsense"}, 400, "App origin is invalid, failed to parse"),
        (
            {"env": "development", "origin": APP, "redirectUrl": "https://evil.example/x"},
            403,
            "Origin 'https://evil.example' is not allowed",
        ),
        (
            {"env": "development", "origin": "https://a.theatre.example.evil.example"},
            403,
            "Origin 'https://a.theatre.example.evil.example' is not allowed",
        ),
    ],
)
def test_a_start_that_is_nobodys_is_refused(site: Site, query: dict[str, str], status: int, message: str) -> None:
    answer = httpx.get(f"{site.url}/api/auth/oidc/start", params=query)
    assert (answer.status_code, answer.json()["error"]["message"]) == (status, message)


def test_other_frontends_may_be_let_in(site: Site) -> None:
    query = {"env": "development", "origin": "https://two.theatre.example"}
    assert httpx.get(f"{site.url}/api/auth/oidc/start", params=query).status_code == 302


def test_a_callback_that_the_browser_did_not_ask_for_is_refused(site: Site) -> None:
    state = httpx.QueryParams({"nonce": "bm9uY2U=", "env": "development", "origin": APP, "flow": "popup", "scope": "x"})
    url = f"{site.url}/api/auth/oidc/handler/frame?state={str(state).encode().hex()}&code=stolen"
    assert refused(httpx.get(url)) == {"name": "NotAllowedError", "message": "Auth response is missing cookie nonce"}
    other = httpx.get(url, headers={"cookie": "oidc-nonce=b3RoZXI%3D"})
    assert refused(other) == {"name": "NotAllowedError", "message": "Invalid nonce"}
    foreign = str(state.set("origin", "https://evil.example")).encode().hex()
    origin, message = outcome_of(httpx.get(f"{site.url}/api/auth/oidc/handler/frame?state={foreign}&code=x"))
    assert (origin, message["error"]["message"]) == (APP, "Origin 'https://evil.example' is not allowed")


@pytest.mark.parametrize("state", ["", "zz", "00", "666f6f", b"env=development".hex()])
def test_a_callback_without_a_state_of_ours_is_refused(site: Site, state: str) -> None:
    answer = httpx.get(f"{site.url}/api/auth/oidc/handler/frame", params={"state": state, "code": "x"})
    assert answer.status_code == (400 if state == "" else 403)


@pytest.mark.parametrize("path", ["refresh", "logout"])
def test_other_sites_cannot_refresh_or_leave(site: Site, path: str) -> None:
    url = f"{site.url}/api/auth/oidc/{path}?env=development"
    answer = httpx.post(url)
    assert (answer.status_code, answer.json()["error"]["message"]) == (401, "Invalid X-Requested-With header")
    if path == "logout":
        elsewhere = httpx.post(url, headers={**XHR, "origin": "https://evil.example"})
        assert elsewhere.status_code == 403


def test_sign_ins_are_counted(site: Site, browser: Browser) -> None:
    def counted(result: str) -> float:
        scraped = httpx.get(f"{site.url}/metrics", headers={"authorization": "Bearer token-of-prometheus"}).text
        name = f'auth_sign_ins_total{{provider="oidc",result="{result}",step="sign-in"}} '
        return sum(float(line.removeprefix(name)) for line in scraped.splitlines() if line.startswith(name))

    before = counted("ok"), counted("failed")
    signed_in(site.openid(browser, "zoe"))
    stranger = Browser(APP)
    refused(site.openid(stranger, "stranger"))
    stranger.close()
    assert (counted("ok"), counted("failed")) == (before[0] + 1, before[1] + 1)


def test_no_secret_is_in_the_log(site: Site, browser: Browser) -> None:
    session = signed_in(site.openid(browser, "zoe"))
    kept = {cookie.name: cookie.value or "" for cookie in browser.site(site.url).cookies.jar}
    log = site.server.log.read_text()
    info = session["providerInfo"]
    for secret in ("secret-of-callboard", kept["oidc-refresh-token"], info["idToken"], info["accessToken"]):
        assert secret not in log
