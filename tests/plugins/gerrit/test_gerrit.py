"""Gerrit's URLs, and reading against a server that answers as Gerrit does. Source: spec/catalog.md §5.4, §5.5."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.errors import CallboardError, InputError, NotFoundError, NotModifiedError, ServiceUnavailableError
from app.interfaces import RepositoryFile
from plugins.gerrit.integration import GerritIntegration
from plugins.gerrit.plugin import GerritPlugin
from plugins.gerrit.reader import GerritReader
from tests.app.reading.plugin_host import ReadingHost
from tests.app.reading.web_server import Asked, WebServer, reply, serving
from tests.plugins.archives import a_tarball

GITILES = "https://gerrit.example/plugins/gitiles"
INTEGRATION = GerritIntegration(GITILES, "https://gerrit.example")
FILE = f"{GITILES}/web/project/+/refs/heads/main/a/catalog-info.yaml"
FILES = {"a/catalog-info.yaml": "a", "b/catalog-info.yaml": "b"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{GITILES}/web/project", ("web", "project", None, None)),
        (f"{GITILES}/project", ("", "project", None, None)),
        (FILE, ("web", "project", "main", "a/catalog-info.yaml")),
        (f"{GITILES}/p/+/refs/tags/v1/x", ("", "p", "refs/tags/v1", "x")),
        (f"{GITILES}/p/+/HEAD/x", ("", "p", "HEAD", "x")),
    ],
)
def test_a_project_and_a_file_in_it(url: str, expected: tuple[str | None, ...]) -> None:
    assert INTEGRATION.repository(url) == RepositoryFile("gerrit.example", *expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["", "/+/refs/heads/main/x", "/p/+/refs/heads/main/%2e%2e/x", "/p%2F..%2Fx/+/HEAD/x"])
def test_what_names_no_file(path: str) -> None:
    assert INTEGRATION.repository(f"{GITILES}{path}") is None


def test_urls() -> None:
    assert INTEGRATION.resolve_url("/x.yaml", FILE) == f"{GITILES}/web/project/+/refs/heads/main/x.yaml"
    assert INTEGRATION.resolve_url("./x.yaml", FILE) == f"{GITILES}/web/project/+/refs/heads/main/a/x.yaml"
    assert (
        INTEGRATION.resolve_url("//evil.example/x", FILE) == f"{GITILES}/web/project/+/refs/heads/main/evil.example/x"
    )
    assert INTEGRATION.resolve_url("https://else.where/x", FILE) == "https://else.where/x"
    edit = "https://gerrit.example/admin/repos/edit/repo/web/project/branch/refs/heads/main/file/a/catalog-info.yaml"
    assert INTEGRATION.resolve_edit_url(FILE) == edit
    assert GerritIntegration(GITILES, "https://gerrit.example", disable_edit_url=True).resolve_edit_url(FILE) == FILE


class Gerrit:
    def __init__(self) -> None:
        self.said: bytes | None = None

    def __call__(self, asked: Asked) -> bytes:
        if self.said is not None:
            return self.said
        for signed_in in ("", "/a"):
            api = f"{signed_in}/projects/web%2Fproject/branches/main"
            if asked.target == f"{api}/files/a%2Fcatalog-info.yaml/content":
                return reply(base64.b64encode(asked.headers.get("authorization", "none").encode()))
            if asked.target == api:
                return reply(b")]}'\n" + orjson.dumps({"ref": "refs/heads/main", "revision": "c0ffee"}))
            if asked.target == f"/gitiles{signed_in}/web/project/+archive/c0ffee.tar.gz":
                return reply(a_tarball("", FILES))
        return reply(b"{}", "404 Not Found")


@pytest.fixture
def gerrit() -> Gerrit:
    return Gerrit()


@pytest.fixture
async def server(gerrit: Gerrit) -> AsyncIterator[WebServer]:
    async with serving(gerrit) as running:
        yield running


def reader_of(server: WebServer, tmp_path: Path, **more: Any) -> GerritReader:
    settings = {"host": server.host, "baseUrl": server.url, "gitilesBaseUrl": f"{server.url}/gitiles/", **more}
    host = ReadingHost({"integrations": {"gerrit": [settings]}}, tmp_path)
    GerritPlugin().register(host)  # type: ignore[arg-type]
    reader = host.reading.reader_for(server.url)
    assert isinstance(reader, GerritReader)
    return reader


def url(server: WebServer, path: str) -> str:
    return f"{server.url}/gitiles/web/project/+/refs/heads/main/{path}"


async def test_a_file_is_read_with_and_without_signing_in(server: WebServer, tmp_path: Path) -> None:
    signed_in = reader_of(server, tmp_path, username="u", password="p")
    expected = b"Basic " + base64.b64encode(b"u:p")
    assert (await signed_in.read_url(url(server, "a/catalog-info.yaml"))).content == expected
    assert (await reader_of(server, tmp_path).read_url(url(server, "a/catalog-info.yaml"))).content == b"none"


async def test_a_glob_and_a_tree(server: WebServer, tmp_path: Path) -> None:
    reader = reader_of(server, tmp_path, username="u", password="p")
    found = await reader.search(url(server, "*/catalog-info.yaml"))
    assert [(file.url, await file.read()) for file in found.files] == [
        (url(server, "a/catalog-info.yaml"), b"a"),
        (url(server, "b/catalog-info.yaml"), b"b"),
    ]
    with pytest.raises(NotModifiedError):
        await reader.read_tree(url(server, "a"), etag=found.etag)


async def test_what_is_missing_is_not_found(server: WebServer, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        await reader_of(server, tmp_path).read_url(url(server, "none.yaml"))


@pytest.mark.parametrize("path", ["a/catalog-info.yaml", "*/catalog-info.yaml"])
@pytest.mark.parametrize(
    ("said", "error"),
    [
        (reply(status="500 Oops"), ServiceUnavailableError),
        (reply(status="429 Slow down"), ServiceUnavailableError),
        (reply(b"h", content_length="9"), ServiceUnavailableError),
        (b"", ServiceUnavailableError),
        (reply(b"<html>"), CallboardError),
    ],
)
async def test_a_failing_host_is_an_error_and_never_an_empty_answer(
    said: bytes, error: type[Exception], path: str, gerrit: Gerrit, server: WebServer, tmp_path: Path
) -> None:
    gerrit.said = said
    with pytest.raises(error):
        await reader_of(server, tmp_path).search(url(server, path))


@pytest.mark.parametrize("path", ["%2e%2e/x", "a%2F..%2Fx", "a%252Fx"])
async def test_no_token_goes_where_an_odd_path_leads(path: str, server: WebServer, tmp_path: Path) -> None:
    """CVE-2026-29185."""
    with pytest.raises(InputError):
        await reader_of(server, tmp_path, username="u", password="p").search(url(server, path))
    assert server.asked == []
