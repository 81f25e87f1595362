"""The plugin's routes on the host's own pipeline. Source: spec/ui-backends.md §7."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from moto.server import ThreadedMotoServer

from app.database.sqlite import SqliteDatabase
from app.errors import InputError
from app.host import Host
from app.interfaces import Decision, Permission, Plugin, Principal
from app.reading.outgoing import GuardedClient
from catalog.interfaces import EntitiesCatalog
from plugins.techdocs.interfaces import Publisher, TechdocsExtensions
from plugins.techdocs.plugin import TechdocsPlugin
from plugins.techdocs.publishing.local import LocalPublisher
from tests.plugins.house import EntitiesPlugin, opened
from tests.plugins.techdocs.sites import SITE, STAMP, built_site, entity

pytestmark = pytest.mark.asyncio(loop_scope="module")
ZOE = "user:default/zoe"
PATH = "lines/component/night-train"
STATIC = f"/api/techdocs/static/docs/{PATH}"
SERVICE = {"type": "static", "options": {"token": "token-of-search", "subject": "search"}}
ENTITIES = [
    entity(managed_by_location="file:/srv/lines/catalog-info.yaml", techdocs_ref="dir:./night"),
    entity("sleeper", techdocs_entity="component:lines/night-train"),
    entity("nothing"),
    entity("lost", techdocs_entity="component:lines/nowhere"),
]


class Server:
    def __init__(self, host: Host, client: httpx.AsyncClient, token: str, cookie: str) -> None:
        self.host, self.client = host, client
        self.user = {"authorization": f"Bearer {token}"}
        self.cookie = {"cookie": f"backstage-auth={cookie}"}

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.client.get(path, headers={**self.user, **more.pop("headers", {})}, **more)


@asynccontextmanager
async def server(
    folder: Path, config: Mapping[str, Any] | None = None, *, policy: Any = None, published: bool = True
) -> AsyncIterator[Server]:
    database = SqliteDatabase(folder / "callboard.sqlite")
    await database.start()
    outgoing = GuardedClient()
    given = {"backend": {"auth": {"externalAccess": [SERVICE]}}, **(config or {})}
    if published:
        await LocalPublisher(folder / "techdocs").publish(SITE, built_site(folder / "site"))
    plugins: list[Plugin] = [EntitiesPlugin(*ENTITIES), TechdocsPlugin()]
    async with opened(database, given, plugins, folder=folder, outgoing=outgoing) as (host, client):
        if policy is not None:
            host.permissions.use_policy(policy)
        token = await host.auth.issue_user_token(ZOE, [ZOE])
        limited, _ = await host.auth.limited_user_token(token)  # type: ignore[attr-defined]
        yield Server(host, client, token, limited)
    await outgoing.close()
    await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """Shared by tests that change nothing."""
    async with server(tmp_path_factory.mktemp("site"), {"techdocs": {"builder": "external"}}) as opened_:
        yield opened_


async def test_metadata_of_a_site_is_what_its_build_wrote(site: Server) -> None:
    answer = await site.get("/api/techdocs/metadata/techdocs/lines/Component/night-train")
    assert answer.status_code == 200
    assert answer.json()["build_timestamp"] == STAMP
    assert "index.html" in answer.json()["files"]


async def test_metadata_of_an_entity_says_where_its_documentation_lies(site: Server) -> None:
    answer = await site.get(f"/api/techdocs/metadata/entity/{PATH}")
    assert answer.json() == {**ENTITIES[0], "locationMetadata": {"type": "dir", "target": "/srv/lines/night"}}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("metadata/techdocs/lines/component/nowhere", "Unable to get metadata for 'component:lines/nowhere'"),
        ("metadata/techdocs/lines/component/nothing", "Unable to get metadata for 'component:lines/nothing'"),
        ("metadata/techdocs/lines/component/lost", "Unable to get metadata for 'component:lines/lost'"),
        ("metadata/entity/lines/component/nowhere", "Unable to get metadata for 'component:lines/nowhere'"),
        (
            "metadata/entity/lines/component/nothing",
            "Unable to get metadata for 'component:lines/nothing'; caused by InputError: "
            "No backstage.io/techdocs-ref annotation provided in entity: nothing",
        ),
        ("sync/lines/component/nowhere", "Entity metadata UID missing"),
        ("sync/lines/component/lost", "Entity metadata UID missing"),
    ],
)
async def test_what_is_not_there_is_not_found(site: Server, path: str, message: str) -> None:
    answer = await site.get(f"/api/techdocs/{path}")
    assert (answer.status_code, answer.json()["error"]["name"]) == (404, "NotFoundError")
    assert answer.json()["error"]["message"] == message


async def test_files_are_served_as_their_types_say(site: Server) -> None:
    for path, kind in (
        ("index.html", "text/plain; charset=utf-8"),
        ("assets/map.svg", "text/plain; charset=utf-8"),
        ("assets/main.css", "text/css; charset=utf-8"),
        ("assets/logo.png", "image/png"),
        ("search/search_index.json", "application/json; charset=utf-8"),
    ):
        answer = await site.get(f"{STATIC}/{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind), path
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert "public" not in answer.headers["cache-control"]
        again = await site.get(f"{STATIC}/{path}", headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304, path


async def test_parts_of_a_file_are_served(site: Server) -> None:
    answer = await site.get(f"{STATIC}/assets/main.css", headers={"range": "bytes=0-1"})
    assert (answer.status_code, answer.content) == (206, b"h1")


async def test_the_cookie_opens_static_files_and_nothing_else(site: Server) -> None:
    assert (await site.client.get(f"{STATIC}/index.html")).status_code == 401
    assert (await site.client.get(f"{STATIC}/index.html", headers=site.cookie)).status_code == 200
    for path in ("metadata/techdocs", "metadata/entity", "sync"):
        answer = await site.client.get(f"/api/techdocs/{path}/{PATH}", headers=site.cookie)
        assert answer.status_code == 401, path
    issued = await site.get("/api/techdocs/.backstage/auth/v1/cookie")
    assert issued.status_code == 200 and "backstage-auth=" in issued.headers["set-cookie"]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/api/techdocs/static/docs/Lines/Component/Night-Train/Stops/index.html?x=1", f"{STATIC}/Stops/index.html"),
        ("/API/techdocs//static/docs/LINES/component/night-train/", f"/API/techdocs//static/docs/{PATH}/"),
        (f"{STATIC}/stops", f"{STATIC}/stops/"),
        (STATIC, f"{STATIC}/"),
    ],
)
async def test_local_sites_redirect_to_the_case_they_are_kept_in(site: Server, path: str, location: str) -> None:
    answer = await site.get(path)
    assert (answer.status_code, answer.headers["location"]) == (301, location)


async def test_a_folder_is_its_index(site: Server) -> None:
    assert b"Stops" in (await site.get(f"{STATIC}/stops/")).content
    assert b"Night train" in (await site.get(f"{STATIC}/")).content
    assert (await site.get(f"{STATIC}/assets/")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "nothing.html",
        "..%2f..%2f..%2f..%2fcallboard.sqlite",
        "%2e%2e/night-train/index.html",
        "..%5c..%5ccallboard.sqlite",
        "%252e%252e%252fcallboard.sqlite",
        "index.html%00.css",
        "index.html/x",
    ],
)
async def test_no_path_leads_out_of_a_site(site: Server, path: str) -> None:
    """CVE-2024-45816."""
    answer = await site.get(f"{STATIC}/{path}")
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("triplet", ["lines/component/..%2fnight-train", "..%2f/x/y", "lines/component/%2e%2e"])
async def test_no_name_of_an_entity_is_a_path(site: Server, triplet: str) -> None:
    """GHSA-4jqc-jvh2-pxg9."""
    assert (await site.get(f"/api/techdocs/static/docs/{triplet}/index.html")).status_code == 404


async def test_an_entity_may_show_anothers_documentation(site: Server) -> None:
    answer = await site.get("/api/techdocs/static/docs/lines/component/sleeper/index.html")
    assert b"Night train" in answer.content
    metadata = await site.get("/api/techdocs/metadata/techdocs/lines/component/sleeper")
    assert metadata.json()["site_name"] == "Night train"


async def test_a_site_that_is_built_elsewhere_has_nothing_to_wait_for(site: Server) -> None:
    answer = await site.get(f"/api/techdocs/sync/{PATH}")
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.text == 'event: finish\ndata: {"updated":false}\n\n'


async def test_an_entity_without_documentation_says_so_where_it_is_watched(tmp_path: Path) -> None:
    async with server(tmp_path, published=False) as local:
        answer = await local.get("/api/techdocs/sync/lines/component/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    error = "No backstage.io/techdocs-ref annotation provided in entity: nothing"
    assert answer.text.endswith(f'event: error\ndata: "{error}"\n\n')


async def test_the_case_of_paths_can_be_kept(tmp_path: Path) -> None:
    config = {"techdocs": {"builder": "external", "legacyUseCaseSensitiveTripletPaths": True}}
    async with server(tmp_path, config) as kept:
        place = tmp_path / "techdocs/lines"
        (place / "component").rename(place / "Component")
        assert (await kept.get("/api/techdocs/static/docs/lines/Component/night-train/index.html")).status_code == 200
        assert (await kept.get(f"{STATIC}/index.html")).status_code == 404
        metadata = await kept.get(f"/api/techdocs/metadata/techdocs/{PATH}")
        assert metadata.status_code == 200


# ------------------------------------------------------------------------------------------------- who may read


class NotTheTrain:
    """Everybody may read everything but the train."""

    async def decide(self, permission: Permission, user: Principal) -> Decision:
        rule = {"rule": "IS_NAMED", "resourceType": "catalog-entity", "params": {"name": "night-train"}}
        return Decision("CONDITIONAL", {"not": rule})


def declare_rule(host: Host) -> None:
    from app.interfaces import PermissionRule
    from plugins.techdocs.readers import READ

    async def load(refs: Any) -> list[Any]:
        documents = await host.service(EntitiesCatalog).by_refs(refs)
        return [None if document is None else json.loads(document) for document in documents]

    rule = PermissionRule(
        "IS_NAMED",
        "",
        "catalog-entity",
        {"type": "object"},
        lambda resource, params: bool(resource["metadata"]["name"] == params["name"]),
    )
    host.permissions.declare("catalog", [READ], rules=[rule], load=load)


async def test_documentation_is_for_those_who_may_read_the_entity(tmp_path: Path) -> None:
    config = {"permission": {"enabled": True}, "techdocs": {"builder": "external"}}
    async with server(tmp_path, config, policy=NotTheTrain()) as guarded:
        declare_rule(guarded.host)
        answers = {
            path: await guarded.get(path)
            for path in (
                f"{STATIC}/index.html",
                f"{STATIC}/nothing",
                f"/api/techdocs/metadata/techdocs/{PATH}",
                f"/api/techdocs/metadata/entity/{PATH}",
                f"/api/techdocs/sync/{PATH}",
                "/api/techdocs/metadata/techdocs/lines/component/sleeper",
                "/api/techdocs/static/docs/lines/component/sleeper/index.html",
                "/api/techdocs/sync/lines/component/sleeper",
            )
        }
        assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 404)
        assert "Night train" not in "".join(answer.text for answer in answers.values())
        error = answers[f"{STATIC}/index.html"].json()["error"]
        assert error["message"] == "Entity not found for component:lines/night-train"
        outside = await guarded.get(f"{STATIC}/..%2fx")
        assert outside.json()["error"]["message"] == "Content not found for component:lines/night-train"
        # Services are not asked about by policies.
        service = await guarded.client.get(f"{STATIC}/index.html", headers={"authorization": "Bearer token-of-search"})
        assert service.status_code == 200


# --------------------------------------------------------------------------------------------- other publishers


async def test_a_bucket_answers_in_any_case_and_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    aws = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    aws.start()
    address = "http://{}:{}".format(*aws.get_host_and_port())
    await asyncio.to_thread(httpx.put, f"{address}/docs")
    s3 = {"bucketName": "docs", "endpoint": address, "s3ForcePathStyle": True}
    config = {
        "techdocs": {
            "builder": "external",
            "publisher": {"type": "awsS3", "awsS3": s3},
            "cache": {"ttl": 60_000},
        }
    }
    try:
        async with server(tmp_path, config, published=False) as bucket:
            plugin_publisher = publisher_of(bucket.host)
            await plugin_publisher.publish(SITE, built_site(tmp_path / "site"))
            for _ in range(2):
                answer = await bucket.get("/api/techdocs/static/docs/Lines/Component/Night-Train/index.html")
                assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
                assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
            assert "last-modified" in answer.headers
            again = await bucket.get(f"{STATIC}/index.html", headers={"if-none-match": answer.headers["etag"]})
            assert again.status_code == 304
            missing = await bucket.get(f"{STATIC}/..%2fx")
            assert (missing.status_code, missing.text) == (404, "File Not Found")
            await bucket.get(f"/api/techdocs/metadata/techdocs/{PATH}")
            await publisher_of(bucket.host)._inner.publish(  # type: ignore[attr-defined]
                SITE, built_site(tmp_path / "site", stamp=STAMP + 1)
            )
            synced = await bucket.get(f"/api/techdocs/sync/{PATH}")
            assert synced.text == 'event: finish\ndata: {"updated":true}\n\n'
    finally:
        aws.stop()


def publisher_of(host: Host) -> Publisher:
    (start,) = [hook for hook in host.lifecycle._starts if "TechdocsServices" in repr(hook)]
    found: Publisher = start.__self__.publisher  # type: ignore[attr-defined]
    return found


async def test_other_packages_bring_their_own_publisher(tmp_path: Path) -> None:
    class MinePlugin:
        id = "mine"

        def register(self, host: Any) -> None:
            host.extension(TechdocsExtensions).add_publisher("mine", lambda: LocalPublisher(tmp_path / "mine"))

    database = SqliteDatabase(tmp_path / "callboard.sqlite")
    await database.start()
    await LocalPublisher(tmp_path / "mine").publish(SITE, built_site(tmp_path / "site"))
    config = {"techdocs": {"builder": "external", "publisher": {"type": "mine"}}}
    # Whatever the order in which plugins register.
    plugins: list[Plugin] = [TechdocsPlugin(), MinePlugin(), EntitiesPlugin(*ENTITIES)]
    async with opened(database, config, plugins, folder=tmp_path) as (host, client):
        token = await host.auth.issue_user_token(ZOE, [ZOE])
        answer = await client.get(f"{STATIC}/index.html", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 200
    await database.close()
    with pytest.raises(ValueError, match="already registered"):
        extensions = TechdocsExtensions()
        for _ in range(2):
            extensions.add_publisher("mine", lambda: LocalPublisher(tmp_path))


async def test_a_publisher_that_there_is_not_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="googleGcs"):
        async with server(tmp_path, {"techdocs": {"publisher": {"type": "googleGcs"}}}, published=False):
            raise AssertionError("it has started")
