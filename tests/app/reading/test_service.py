"""Which reader reads what, and the generic one. Sources: spec/catalog.md §5.3–5.5; conformance catalog-13, -14."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from app.errors import (
    CallboardError,
    InputError,
    NotAllowedError,
    NotFoundError,
    NotModifiedError,
    ServiceUnavailableError,
)
from app.interfaces import GitTarget, ReadResponse, RepositoryFile, SearchResponse
from app.reading.outgoing import GuardedClient
from app.reading.service import ReadingService
from tests.app.reading.configuration import allowing
from tests.app.reading.git_server import Repository
from tests.app.reading.web_server import HANG, Asked, reply, serving

Make = Callable[..., ReadingService]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    clients: list[GuardedClient] = []

    def made(*hosts: str, **rest: Any) -> ReadingService:
        config = allowing(*hosts, **rest)
        clients.append(GuardedClient(config))
        return ReadingService(config, clients[-1], tmp_path)

    yield made
    for client in clients:
        await client.close()


class Somewhere:
    type = "somewhere"
    host = "some.where"

    def resolve_url(self, url: str, base: str) -> str:
        return f"resolved:{url}"

    def resolve_edit_url(self, url: str) -> str:
        return f"edit:{url}"

    def repository(self, url: str) -> RepositoryFile | None:
        return None


class SomeReader:
    async def read_url(self, url: str, *, etag: str | None = None) -> ReadResponse:
        return ReadResponse(b"some")

    async def read_tree(self, url: str, *, etag: str | None = None) -> SearchResponse:
        return SearchResponse(())

    async def search(self, url: str, *, etag: str | None = None) -> SearchResponse:
        return SearchResponse(())


@pytest.mark.parametrize("url", ["https://blocked.example/x.yaml", "file:///etc/passwd", "/etc/passwd", "data:,x", ""])
def test_what_no_reader_covers_is_refused_in_the_references_words(make: Make, url: str) -> None:
    with pytest.raises(NotAllowedError) as caught:
        make("127.0.0.1:8790").reader_for(url)
    assert str(caught.value) == (
        f"Reading from '{url}' is not allowed. You may need to configure an integration for the target host, or add it "
        "to the configured list of allowed hosts at 'backend.reading.allow'"
    )


def test_a_readers_order_decides_and_the_generic_one_comes_last(make: Make) -> None:
    reading = make("some.where")
    later, earlier = SomeReader(), SomeReader()
    reading.add_reader(lambda url: True, later, order=60)
    reading.add_reader(lambda url: "some" in url, earlier)
    assert reading.reader_for("https://some.where/x") is earlier
    assert reading.reader_for("https://else.where/x") is later


def test_an_integration_speaks_for_its_host_alone(make: Make) -> None:
    reading = make()
    reading.add_integration(Somewhere())
    assert reading.integration_for("https://SOME.where/x") is not None
    assert reading.integration_for("https://some.where:8443/x") is None
    assert reading.integration_for("https://some.where@evil.example/x") is None
    assert reading.resolve_url("./x", "https://some.where/a") == "resolved:./x"
    assert reading.resolve_url("./x", "https://else.where/a") == "https://else.where/x"
    assert reading.resolve_edit_url("https://some.where/a") == "edit:https://some.where/a"
    assert reading.resolve_edit_url("https://else.where/a") is None


def test_a_malformed_allow_list_stops_the_start(make: Make) -> None:
    with pytest.raises(InputError):
        make("https://example.com/")


async def test_a_file_is_read_with_its_validator(make: Make) -> None:
    def answer(asked: Asked) -> bytes:
        if asked.headers.get("if-none-match") == '"v1"':
            return reply(status="304 Not Modified")
        return reply(b"content", etag='"v1"')

    async with serving(answer) as server:
        reader = make(server.host).reader_for(server.url)
        response = await reader.read_url(f"{server.url}/a.yaml")
        assert (response.content, response.etag) == (b"content", '"v1"')
        with pytest.raises(NotModifiedError):
            await reader.search(f"{server.url}/a.yaml", etag=response.etag)


async def test_a_date_is_a_validator_only_when_it_is_past(make: Make) -> None:
    """In the second a file was written it may be written again, and its date would not tell."""
    now = 1_700_000_000
    ages = iter([0, 1, 10])

    def answer(asked: Asked) -> bytes:
        if "if-modified-since" in asked.headers:
            return reply(status="304 Not Modified")
        return reply(
            b"content", date=formatdate(now, usegmt=True), last_modified=formatdate(now - next(ages), usegmt=True)
        )

    async with serving(answer) as server:
        reader = make(server.host).reader_for(server.url)
        assert (await reader.search(f"{server.url}/a.yaml")).etag is None
        assert (await reader.search(f"{server.url}/a.yaml")).etag is None
        settled = (await reader.search(f"{server.url}/a.yaml")).etag
        assert settled is not None
        with pytest.raises(NotModifiedError):
            await reader.search(f"{server.url}/a.yaml", etag=settled)
        assert server.asked[-1].headers["if-modified-since"] == formatdate(now - 10, usegmt=True)


async def test_a_search_finds_nothing_where_there_is_nothing(make: Make) -> None:
    async with serving(lambda _: reply(status="404 File not found")) as server:
        reader = make(server.host).reader_for(server.url)
        assert await reader.search(f"{server.url}/none") == SearchResponse(())
        with pytest.raises(NotFoundError) as caught:
            await reader.read_url(f"{server.url}/none")
        assert str(caught.value) == f"could not read {server.url}/none, 404 File not found"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (reply(status="500 Internal Server Error"), ServiceUnavailableError),
        (reply(status="429 Too Many Requests"), ServiceUnavailableError),
        (reply(b"half", content_length="400"), ServiceUnavailableError),
        (b"", ServiceUnavailableError),
        (reply(status="403 Forbidden"), CallboardError),
        (reply(status="301 Moved Permanently", location="http://blocked.example/"), NotAllowedError),
    ],
)
async def test_a_failing_host_is_an_error_and_never_an_empty_answer(
    said: bytes, error: type[Exception], make: Make
) -> None:
    async with serving(lambda _: said) as server:
        reader = make(server.host).reader_for(server.url)
        with pytest.raises(error):
            await reader.search(f"{server.url}/a.yaml")


async def test_a_host_that_never_answers_does_not_hold_up_the_rest(make: Make) -> None:
    async with serving(lambda asked: HANG if asked.path == "/slow" else reply(b"fast")) as server:
        reading = make(server.host)
        slow = asyncio.ensure_future(reading.reader_for(server.url).read_url(f"{server.url}/slow"))
        assert (await reading.reader_for(server.url).read_url(f"{server.url}/fast")).content == b"fast"
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow


async def test_globs_need_an_integration(make: Make) -> None:
    reading = make("example.com")
    with pytest.raises(InputError, match="Unsupported search pattern URL"):
        await reading.reader_for("https://example.com/x").search("https://example.com/*.yaml")


@pytest.mark.parametrize("remote", ["https://evil.example/r.git", "ssh://git@evil.example/r.git", "file:///etc"])
async def test_git_remotes_need_leave_as_urls_do(make: Make, remote: str) -> None:
    reading = make("good.example")
    with pytest.raises(NotAllowedError, match="is not allowed"):
        await reading.git.search(GitTarget(remote, None, "/x"))


async def test_the_operators_own_locations_may_be_local_repositories(make: Make, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "srv")
    commit = repository.commit({"catalog-info.yaml": "x"})
    remote = f"file://{repository.bare}"
    locations = [{"type": "git", "target": f"{remote}?path=/*.yaml"}, {"type": "file", "target": "x"}]
    reading = make(catalog={"locations": locations})
    assert await reading.git.head(remote, None) == commit
    with pytest.raises(NotAllowedError):
        await reading.git.head(f"file://{tmp_path}/srv/other.git", None)


async def test_git_asks_integrations_for_credentials_and_leave(make: Make) -> None:
    reading = make()
    reading.add_integration(Somewhere())

    async def credentials(remote: str) -> tuple[str, str] | None:
        raise CallboardError(f"asked for {remote}")

    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34"]

    reading.git._resolve = resolve
    reading.add_git_credentials("some.where", credentials)
    with pytest.raises(CallboardError, match=r"asked for https://some\.where/r\.git"):
        await reading.git.head("https://some.where/r.git", None)
