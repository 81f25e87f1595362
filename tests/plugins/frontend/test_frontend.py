"""A frontend, served. Source: spec/ui-backends.md §14."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.config import ConfigError
from app.errors import InputError
from app.host import Host
from app.main import application, create_host
from plugins.frontend.assets import KEPT, AssetStore
from plugins.frontend.bundle import find_bundle
from plugins.frontend.plugin import FrontendPlugin
from plugins.frontend.settings import FrontendSettings
from plugins.home.plugin import HomePlugin
from tests.app.auth.world import BASE_URL, NOW, SetClock, config_of
from tests.conftest import AnyDatabase
from tests.plugins.frontend.bundles import MAIN, TEMPLATE, compressed, write_bundle
from tests.plugins.house import opened

APP = {"title": "Nightjar", "baseUrl": "http://localhost:3000/portal"}


def served(
    database: AnyDatabase, bundle: Path, *, clock: SetClock | None = None, **app: Any
) -> AbstractAsyncContextManager[tuple[Host, httpx.AsyncClient]]:
    config = {"app": {**APP, "bundle": str(bundle), **app}}
    return opened(database, config, [FrontendPlugin()], folder=bundle.parent, clock=clock)


@pytest.fixture
def database_engine() -> str:
    """What is not about the store needs one database only."""
    return "sqlite"


@pytest.fixture
async def client(database: AnyDatabase, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    bundle = write_bundle(tmp_path / "dist")
    (bundle / ".env").write_text("hidden")
    (tmp_path / "outside.txt").write_text("outside")
    (bundle / "static" / "link.txt").symlink_to(tmp_path / "outside.txt")
    async with served(database, bundle) as (_, client):
        yield client


@pytest.mark.parametrize("path", ["/", "/catalog/default/component/x", "/docs", "/index.html", "/api-docs", "/a/b.txt"])
async def test_every_address_of_the_portal_is_its_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store, max-age=0"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "the main page" in answer.text
    assert "<title>Nightjar</title>" in answer.text
    assert '"/portal/static/main.js"' in answer.text
    assert '"baseUrl": "http://localhost:7007"' in answer.text
    assert "bundle" not in answer.text


async def test_the_same_is_below_the_plugins_own_address(client: httpx.AsyncClient) -> None:
    assert "the main page" in (await client.get("/api/app/settings")).text
    assert (await client.get(f"/api/app/static/{MAIN}")).status_code == 200
    assert (await client.get("/api/app/.backstage/auth/v1/cookie")).status_code == 401


@pytest.mark.parametrize(
    "path", ["/.env", "/.config-schema.json", "/index.html.tmpl", "/static/../.env", "/..%2foutside.txt", "/%2e%2e/x"]
)
async def test_what_is_no_file_of_the_portal_is_not_read(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert "hidden" not in answer.text
    assert "outside" not in answer.text
    assert "backstageConfigSchemaVersion" not in answer.text
    assert "<%=" not in answer.text


@pytest.mark.parametrize("path", ["missing.js", "link.txt", "", "../favicon.ico", ".hidden"])
async def test_what_is_not_below_static_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"http://localhost:7007/static/{path.replace('..', '%2e%2e')}")
    assert (answer.status_code, answer.content) == (404, b"") or "the main page" in answer.text
    assert "outside" not in answer.text


async def test_files_may_be_kept_for_two_weeks_and_pages_not_at_all(client: httpx.AsyncClient) -> None:
    kept = {
        path: ((answer := await client.get(path)).headers["cache-control"], answer.headers["content-type"])
        for path in (f"/static/{MAIN}", "/static/font.woff2", "/favicon.ico", "/offline.html")
    }
    assert kept == {
        f"/static/{MAIN}": ("public, max-age=1209600", "application/javascript; charset=UTF-8"),
        "/static/font.woff2": ("public, max-age=1209600", "font/woff2"),
        "/favicon.ico": ("public, max-age=0", "image/x-icon"),
        "/offline.html": ("no-store, max-age=0", "text/html; charset=UTF-8"),
    }


async def test_a_file_that_the_client_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get(f"/static/{MAIN}")
    for known in (first.headers["etag"], f'"x", {first.headers["etag"]}', "*"):
        again = await client.get(f"/static/{MAIN}", headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == first.headers["cache-control"]
    assert (await client.get(f"/static/{MAIN}", headers={"if-none-match": 'W/"other"'})).status_code == 200
    head = await client.head(f"/static/{MAIN}")
    assert (head.content, head.headers["content-length"]) == (b"", first.headers["content-length"])


async def test_texts_are_compressed_for_those_who_take_it(client: httpx.AsyncClient) -> None:
    plain = await client.get(f"/static/{MAIN}", headers={"accept-encoding": "identity"})
    sizes = {}
    for accept in ("gzip", "deflate, GZIP;q=0.5", "gzip;q=0", "br"):
        async with client.stream("GET", f"/static/{MAIN}", headers={"accept-encoding": accept}) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])
            sizes[accept] = (answer.headers.get("content-encoding") == "gzip", len(raw) < len(plain.content) / 4)
    yes, no = (True, True), (False, False)
    assert list(sizes.values())[:3] == [yes, yes, no]
    assert (await client.get(f"/static/{MAIN}", headers={"accept-encoding": "gzip"})).content == plain.content


async def test_compressed_forms_on_disk_are_sent_as_they_are(database: AnyDatabase, tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "dist")
    compressed(bundle / "static" / MAIN)
    async with served(database, bundle) as (_, client):
        for accept, encoding in (("gzip, br", "br"), ("gzip", "gzip"), ("identity", None)):
            async with client.stream("GET", f"/static/{MAIN}", headers={"accept-encoding": accept}) as answer:
                raw = b"".join([part async for part in answer.aiter_raw()])
                assert answer.headers.get("content-encoding") == encoding
                assert (raw == b"brotli") == (encoding == "br")
        assert (await client.get(f"/static/{MAIN}.gz")).status_code == 404


# ------------------------------------------------------------------------------------ configuration in it


async def test_the_last_built_page_helps_where_a_template_is_too_clever(database: AnyDatabase, tmp_path: Path) -> None:
    async with served(database, write_bundle(tmp_path / "dist", template="<%= process.env.HOME %>")) as (_, client):
        page = (await client.get("/")).text
    assert "the page as it was built" in page
    assert '"title": "Nightjar"' in page


async def test_without_such_a_page_the_start_fails_and_says_why(database: AnyDatabase, tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "dist", template="<%= config.getString('app.nothing') %>", built=None)
    with pytest.raises(InputError, match=r"cannot be served: .*needs the configuration key 'app\.nothing'"):
        async with served(database, bundle):
            pass


async def test_an_older_bundle_has_a_place_in_a_script(database: AnyDatabase, tmp_path: Path) -> None:
    script = 'const config = JSON.parse("__APP_INJECTED_RUNTIME_CONFIG__");'
    bundle = write_bundle(tmp_path / "dist", template=None, built="<head></head>", script=script)
    async with served(database, bundle) as (_, client):
        answer = await client.get(f"/static/{MAIN}")
        page = await client.get("/")
    assert r"\"title\":\"Nightjar\"" in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    assert page.text == "<head></head>"
    assert (bundle / "static" / MAIN).read_text() == script


async def test_injection_can_be_left_out(database: AnyDatabase, tmp_path: Path) -> None:
    async with served(database, write_bundle(tmp_path / "dist"), disableConfigInjection=True) as (_, client):
        page = (await client.get("/")).text
    assert "of the build" in page
    assert "Nightjar" not in page


# ------------------------------------------------------------------------------------ where the bundle is


def test_the_bundle_is_found_where_it_was_built_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_bundle(FrontendSettings()) is None
    built = write_bundle(tmp_path / "ui" / "dist")
    assert find_bundle(FrontendSettings()) == built
    assert find_bundle(FrontendSettings(bundle=False)) is None
    other = write_bundle(tmp_path / "other")
    assert find_bundle(FrontendSettings(bundle=Path("other"))) == other


def test_a_named_bundle_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    config = config_of({"app": {"bundle": str(tmp_path)}, "backend": {"dataDirectory": str(tmp_path)}})
    with pytest.raises(ConfigError, match=r"app\.bundle: there is no built frontend"):
        create_host(config, env={}, plugins=[FrontendPlugin()])
    # Commands do without.
    create_host(config, env={}, plugins=[FrontendPlugin()], roles=())


# ------------------------------------------------------------------------------------- beside other pages


@asynccontextmanager
async def whole(tmp_path: Path, plugins: list[Any]) -> AsyncIterator[httpx.AsyncClient]:
    backend = {
        "baseUrl": BASE_URL,
        "dataDirectory": str(tmp_path),
        "csp": {"connect-src": ["'self'", "https:"], "upgrade-insecure-requests": False},
    }
    config = config_of({"app": {**APP, "bundle": str(tmp_path / "dist")}, "backend": backend})
    host = create_host(config, env={}, plugins=plugins, roles=["api"])
    await host.lifecycle.start()
    transport = httpx.ASGITransport(application(host, env={}))
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        yield client
    await host.lifecycle.stop()


@pytest.mark.parametrize("order", [1, -1])
async def test_the_landing_page_moves_and_nothing_else_opens(tmp_path: Path, order: int) -> None:
    write_bundle(tmp_path / "dist")
    async with whole(tmp_path, [FrontendPlugin(), HomePlugin()][::order]) as client:
        pages = {path: await client.get(path) for path in ("/", "/docs", "/callboard", "/callboard/docs", "/metrics")}
        assert [answer.status_code for answer in pages.values()] == [200, 200, 200, 401, 401]
        assert ["the main page" in answer.text for answer in pages.values()] == [True, True, False, False, False]
        assert "Callboard is running" in pages["/callboard"].text
        assert (await client.get("/api/nothing")).status_code == 404
        assert (await client.post("/")).status_code == 404
        policy = pages["/"].headers.get_list("content-security-policy")
    assert policy == [
        "default-src 'self';base-uri 'self';font-src 'self' https: data:;frame-ancestors 'self';img-src 'self' data:;"
        "object-src 'none';script-src 'self' 'unsafe-eval';script-src-attr 'none';style-src 'self' https: "
        "'unsafe-inline';connect-src 'self' https:"
    ]
    assert pages["/"].headers.get_list("x-frame-options") == ["DENY"]
    assert pages["/callboard"].headers.get_list("x-frame-options") == ["SAMEORIGIN"]


async def test_before_the_start_the_portal_says_so(tmp_path: Path) -> None:
    write_bundle(tmp_path / "dist")
    config = config_of({"app": {"bundle": str(tmp_path / "dist")}, "backend": {"dataDirectory": str(tmp_path)}})
    host = create_host(config, env={}, plugins=[FrontendPlugin()], roles=["api"])
    transport = httpx.ASGITransport(application(host, env={}))
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.json()["error"]["message"]) == (503, "Service has not started up yet")


# ----------------------------------------------------------------------------------------- protected mode


@asynccontextmanager
async def protected(database: AnyDatabase, folder: Path, **app: Any) -> AsyncIterator[tuple[Host, httpx.AsyncClient]]:
    bundle = write_bundle(folder / "dist")
    public = TEMPLATE.replace("main page", "sign-in page")
    write_bundle(bundle / "public", template=public, schemas=None, name="signin.js", script="sign in")
    async with served(database, bundle, **app) as (host, client):
        yield host, client


async def test_whoever_has_not_signed_in_gets_the_public_entry_point(database: AnyDatabase, tmp_path: Path) -> None:
    async with protected(database, tmp_path) as (_, client):
        for path in ("/", "/catalog"):
            page = await client.get(path)
            assert "the sign-in page" in page.text
            assert "Nightjar" in page.text
        assert (await client.get("/static/signin.js")).text == "sign in"
        assert (await client.get(f"/static/{MAIN}")).status_code == 404
        assert "sign in" not in (await client.get("/public/static/signin.js")).text


async def test_signing_in_gives_a_cookie_and_the_portal(database: AnyDatabase, tmp_path: Path) -> None:
    zoe = "user:default/zoe"
    async with protected(database, tmp_path) as (host, client):
        token = await host.auth.issue_user_token(zoe, [zoe])
        answer = await client.post("/", data={"type": "sign-in", "token": token})
        assert (answer.status_code, "the main page" in answer.text) == (200, True)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("backstage-auth=")
        assert "HttpOnly" in cookie
        assert token not in cookie
        value = cookie.split(";")[0]
        for headers in ({"cookie": value}, {"authorization": f"Bearer {token}"}):
            assert "the main page" in (await client.get("/catalog", headers=headers)).text
            assert (await client.get(f"/static/{MAIN}", headers=headers)).status_code == 200
        bad = await client.get("/", headers={"cookie": "backstage-auth=no.such.token"})
        assert "the sign-in page" in bad.text
        assert bad.headers["set-cookie"].startswith("backstage-auth=;")


@pytest.mark.parametrize(
    ("form", "status", "message"),
    [
        ({"type": "sign-in", "token": "nope"}, 401, "Illegal token"),
        ({"type": "sign-in"}, 401, "Illegal token"),
        ({"type": "other"}, 400, "Invalid POST request to app-backend wildcard endpoint"),
        ({}, 400, "Invalid POST request to app-backend wildcard endpoint"),
        ({"type": "sign-in", "token": "x" * 200_000}, 400, "request entity too large"),
    ],
)
async def test_other_forms_are_refused(
    database: AnyDatabase, tmp_path: Path, form: dict[str, str], status: int, message: str
) -> None:
    async with protected(database, tmp_path) as (_, client):
        answer = await client.post("/some/page", data=form)
    assert (answer.status_code, answer.json()["error"]["message"]) == (status, message)
    assert "set-cookie" not in answer.headers


async def test_a_service_is_no_user(database: AnyDatabase, tmp_path: Path) -> None:
    async with protected(database, tmp_path) as (host, client):
        token = await host.auth.issue_service_token("search", "app")
        answer = await client.post("/", data={"type": "sign-in", "token": token})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


async def test_the_public_entry_point_can_be_left_out(database: AnyDatabase, tmp_path: Path) -> None:
    async with protected(database, tmp_path, disablePublicEntryPoint=True) as (_, client):
        assert "the main page" in (await client.get("/")).text
        assert (await client.post("/", data={"type": "sign-in"})).status_code == 404


# ------------------------------------------------------------------------------------------ earlier bundles


class TestEarlierBundles:
    @pytest.fixture(params=["sqlite", "postgresql"])
    def database_engine(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    async def test_their_files_can_be_had_for_a_week(self, database: AnyDatabase, tmp_path: Path) -> None:
        clock = SetClock()
        old = write_bundle(tmp_path / "old", name="main.old.js", script="the old script " * 100)
        new = write_bundle(tmp_path / "new", name="main.new.js")

        async def deployed(bundle: Path) -> dict[str, httpx.Response]:
            async with served(database, bundle, clock=clock) as (host, client):
                await files_are_kept(host)
                return {
                    path: await client.get(f"/static/{path}")
                    for path in ("main.old.js", "main.new.js", "main.old.js.map", "font.woff2")
                }

        assert [a.status_code for a in (await deployed(old)).values()] == [200, 404, 200, 200]
        found = await deployed(new)
        assert [a.status_code for a in found.values()] == [200, 200, 404, 200]
        stored = found["main.old.js"]
        assert stored.text == "the old script " * 100
        assert stored.headers["cache-control"] == "public, max-age=1209600"
        assert stored.headers["content-type"] == "application/javascript; charset=UTF-8"
        assert re.match(r"\w{3}, 31 Jan 2030 12:00:00 GMT", stored.headers["last-modified"])
        clock.move(days=6, hours=23)
        assert (await deployed(new))["main.old.js"].status_code == 200
        clock.move(hours=1)
        assert (await deployed(new))["main.old.js"].status_code == 404

    async def test_each_entry_point_keeps_its_own(self, database: AnyDatabase, tmp_path: Path) -> None:
        async with protected(database, tmp_path) as (host, _):
            await files_are_kept(host)
            store = AssetStore(database)
            assert await store.find("default", MAIN) is not None
            assert await store.find("public", "signin.js") is not None
            assert await store.find("public", MAIN) is None
            assert await store.forget(NOW) == 0
            assert await store.forget(NOW + KEPT) == 4

    async def test_nothing_is_kept_where_that_is_not_wanted(self, database: AnyDatabase, tmp_path: Path) -> None:
        bundle = write_bundle(tmp_path / "dist")
        async with served(database, bundle, disableStaticFallbackCache=True) as (_, client):
            assert (await client.get("/static/other.js")).status_code == 404
        assert await database.read("SELECT 1 FROM static_assets_cache") == []


async def files_are_kept(host: Host) -> None:
    """What the schedule does every few hours."""
    await host.scheduler._entry("app", "static-assets").task.run()
