"""Files that are looked at again, many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.reading.interfaces import RepositoryPlace
from plugins.github.versions import FRESH_S, Version, Versions, blob_sha
from tests.plugins.github.asking import asking
from tests.plugins.github.fake import FakeGithub, fake_github
from tests.plugins.github.fake.faults import Fault, to_graphql
from tests.plugins.github.fake.routing import failed

PLACES = [RepositoryPlace("acme", f"repo-{number}", "main", "catalog-info.yaml") for number in range(130)]


@pytest.fixture
async def github() -> AsyncIterator[FakeGithub]:
    async with fake_github() as fake:
        fake.world.add_org("acme")
        for number in range(130):
            fake.world.add_repo("acme", f"repo-{number}", {"catalog-info.yaml": f"number: {number}"}, hook=False)
        yield fake


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_many_are_asked_for_together_and_the_answers_serve_for_a_while(github: FakeGithub) -> None:
    time = Time()
    async with asking(github) as hosts:
        versions = Versions(hosts.connection(github.host), time)
        found = await asyncio.gather(*(versions.current(place) for place in PLACES))
        assert found == [Version(blob_sha(f"number: {number}".encode())) for number in range(130)]
        assert github.count("/graphql") == 2
        time.now += FRESH_S / 2
        await versions.current(PLACES[5])
        assert github.count("/graphql") == 2
        time.now += FRESH_S
        assert await versions.current(PLACES[5]) == found[5]
        assert github.count("/graphql") == 4  # along with all the others
        await asyncio.gather(*(versions.current(place) for place in PLACES))
        assert github.count("/graphql") == 4


async def test_what_is_not_there_is_told_from_what_nobody_knows(github: FakeGithub) -> None:
    async with asking(github) as hosts:
        versions = Versions(hosts.connection(github.host))
        nowhere = RepositoryPlace("acme", "repo-1", None, "none.yaml")
        unknown = RepositoryPlace("acme", "secret", None, "catalog-info.yaml")
        head = RepositoryPlace("acme", "repo-2", "main", "")
        commit = github.world.repos["acme/repo-2"].branches["main"]
        found = await asyncio.gather(*(versions.current(place) for place in (nowhere, unknown, head)))
        assert found == [Version(None), None, Version(commit)]


async def test_when_github_does_not_tell_nobody_waits_for_ever(github: FakeGithub) -> None:
    async with asking(github) as hosts:
        versions = Versions(hosts.connection(github.host))
        github.faults.append(Fault(to_graphql, failed(403, "no"), times=9))
        assert await asyncio.gather(*(versions.current(place) for place in PLACES[:3])) == [None] * 3
    async with asking(github, token=None) as hosts:
        assert await Versions(hosts.connection(github.host)).current(PLACES[0]) is None


async def test_what_was_read_meanwhile_is_newer_than_an_answer_under_way(github: FakeGithub) -> None:
    async with asking(github) as hosts:
        versions = Versions(hosts.connection(github.host))
        asked = asyncio.create_task(versions.current(PLACES[0]))
        while not github.count("/graphql"):  # noqa: ASYNC110 -- the fake has no event for it
            await asyncio.sleep(0.001)
        versions.learn(PLACES[0], "f" * 40)
        await asked
        assert await versions.current(PLACES[0]) == Version("f" * 40)
