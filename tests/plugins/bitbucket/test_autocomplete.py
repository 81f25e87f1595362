"""What Bitbucket Cloud offers for a form's fields."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
import pytest

from app.errors import InputError
from app.reading.outgoing import GuardedClient
from plugins.bitbucket.autocomplete import BitbucketCloudAutocomplete
from tests.app.reading.web_server import Asked, WebServer, reply, serving

Context = dict[str, str]


class Bitbucket:
    url = ""

    def __call__(self, asked: Asked) -> bytes:
        pages = {
            "/2.0/workspaces": {"values": [{"slug": "acme"}], "next": f"{self.url}/2.0/workspaces?page=2"},
            "/2.0/workspaces?page=2": {"values": [{"slug": "other"}], "next": "https://evil.example.com/2.0/x"},
            "/2.0/workspaces/acme/projects": {"values": [{"key": "LMP"}]},
            "/2.0/repositories/acme?q=project.key%3D%22LMP%22": {"values": [{"slug": "lamps"}]},
            "/2.0/repositories/acme/lamps/refs/branches": {"values": [{"name": "main"}]},
        }
        found = pages.get(asked.target)
        return reply(orjson.dumps(found)) if found else reply(b"{}", "404 Not Found")


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    bitbucket = Bitbucket()
    async with serving(bitbucket) as running:
        bitbucket.url = running.url
        yield running


@pytest.fixture
async def autocomplete(server: WebServer) -> AsyncIterator[BitbucketCloudAutocomplete]:
    client = GuardedClient()
    client.trust(server.url)
    yield BitbucketCloudAutocomplete(client, f"{server.url}/2.0")
    await client.close()


@pytest.mark.parametrize(
    ("resource", "context", "expected"),
    [
        ("workspaces", {}, ["acme", "other"]),
        ("projects", {"workspace": "acme"}, ["LMP"]),
        ("repositories", {"workspace": "acme", "project": "LMP"}, ["lamps"]),
        ("branches", {"workspace": "acme", "repository": "lamps"}, ["main"]),
    ],
)
async def test_what_there_is_is_offered(
    autocomplete: BitbucketCloudAutocomplete, server: WebServer, resource: str, context: Context, expected: list[str]
) -> None:
    assert await autocomplete(resource, "t0k", context) == [{"id": one} for one in expected]
    assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer t0k"}


@pytest.mark.parametrize(
    ("resource", "context", "said"),
    [
        ("x", {}, "Invalid resource: x"),
        ("projects", {}, "Missing workspace context parameter"),
        ("projects", {"workspace": "ghosts"}, "refuses"),
        ("repositories", {"workspace": "acme"}, "Missing workspace and/or project context parameter"),
        ("repositories", {"workspace": "acme", "project": 'a" OR "'}, "is no project's key"),
        ("branches", {"workspace": "acme"}, "Missing workspace and/or repository context parameter"),
    ],
)
async def test_what_cannot_be_listed_is_an_error(
    autocomplete: BitbucketCloudAutocomplete, resource: str, context: Context, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        await autocomplete(resource, "t0k", context)
