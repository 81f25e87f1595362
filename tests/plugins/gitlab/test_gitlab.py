"""GitLab's URLs, and reading against a server that answers as GitLab does. Source: spec/catalog.md §5.4, §5.5."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from app.errors import InputError, NotFoundError, NotModifiedError, ServiceUnavailableError
from app.interfaces import RepositoryFile
from app.reading.interfaces import RepositoryReader
from plugins.gitlab.integration import GitlabIntegration
from plugins.gitlab.pace import Pace
from plugins.gitlab.plugin import GitlabPlugin
from plugins.gitlab.settings import GitlabIntegrations, GitlabRetry
from tests.app.reading.plugin_host import ReadingHost
from tests.app.reading.web_server import Asked, WebServer, reply, serving
from tests.plugins.archives import a_tarball

INTEGRATION = GitlabIntegration("gitlab.com")
BLOB = "https://gitlab.com/group/sub/project/-/blob/main/docs/catalog-info.yaml"
FILES = {"services/a/catalog-info.yaml": "a", "services/b/catalog-info.yaml": "b", "services/b/x.txt": "x"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://gitlab.com/group/sub/project", RepositoryFile("gitlab.com", "group/sub", "project")),
        ("https://gitlab.com/group/project.git", RepositoryFile("gitlab.com", "group", "project")),
        ("https://gitlab.com/onlyowner", RepositoryFile("gitlab.com", "", "onlyowner")),
        (BLOB, RepositoryFile("gitlab.com", "group/sub", "project", "main", "docs/catalog-info.yaml")),
        ("https://gitlab.com/g/p/blob/main/x.yaml", RepositoryFile("gitlab.com", "g", "p", "main", "x.yaml")),
        ("https://gitlab.com/g/blob/-/tree/main/blob/x", RepositoryFile("gitlab.com", "g", "blob", "main", "blob/x")),
        ("https://gitlab.com/g/p/-/issues/4", RepositoryFile("gitlab.com", "g", "p")),
        ("https://gitlab.com/", None),
        ("https://gitlab.com/g/p/-/blob/main/%2e%2e/%2e%2e/x", None),
        ("https://gitlab.com/g%2F..%2Fh/p/-/blob/main/x", None),
    ],
)
def test_a_project_and_a_file_in_it(url: str, expected: RepositoryFile | None) -> None:
    assert INTEGRATION.repository(url) == expected


def test_a_gitlab_below_a_path_knows_its_projects() -> None:
    below = GitlabIntegration("h.example", "/git/lab")
    assert below.repository("https://h.example/git/lab/g/p/-/blob/main/x") == RepositoryFile(
        "h.example", "g", "p", "main", "x"
    )
    assert below.repository("https://h.example/g/p") is None


def test_edit_urls() -> None:
    assert INTEGRATION.resolve_edit_url(BLOB) == BLOB.replace("/blob/", "/edit/")
    assert INTEGRATION.resolve_url("../x.yaml", BLOB) == "https://gitlab.com/group/sub/project/-/blob/main/x.yaml"


def test_the_public_host_is_there_without_being_asked_for() -> None:
    assert [host.api for host in GitlabIntegrations().hosts] == ["https://gitlab.com/api/v4"]


class Gitlab:
    def __init__(self) -> None:
        self.said: bytes | None = None

    def __call__(self, asked: Asked) -> bytes:
        if self.said is not None:
            return self.said
        api = "/api/v4/projects/group%2Fsub%2Fproject"
        if asked.target == f"{api}/repository/files/docs%2Fcatalog-info.yaml/raw?ref=main":
            if asked.headers.get("if-none-match") == 'W/"1"':
                return reply(status="304 Not Modified")
            return reply(b"root", etag='W/"1"')
        if asked.target == f"{api}/repository/commits?per_page=1&ref_name=main&path=services":
            return reply(orjson.dumps([{"id": "c0ffee", "title": "t"}]))
        if asked.target == f"{api}/repository/commits?per_page=1&ref_name=empty&path=services":
            return reply(b"[]")
        if asked.target == f"{api}/repository/archive.tar.gz?sha=c0ffee&path=services":
            return reply(a_tarball("project-c0ffee-services", FILES))
        if asked.target == f"{api}/jobs/artifacts/main/raw/build/x.json?job=build":
            return reply(b"artifact")
        return reply(b"{}", "404 Not Found")


@pytest.fixture
def gitlab() -> Gitlab:
    return Gitlab()


@pytest.fixture
async def server(gitlab: Gitlab) -> AsyncIterator[WebServer]:
    async with serving(gitlab) as running:
        yield running


def reader_of(server: WebServer, tmp_path: Path, **more: Any) -> RepositoryReader:
    settings = {"host": server.host, "baseUrl": server.url, "token": "t0k", **more}
    host = ReadingHost({"integrations": {"gitlab": [settings]}}, tmp_path)
    GitlabPlugin().register(host)  # type: ignore[arg-type]
    reader = host.reading.reader_for(server.url)
    assert isinstance(reader, RepositoryReader)
    return reader


def url(server: WebServer, path: str, ref: str = "main") -> str:
    return f"{server.url}/group/sub/project/-/blob/{ref}/{path}"


async def test_a_file_is_read_and_asked_for_again_only_when_it_changed(server: WebServer, tmp_path: Path) -> None:
    reader = reader_of(server, tmp_path)
    response = await reader.read_url(url(server, "docs/catalog-info.yaml"))
    assert (response.content, response.etag) == (b"root", 'W/"1"')
    assert server.asked[0].headers["authorization"] == "Bearer t0k"
    with pytest.raises(NotModifiedError):
        await reader.search(url(server, "docs/catalog-info.yaml"), etag=response.etag)


async def test_a_glob_looks_only_into_the_folder_it_can_match_in(server: WebServer, tmp_path: Path) -> None:
    reader = reader_of(server, tmp_path)
    pattern = url(server, "services/*/catalog-info.yaml")
    found = await reader.search(pattern)
    assert [(file.url, await file.read()) for file in found.files] == [
        (url(server, "services/a/catalog-info.yaml"), b"a"),
        (url(server, "services/b/catalog-info.yaml"), b"b"),
    ]
    with pytest.raises(NotModifiedError):
        await reader.search(pattern, etag=found.etag)


async def test_a_tree_is_relative_to_its_folder(server: WebServer, tmp_path: Path) -> None:
    found = await reader_of(server, tmp_path).read_tree(url(server, "services"))
    assert sorted(file.path for file in found.files) == ["a/catalog-info.yaml", "b/catalog-info.yaml", "b/x.txt"]


async def test_no_commits_are_not_an_empty_tree(server: WebServer, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        await reader_of(server, tmp_path).search(url(server, "services/*", "empty"))


async def test_job_artifacts_are_read(server: WebServer, tmp_path: Path) -> None:
    artifact = f"{server.url}/group/sub/project/-/jobs/artifacts/main/raw/build/x.json?job=build"
    assert (await reader_of(server, tmp_path).read_url(artifact)).content == b"artifact"


@pytest.mark.parametrize("path", ["docs/catalog-info.yaml", "services/*"])
@pytest.mark.parametrize(
    "said",
    [reply(status="500 Oops"), reply(status="429 Slow down"), reply(b"h", content_length="9"), b""],
)
async def test_a_failing_host_is_an_error_and_never_an_empty_answer(
    said: bytes, path: str, gitlab: Gitlab, server: WebServer, tmp_path: Path
) -> None:
    gitlab.said = said
    with pytest.raises(ServiceUnavailableError):
        await reader_of(server, tmp_path).search(url(server, path))


@pytest.mark.parametrize("path", ["%2e%2e/x", "a%2F..%2Fx", "..%2F..%2F..%2Fuser", "a%252Fx"])
async def test_no_token_goes_where_an_odd_path_leads(path: str, server: WebServer, tmp_path: Path) -> None:
    """CVE-2026-29185."""
    with pytest.raises(InputError):
        await reader_of(server, tmp_path).search(url(server, path))
    assert server.asked == []


async def test_a_busy_host_is_asked_again_as_configured(server: WebServer, tmp_path: Path) -> None:
    answers = iter([reply(status="503 Busy"), reply(status="503 Busy"), reply(b"at last")])
    async with serving(lambda _: next(answers)) as busy:
        reader = reader_of(busy, tmp_path, retry={"maxRetries": 2, "retryStatusCodes": [503]})
        assert (await reader.read_url(url(busy, "x"))).content == b"at last"
        assert len(busy.asked) == 3


async def test_the_pace_is_that_of_the_configuration() -> None:
    now, slept = 0.0, []

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    async def ask() -> httpx.Response:
        return httpx.Response(200)

    pace = Pace(GitlabRetry(max_api_requests_per_minute=2), sleep=sleep, now=lambda: now)
    for _ in range(5):
        await pace.run(ask)
    assert slept == [60.0, 60.0]


async def test_a_retry_waits_as_long_as_it_is_told() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def ask() -> httpx.Response:
        return httpx.Response(429, headers={"retry-after": "7"})

    pace = Pace(GitlabRetry(max_retries=2, retry_status_codes=(429,)), sleep=sleep)
    assert (await pace.run(ask)).status_code == 429
    assert slept == [7.0, 7.0]
