"""The entity provider: Locations for the descriptors of repositories. Source: spec/catalog.md §6.2.

What it tells of itself is whole or nothing. What it no longer finds it asks GitHub about before letting go: a listing
that came short takes nothing from the catalog, and what has moved is followed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Final

from catalog.interfaces import DeltaMutation, EntitiesCatalog, FullMutation, ProviderConnection
from plugins.github.api.priority import Priority
from plugins.github.discovery.repository import Repository
from plugins.github.discovery.selection import Selection, location_of, location_ref_of, repository_of, target_of
from plugins.github.discovery.settings import GithubProviderSettings
from plugins.github.discovery.source import RepositorySource

PROCESSED_WITHIN_S: Final = 20.0
"""How long a new location is waited for before the old one of the same repository goes."""
LOOK_EVERY_S: Final = 0.02

log = logging.getLogger(__name__)
Follow = Callable[[Repository], Awaitable[bool]]
"""Tells the other providers of a repository that is now somebody else's; whether one of them takes it."""


async def _nobody(_repository: Repository) -> bool:
    return False


class GithubEntityProvider:
    """See `catalog.interfaces.EntityProvider`."""

    def __init__(
        self,
        provider_id: str,
        settings: GithubProviderSettings,
        source: RepositorySource,
        selection: Selection,
        catalog: Callable[[], EntitiesCatalog],
    ) -> None:
        self.name = f"github-provider:{provider_id}"
        self.settings = settings
        self.source = source
        self.selection = selection
        self.follow_elsewhere: Follow = _nobody
        self._catalog = catalog
        self._connection: ProviderConnection | None = None
        self._turn = asyncio.Lock()

    async def connect(self, connection: ProviderConnection) -> None:
        self._connection = connection

    @property
    def connected(self) -> bool:
        return self._connection is not None

    # ----------------------------------------------------------------------------------------------- everything

    async def refresh(self) -> None:
        """Bring the catalog in line with what GitHub has. Raises, and changes nothing, when GitHub does not tell."""
        if self._connection is None:
            return
        began = time.monotonic()
        found = await self.source.everything()
        wanted = {self.selection.target(one) for one in found if self.selection.takes(one)}
        async with self._turn:
            held = {target_of(entity) for entity in await self._connection.held()}
            gone = held - wanted
            if gone:
                kept = await self._still_there(gone, {one.slug for one in found})
                wanted |= kept
                await self._prepare(wanted - held)
            entities = [location_of(target, self.name) for target in sorted(wanted)]
            result = await self._connection.apply_mutation(FullMutation(entities))
        log.info(
            "%s: %d of %d repositories taken, %d added, %d removed in %.1f s",
            self.name,
            len(wanted),
            len(found),
            result.added,
            result.removed,
            time.monotonic() - began,
        )

    async def _still_there(self, gone: Collection[str], listed: Collection[str]) -> set[str]:
        """Those of the missing targets that GitHub, asked for each by name, still has just there."""
        missing: dict[str, tuple[str, str]] = {}
        for target in gone:
            place = repository_of(target)
            if place is not None and "/".join(place).lower() not in listed:
                missing["/".join(place).lower()] = place
        kept: set[str] = set()
        for slug, now in (await self.source.by_name(missing.values(), Priority.SCAN)).items():
            if now is None:
                continue
            if now.slug == slug:
                target = self.selection.target(now)
                if target in gone and self.selection.takes(now):
                    log.warning("%s: GitHub's listing lacks %s, which is there", self.name, now.url)
                    kept.add(target)
            elif not await self.source.covers(now.owner):
                await self.follow_elsewhere(now)
        return kept

    # -------------------------------------------------------------------------------------------------- changes

    async def take(self, repository: Repository, detail: Mapping[str, object]) -> bool:
        """A repository as it is now: add its location if the filters let it through. Whether it is taken."""
        if self._connection is None or not self.selection.takes(repository):
            return False
        target = self.selection.target(repository)
        async with self._turn:
            held = {target_of(entity) for entity in await self._connection.held()}
            if target not in held:
                await self._connection.apply_mutation(DeltaMutation([location_of(target, self.name)]), cause=detail)
        return True

    async def stale(self, slugs: Collection[str], living: Iterable[Repository]) -> list[str]:
        """The targets held of repositories (`owner/name`, lower case) that are none of what these repositories have
        now."""
        if self._connection is None:
            return []
        stay = {self.selection.target(one) for one in living if self.selection.takes(one)}
        held = [target_of(entity) for entity in await self._connection.held()]
        return [
            target
            for target in held
            if target not in stay and (place := repository_of(target)) and "/".join(place).lower() in slugs
        ]

    async def let_go(self, targets: Iterable[str], detail: Mapping[str, object]) -> None:
        """Remove the locations of these targets."""
        removed = [location_ref_of(target) for target in targets]
        if removed and self._connection is not None:
            async with self._turn:
                await self._connection.apply_mutation(DeltaMutation(removed=removed), cause=detail)

    async def holds(self, repository: Repository) -> bool:
        """Whether the catalog knows the location of a repository."""
        (document,) = await self._catalog().by_refs([location_ref_of(self.selection.target(repository))])
        return document is not None

    async def refresh_files(self, repository: Repository, paths: Iterable[str], detail: Mapping[str, object]) -> int:
        if self._connection is None:
            return 0
        return await self._connection.refresh(self.selection.refresh_keys(repository, paths), cause=detail)

    async def _prepare(self, added: Collection[str]) -> None:
        """Let new locations be known before old ones go: an entity that has moved is then handed over, and stays the
        same."""
        if not added or self._connection is None:
            return
        await self._connection.apply_mutation(DeltaMutation([location_of(one, self.name) for one in sorted(added)]))
        await self.processed(added)

    async def processed(self, targets: Collection[str]) -> bool:
        """Whether the locations are known to the catalog, waiting for it."""
        refs = [location_ref_of(target) for target in sorted(targets)]
        until = time.monotonic() + PROCESSED_WITHIN_S
        while time.monotonic() < until:
            if all(document is not None for document in await self._catalog().by_refs(refs)):
                return True
            await asyncio.sleep(LOOK_EVERY_S)
        log.warning("%s: %d new locations are not processed yet", self.name, len(refs))
        return False
