"""What GitLab offers for a form's fields."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
import pytest

from app.errors import InputError, ServiceUnavailableError
from app.reading.outgoing import GuardedClient
from plugins.gitlab.autocomplete import GitlabAutocomplete
from plugins.gitlab.settings import GitlabHost
from tests.app.reading.web_server import Asked, WebServer, reply, serving


def gitlab(asked: Asked) -> bytes:
    if asked.headers.get("authorization") != "Bearer t0k":
        return reply(b"{}", "401 Unauthorized")
    path, _, query = asked.target.removeprefix("/api/v4").partition("?")
    if path == "/user":
        return reply(orjson.dumps({"id": 7, "username": "ada"}))
    if path == "/groups":
        numbers = range(1, 101) if "page=1" in query.split("&") else range(101, 103)
        return reply(orjson.dumps([{"id": n, "full_path": f"acme/{n}"} for n in numbers]))
    if path in ("/groups/3/projects", "/users/7/projects"):
        return reply(orjson.dumps([{"name": " Lamps ", "path": path.split("/")[1] + "-lamps"}]))
    return reply(b"{}", "404 Not Found" if "9" in path else "502 Bad Gateway")


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with serving(gitlab) as running:
        yield running


@pytest.fixture
async def autocomplete(server: WebServer) -> AsyncIterator[GitlabAutocomplete]:
    client = GuardedClient()
    client.trust(server.url)
    yield GitlabAutocomplete([GitlabHost(host=server.host, base_url=server.url)], client)
    await client.close()


async def test_groups_and_the_user_are_offered(autocomplete: GitlabAutocomplete, server: WebServer) -> None:
    found = await autocomplete("groups", "t0k", {"host": server.host})
    assert found[0] == {"title": "acme/1", "id": "1"}
    assert found[-2:] == [{"title": "acme/102", "id": "102"}, {"title": "ada", "id": "7"}]
    assert len(found) == 103


async def test_projects_are_those_of_a_group_or_of_the_user(
    autocomplete: GitlabAutocomplete, server: WebServer
) -> None:
    at = {"host": server.host}
    assert await autocomplete("repositories", "t0k", {**at, "id": "3"}) == [{"title": "Lamps", "id": "groups-lamps"}]
    assert await autocomplete("repositories", "t0k", {**at, "id": "7"}) == [{"title": "Lamps", "id": "users-lamps"}]
    with pytest.raises(InputError, match="Missing groupId and userId context parameter"):
        await autocomplete("repositories", "t0k", at)
    with pytest.raises(InputError, match="refuses"):
        await autocomplete("repositories", "t0k", {**at, "id": "9"})
    with pytest.raises(ServiceUnavailableError):
        await autocomplete("repositories", "t0k", {**at, "id": "8"})


async def test_a_token_goes_to_configured_hosts_alone(autocomplete: GitlabAutocomplete, server: WebServer) -> None:
    with pytest.raises(InputError, match="No integration for host"):
        await autocomplete("groups", "t0k", {"host": "evil.example.com"})
    with pytest.raises(InputError, match="Invalid resource: x"):
        await autocomplete("x", "t0k", {"host": server.host})
    with pytest.raises(InputError, match="401"):
        await autocomplete("groups", "wrong", {"host": server.host})
