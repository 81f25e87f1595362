"""Gitea's URLs, and reading against a server that answers as Gitea does. Source: spec/catalog.md §5.4, §5.5."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.errors import (
    AuthenticationError,
    CallboardError,
    InputError,
    NotFoundError,
    NotModifiedError,
    ServiceUnavailableError,
)
from app.interfaces import RepositoryFile
from plugins.gitea.integration import GiteaIntegration
from plugins.gitea.plugin import GiteaPlugin
from plugins.gitea.reader import GiteaReader
from tests.app.reading.plugin_host import ReadingHost
from tests.app.reading.web_server import Asked, WebServer, reply, serving
from tests.plugins.archives import a_tarball

INTEGRATION = GiteaIntegration("gitea.example", "https://gitea.example")
FILE = "https://gitea.example/owner/repo/src/branch/main/a/catalog-info.yaml"
FILES = {"a/catalog-info.yaml": "a", "b/catalog-info.yaml": "b", "c.txt": "c"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://gitea.example/owner/repo", RepositoryFile("gitea.example", "owner", "repo")),
        (FILE, RepositoryFile("gitea.example", "owner", "repo", "main", "a/catalog-info.yaml")),
        ("https://gitea.example/o/r/src/tag/v1/x", RepositoryFile("gitea.example", "o", "r", "v1", "x")),
        ("https://gitea.example/o/r/src/main/x", RepositoryFile("gitea.example", "o", "r", "main", "x")),
        ("https://gitea.example/o", None),
        ("https://gitea.example/o/r/src/branch/main/%2e%2e/x", None),
    ],
)
def test_a_repository_and_a_file_in_it(url: str, expected: RepositoryFile | None) -> None:
    assert INTEGRATION.repository(url) == expected


def test_urls() -> None:
    assert INTEGRATION.resolve_edit_url(FILE) == "https://gitea.example/owner/repo/_edit/main/a/catalog-info.yaml"
    assert INTEGRATION.resolve_url("./", FILE) == "https://gitea.example/owner/repo/src/branch/main/a/"
    assert INTEGRATION.resolve_url("/x.yaml", FILE) == "https://gitea.example/owner/repo/src/branch/main/x.yaml"


class Gitea:
    def __init__(self) -> None:
        self.said: bytes | None = None

    def __call__(self, asked: Asked) -> bytes:
        if self.said is not None:
            return self.said
        api = "/api/v1/repos/owner/repo"
        if asked.target == f"{api}/contents/a/catalog-info.yaml?ref=main":
            content = base64.b64encode(asked.headers.get("authorization", "").encode()).decode()
            return reply(orjson.dumps({"sha": "b10b", "encoding": "base64", "content": content, "type": "file"}))
        if asked.target == f"{api}/contents/a?ref=main":
            return reply(orjson.dumps({"sha": "t", "encoding": None, "content": None, "type": "dir"}))
        if asked.target == f"{api}/commits?limit=1&stat=false&verification=false&files=false&sha=main":
            return reply(orjson.dumps([{"sha": "c0ffee"}]))
        if asked.target == f"{api}/archive/c0ffee.tar.gz":
            return reply(a_tarball("repo", FILES))
        return reply(b"{}", "404 Not Found")


@pytest.fixture
def gitea() -> Gitea:
    return Gitea()


@pytest.fixture
async def server(gitea: Gitea) -> AsyncIterator[WebServer]:
    async with serving(gitea) as running:
        yield running


def reader_of(server: WebServer, tmp_path: Path, **more: Any) -> GiteaReader:
    host = ReadingHost({"integrations": {"gitea": [{"host": server.host, "baseUrl": server.url, **more}]}}, tmp_path)
    GiteaPlugin().register(host)  # type: ignore[arg-type]
    reader = host.reading.reader_for(server.url)
    assert isinstance(reader, GiteaReader)
    return reader


def url(server: WebServer, path: str) -> str:
    return f"{server.url}/owner/repo/src/branch/main/{path}"


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"password": "t0k"}, b"token t0k"),
        ({"username": "u", "password": "p"}, b"Basic " + base64.b64encode(b"u:p")),
        ({}, b""),
    ],
)
async def test_a_file_is_read_by_whoever_signs_in(
    settings: dict[str, Any], sent: bytes, server: WebServer, tmp_path: Path
) -> None:
    reader = reader_of(server, tmp_path, **settings)
    response = await reader.read_url(url(server, "a/catalog-info.yaml"))
    assert (response.content, response.etag) == (sent, "b10b")
    with pytest.raises(NotModifiedError):
        await reader.search(url(server, "a/catalog-info.yaml"), etag="b10b")


async def test_a_glob_and_a_tree(server: WebServer, tmp_path: Path) -> None:
    reader = reader_of(server, tmp_path)
    found = await reader.search(url(server, "*/catalog-info.yaml"))
    assert [(file.url, await file.read()) for file in found.files] == [
        (url(server, "a/catalog-info.yaml"), b"a"),
        (url(server, "b/catalog-info.yaml"), b"b"),
    ]
    with pytest.raises(NotModifiedError):
        await reader.read_tree(url(server, "a"), etag=found.etag)


async def test_what_is_missing_or_no_file_is_told(server: WebServer, tmp_path: Path) -> None:
    reader = reader_of(server, tmp_path)
    with pytest.raises(NotFoundError):
        await reader.read_url(url(server, "none.yaml"))
    with pytest.raises(CallboardError, match="not a file"):
        await reader.read_url(url(server, "a"))


@pytest.mark.parametrize("path", ["a/catalog-info.yaml", "*/catalog-info.yaml"])
@pytest.mark.parametrize(
    ("said", "error"),
    [
        (reply(status="500 Oops"), ServiceUnavailableError),
        (reply(status="429 Slow down"), ServiceUnavailableError),
        (reply(status="403 Forbidden"), AuthenticationError),
        (reply(b"h", content_length="9"), ServiceUnavailableError),
        (b"", ServiceUnavailableError),
        (reply(b"<html>"), CallboardError),
        (reply(b"{}"), CallboardError),
    ],
)
async def test_a_failing_host_is_an_error_and_never_an_empty_answer(
    said: bytes, error: type[Exception], path: str, gitea: Gitea, server: WebServer, tmp_path: Path
) -> None:
    gitea.said = said
    with pytest.raises(error):
        await reader_of(server, tmp_path).search(url(server, path))


@pytest.mark.parametrize("path", ["%2e%2e/x", "a%2F..%2Fx", "a%252Fx"])
async def test_no_token_goes_where_an_odd_path_leads(path: str, server: WebServer, tmp_path: Path) -> None:
    """CVE-2026-29185."""
    with pytest.raises(InputError):
        await reader_of(server, tmp_path, password="t").search(url(server, path))
    assert server.asked == []
