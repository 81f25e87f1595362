"""Bitbucket's URLs, and reading against servers that answer as Bitbucket does. Source: spec/catalog.md §5.4, §5.5."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from app.errors import InputError, NotFoundError, NotModifiedError, ServiceUnavailableError
from app.interfaces import RepositoryFile
from plugins.bitbucket.cloud import BitbucketCloudCredentials, BitbucketCloudReader
from plugins.bitbucket.integration import BitbucketCloudIntegration, BitbucketServerIntegration
from plugins.bitbucket.plugin import BitbucketPlugin
from plugins.bitbucket.server import BitbucketServerReader
from plugins.bitbucket.settings import BitbucketCloud
from tests.app.reading.plugin_host import FixedClock, ReadingHost
from tests.app.reading.web_server import Asked, WebServer, reply, serving
from tests.plugins.archives import a_tarball

CLOUD = BitbucketCloudIntegration("bitbucket.org")
SERVER = BitbucketServerIntegration("bitbucket.example")
FILES = {"services/a/catalog-info.yaml": "a", "services/b/catalog-info.yaml": "b"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://bitbucket.org/ws/repo", RepositoryFile("bitbucket.org", "ws", "repo")),
        ("https://bitbucket.org/ws/repo.git", RepositoryFile("bitbucket.org", "ws", "repo")),
        ("https://bitbucket.org/ws/repo/src/main/a/b", RepositoryFile("bitbucket.org", "ws", "repo", "main", "a/b")),
        ("https://bitbucket.org/ws", None),
        ("https://bitbucket.org/ws/repo/src/main/%2e%2e/x", None),
    ],
)
def test_a_repository_of_the_cloud(url: str, expected: RepositoryFile | None) -> None:
    assert CLOUD.repository(url) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/projects/P/repos/r", ("P", "r", None, None)),
        ("/projects/P/repos/r/browse/a/b.yaml?at=feature%2Fx", ("P", "r", "feature/x", "a/b.yaml")),
        ("/users/me/repos/r/raw/a.yaml", ("~me", "r", None, "a.yaml")),
        ("/bitbucket/projects/P/repos/r/browse/a.yaml?at=refs/heads/main", ("P", "r", "refs/heads/main", "a.yaml")),
        ("/scm/P/r.git", ("P", "r", None, None)),
    ],
)
def test_a_repository_of_a_server(path: str, expected: tuple[str | None, ...]) -> None:
    found = SERVER.repository(f"https://bitbucket.example{path}")
    assert found is not None
    assert (found.owner, found.name, found.ref, found.path) == expected


def test_what_is_no_repository_of_a_server() -> None:
    assert SERVER.repository("https://bitbucket.example/dashboard") is None
    assert SERVER.repository("https://bitbucket.example/projects/P/repos/r/browse/%2e%2e/x") is None


def test_edit_urls() -> None:
    url = "https://bitbucket.org/ws/repo/src/main/a.yaml"
    assert CLOUD.resolve_edit_url(url) == f"{url}?mode=edit&at=main"
    browse = "https://bitbucket.example/projects/P/repos/r/browse/a.yaml"
    assert SERVER.resolve_edit_url(f"{browse}?at=main") == browse
    assert SERVER.resolve_url("./x.yaml", f"{browse}?at=main") == f"{browse.replace('a.yaml', 'x.yaml')}?at=main"


@pytest.mark.parametrize("settings", [{"username": "u"}, {"clientId": "c"}, {"clientSecret": "s"}])
def test_half_of_the_credentials_is_told_at_the_start(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BitbucketCloud.model_validate(settings)


class Cloud:
    def __init__(self) -> None:
        self.said: bytes | None = None
        self.tokens = 0

    def __call__(self, asked: Asked) -> bytes:
        if self.said is not None:
            return self.said
        api = "/2.0/repositories/ws/repo"
        if asked.target == f"{api}/src/main/catalog-info.yaml":
            if asked.headers.get("if-none-match") == '"1"':
                return reply(status="304 Not Modified")
            return reply(asked.headers.get("authorization", "").encode(), etag='"1"')
        if asked.target == f"{api}/commits/main?pagelen=1&fields=values.hash":
            return reply(orjson.dumps({"values": [{"hash": "c0ffee"}]}))
        if asked.target == "/ws/repo/get/c0ffee.tar.gz":
            return reply(a_tarball("ws-repo-c0ffee", FILES))
        if asked.target == "/site/oauth2/access_token":
            assert asked.body == b"grant_type=client_credentials"
            self.tokens += 1
            return reply(orjson.dumps({"access_token": f"made-{self.tokens}", "expires_in": 7200}))
        return reply(b"{}", "404 Not Found")


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
async def cloud_server(cloud: Cloud) -> AsyncIterator[WebServer]:
    async with serving(cloud) as running:
        yield running


def cloud_reader(server: WebServer, tmp_path: Path, **settings: Any) -> BitbucketCloudReader:
    outgoing = ReadingHost({"backend": {"reading": {"allow": [{"host": server.host}]}}}, tmp_path).outgoing
    credentials = BitbucketCloudCredentials(BitbucketCloud.model_validate(settings), outgoing, FixedClock(), server.url)
    return BitbucketCloudReader(outgoing, credentials, api=f"{server.url}/2.0", site=server.url)


async def test_the_cloud_gives_files_globs_and_trees(cloud_server: WebServer, tmp_path: Path) -> None:
    reader = cloud_reader(cloud_server, tmp_path, username="u", appPassword="p")
    base = f"{cloud_server.url}/ws/repo/src/main"
    response = await reader.read_url(f"{base}/catalog-info.yaml")
    assert response.content == b"Basic " + base64.b64encode(b"u:p")
    with pytest.raises(NotModifiedError):
        await reader.read_url(f"{base}/catalog-info.yaml", etag=response.etag)
    found = await reader.search(f"{base}/services/*/catalog-info.yaml")
    assert [(file.url, await file.read()) for file in found.files] == [
        (f"{base}/services/a/catalog-info.yaml", b"a"),
        (f"{base}/services/b/catalog-info.yaml", b"b"),
    ]
    with pytest.raises(NotModifiedError):
        await reader.search(f"{base}/services/*/catalog-info.yaml", etag=found.etag)
    tree = await reader.read_tree(f"{base}/services")
    assert sorted(file.path for file in tree.files) == ["a/catalog-info.yaml", "b/catalog-info.yaml"]
    with pytest.raises(NotFoundError):
        await reader.read_url(f"{base}/none.yaml")


async def test_an_oauth_client_signs_in_once(cloud: Cloud, cloud_server: WebServer, tmp_path: Path) -> None:
    reader = cloud_reader(cloud_server, tmp_path, clientId="c", clientSecret="s")
    for _ in range(2):
        url = f"{cloud_server.url}/ws/repo/src/main/catalog-info.yaml"
        assert (await reader.read_url(url)).content == b"Bearer made-1"
    assert cloud.tokens == 1


class Server:
    def __init__(self) -> None:
        self.said: bytes | None = None

    def __call__(self, asked: Asked) -> bytes:
        if self.said is not None:
            return self.said
        api = "/rest/api/1.0/projects/P/repos/r"
        if asked.target == f"{api}/raw/a/catalog-info.yaml?at=feature%2Fx":
            return reply(asked.headers.get("authorization", "").encode())
        if asked.target == f"{api}/commits?limit=1&until=main":
            return reply(orjson.dumps({"values": [{"id": "c0ffee"}]}))
        if asked.target == f"{api}/archive?format=tgz&at=c0ffee&prefix=r&path=services":
            return reply(a_tarball("r", FILES))
        return reply(b"{}", "404 Not Found")


@pytest.fixture
def bitbucket() -> Server:
    return Server()


@pytest.fixture
async def server(bitbucket: Server) -> AsyncIterator[WebServer]:
    async with serving(bitbucket) as running:
        yield running


def server_reader(server: WebServer, tmp_path: Path, **more: Any) -> BitbucketServerReader:
    settings = {"host": server.host, "apiBaseUrl": f"{server.url}/rest/api/1.0", **more}
    host = ReadingHost({"integrations": {"bitbucketServer": [settings]}}, tmp_path)
    BitbucketPlugin().register(host)  # type: ignore[arg-type]
    reader = host.reading.reader_for(server.url)
    assert isinstance(reader, BitbucketServerReader)
    return reader


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"token": "t0k"}, b"Bearer t0k"),
        ({"username": "u", "password": "p"}, b"Basic " + base64.b64encode(b"u:p")),
        ({}, b""),
    ],
)
async def test_a_server_gives_a_file_to_whoever_signs_in(
    settings: dict[str, Any], sent: bytes, server: WebServer, tmp_path: Path
) -> None:
    url = f"{server.url}/projects/P/repos/r/browse/a/catalog-info.yaml?at=feature/x"
    assert (await server_reader(server, tmp_path, **settings).read_url(url)).content == sent


async def test_a_server_gives_globs(server: WebServer, tmp_path: Path) -> None:
    base = f"{server.url}/projects/P/repos/r/browse"
    found = await server_reader(server, tmp_path).search(f"{base}/services/*/catalog-info.yaml?at=main")
    assert [(file.url, await file.read()) for file in found.files] == [
        (f"{base}/services/a/catalog-info.yaml?at=main", b"a"),
        (f"{base}/services/b/catalog-info.yaml?at=main", b"b"),
    ]


@pytest.mark.parametrize("path", ["a/catalog-info.yaml", "services/*"])
@pytest.mark.parametrize(
    "said", [reply(status="500 Oops"), reply(status="429 Slow down"), reply(b"h", content_length="9"), b""]
)
async def test_a_failing_host_is_an_error_and_never_an_empty_answer(
    said: bytes, path: str, bitbucket: Server, cloud: Cloud, server: WebServer, cloud_server: WebServer, tmp_path: Path
) -> None:
    bitbucket.said = cloud.said = said
    with pytest.raises(ServiceUnavailableError):
        await server_reader(server, tmp_path).search(f"{server.url}/projects/P/repos/r/browse/{path}?at=main")
    with pytest.raises(ServiceUnavailableError):
        await cloud_reader(cloud_server, tmp_path).search(f"{cloud_server.url}/ws/repo/src/main/{path}")


@pytest.mark.parametrize("path", ["%2e%2e/x", "a%2F..%2Fx", "a%252Fx"])
async def test_no_token_goes_where_an_odd_path_leads(
    path: str, server: WebServer, cloud_server: WebServer, tmp_path: Path
) -> None:
    """CVE-2026-29185."""
    with pytest.raises(InputError):
        await server_reader(server, tmp_path, token="t").search(f"{server.url}/projects/P/repos/r/browse/{path}")
    with pytest.raises(InputError):
        await cloud_reader(cloud_server, tmp_path).search(f"{cloud_server.url}/ws/repo/src/main/{path}")
    assert server.asked == cloud_server.asked == []
