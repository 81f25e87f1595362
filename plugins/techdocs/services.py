"""What the routes stand on, put together when it is first needed: other plugins have added their publishers by then."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from app.interfaces import PluginHost, SearchIndex
from catalog.interfaces import EntitiesCatalog
from plugins.techdocs.building.generator import Generator
from plugins.techdocs.building.sources import Sources
from plugins.techdocs.builds import BuildStore
from plugins.techdocs.collator import Announcer, TechdocsCollator
from plugins.techdocs.interfaces import Publisher, TechdocsExtensions
from plugins.techdocs.publishing.cached import CHANNEL, CachedPublisher
from plugins.techdocs.publishing.choice import Publishers
from plugins.techdocs.settings import AwsSettings, CollatorSettings, IntegrationSettings, TechdocsSettings
from plugins.techdocs.synchronizer import Synchronizer


class TechdocsServices:
    """Of one host. `publisher` raises InputError when the settings name none that there is."""

    def __init__(self, host: PluginHost) -> None:
        self._host = host
        self.settings = host.settings("techdocs", TechdocsSettings)
        self._aws = host.settings("aws", AwsSettings)
        self._integrations = host.settings("integrations", IntegrationSettings)
        self.builds = BuildStore(host.database)
        working = host.config.get("backend.workingDirectory")
        self.working = Path(working) if isinstance(working, str) else None
        """Where sites are built, if not in the system's temporary folder."""
        self.collator = TechdocsCollator(
            host.settings("search.collators.techdocs", CollatorSettings),
            lambda: host.service(EntitiesCatalog),
            lambda: self.publisher,
            keep_case=self.settings.legacy_use_case_sensitive_triplet_paths,
        )
        self.announcer = Announcer(self.collator, lambda: host.service(SearchIndex))

    @cached_property
    def publishers(self) -> Publishers:
        host = self._host
        others = host.extension(TechdocsExtensions).publishers
        return Publishers(
            self._aws,
            self._integrations,
            outgoing=host.outgoing,
            clock=host.clock,
            data_dir=host.data_dir,
            others=others,
        )

    @cached_property
    def publisher(self) -> Publisher:
        made, cache = self.publishers.of(self.settings.publisher), self.settings.cache
        if cache is None or not cache.ttl:
            return made
        return CachedPublisher(
            made, self._host.clock, ttl=cache.ttl, megabytes=cache.megabytes, published=self._tell_published
        )

    async def _tell_published(self, prefix: str) -> None:
        async with self._host.database.write() as transaction:
            await transaction.notify(CHANNEL, prefix)

    @cached_property
    def generator(self) -> Generator:
        return Generator(self.settings.generator)

    @cached_property
    def sources(self) -> Sources:
        return Sources(self._host.reading, self.settings.generator.limits)

    @cached_property
    def synchronizer(self) -> Synchronizer | None:
        """None where sites are built elsewhere."""
        if self.settings.builder != "local":
            return None
        return Synchronizer(
            publisher=self.publisher,
            generator=self.generator,
            sources=self.sources,
            reading=self._host.reading,
            store=self.builds,
            clock=self._host.clock,
            working=self.working,
            built=self.announcer,
        )

    async def start(self) -> None:
        await self.publisher.ready()
        await self.builds.forget(self._host.clock.now())

    async def stop(self) -> None:
        if self.synchronizer is not None:
            await self.synchronizer.stop()

    def heard_published(self, prefix: str) -> None:
        if isinstance(self.publisher, CachedPublisher):
            self.publisher.invalidate(prefix)

    def heard_released(self, uid: str) -> None:
        if self.synchronizer is not None:
            self.synchronizer.heard(uid)
