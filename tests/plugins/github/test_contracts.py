"""GitHub's reader and provider keep what readers and providers promise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.events import EventBus
from app.interfaces import Event, UrlReader
from app.reading.outgoing import GuardedClient
from app.testing.reader import ReaderContract, ReaderVendor
from catalog.interfaces import EntitiesCatalog
from catalog.testing.provider import Deliver, ProviderContract, ProviderVendor
from plugins.github.api.outgoing import budgeted
from plugins.github.api.priority import Priority
from plugins.github.discovery.events import RepositoryEvents
from plugins.github.discovery.provider import GithubEntityProvider
from plugins.github.discovery.selection import Selection, location_ref_of
from plugins.github.discovery.settings import GithubProviderSettings
from plugins.github.discovery.source import RepositorySource
from plugins.github.reader import GithubReader
from tests.plugins.github.asking import PassingClock, asking
from tests.plugins.github.fake import FakeGithub, fake_github
from tests.plugins.github.fake.faults import Fault, bad_gateway, everything, too_many
from tests.plugins.github.fake.routing import Reply, failed

REPLIES: Mapping[str, Reply | bytes] = {
    "limited": too_many(),
    "broken": bad_gateway(),
    "half": b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf",
    "nonsense": Reply(raw=b"<html>sign in</html>"),
    "forbidden": failed(403, "Resource not accessible by integration"),
}


class _Stumbling:
    """Of a minute that GitHub wants to be left alone, nobody waits here."""

    github: FakeGithub
    clock: PassingClock

    async def stumble(self, how: str | None) -> None:
        self.github.faults.clear()
        if how is not None:
            self.github.faults.append(Fault(everything, REPLIES[how], times=1_000_000))
        else:
            await self.clock.sleep(3600)


class GithubReaderVendor(_Stumbling):
    globs = etags = True

    def __init__(self, github: FakeGithub, reader: UrlReader, clock: PassingClock) -> None:
        self.github, self.reader, self.clock = github, reader, clock

    def url(self, path: str) -> str:
        return f"{self.github.url}/acme/one/tree/main/{path}"

    async def write(self, files: Mapping[str, bytes | None]) -> None:
        self.github.world.push(self.github.world.repos["acme/one"], files)


class TestGithubReader(ReaderContract):
    @pytest.fixture
    async def vendor(self, tmp_path: Path) -> AsyncIterator[ReaderVendor]:
        clock = PassingClock()
        async with fake_github() as github, asking(github, clock=clock) as hosts:
            github.world.add_org("acme")
            github.world.add_repo("acme", "one", self.FILES)
            connection, outgoing = hosts.connection(github.host), GuardedClient()
            outgoing.trust(github.url)
            at_its_pace = budgeted(outgoing, connection, Priority.READ)
            versions = hosts.versions(github.host)
            yield GithubReaderVendor(
                github, GithubReader(at_its_pace, connection.settings, connection.credentials, versions), clock
            )
            await outgoing.close()


class _NothingProcessed:
    """A catalog that has processed whatever it is asked for."""

    async def by_refs(self, refs: list[str]) -> list[bytes]:
        return [b"{}"] * len(refs)


class GithubProviderVendor(_Stumbling):
    def __init__(self, github: FakeGithub, provider: GithubEntityProvider, clock: PassingClock) -> None:
        self.github, self.provider, self.clock = github, provider, clock
        self.events = EventBus()
        RepositoryEvents([provider], clock).subscribe(self.events)

    async def refresh(self) -> None:
        await self.provider.refresh()

    async def add(self, name: str) -> Deliver:
        self.github.world.add_repo("acme", name, {"catalog-info.yaml": "kind: Component"})
        return self._deliver()

    async def remove(self, name: str) -> Deliver:
        self.github.world.delete_repo(self.github.world.repos[f"acme/{name}"])
        return self._deliver()

    def emitted(self, name: str) -> str:
        return location_ref_of(f"{self.github.url}/acme/{name}/blob/main/catalog-info.yaml")

    def _deliver(self) -> Deliver:
        hooks = self.github.world.take_hooks()

        async def deliver() -> None:
            for event, payload in hooks:
                await self.events.publish(Event(f"github.{event}", payload))

        return deliver


class TestGithubProvider(ProviderContract):
    @pytest.fixture
    async def vendor(self) -> AsyncIterator[ProviderVendor]:
        clock = PassingClock()
        async with fake_github() as github, asking(github, clock=clock) as hosts:
            github.world.add_org("acme")
            settings = GithubProviderSettings(organization="acme", host=github.host)
            selection = Selection(settings)
            catalog: Any = _NothingProcessed()

            def processed() -> EntitiesCatalog:
                found: EntitiesCatalog = catalog
                return found

            source = RepositorySource(settings, selection, hosts)
            yield GithubProviderVendor(
                github, GithubEntityProvider("test", settings, source, selection, processed), clock
            )
