"""Keeps the index: collates what has to be collated, and follows what can be followed. One process does it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Final, TypeVar

from app.errors import ServiceUnavailableError
from app.interfaces import Clock, SearchChange, SearchCollator, SearchDocument, SearchPositionLostError
from plugins.search import metrics
from plugins.search.ahead import one_ahead
from plugins.search.catalog_documents import TYPE, EntityChanges, EntityDocument
from plugins.search.entries import Entry, entry_of, is_link
from plugins.search.store import Collated, SearchStore

LOOK_S: Final = 5.0
"""Seconds between two looks for requests, in case a notification was lost."""
SLICE: Final = 50
"""Documents prepared in one go: some milliseconds, for which everybody else waits."""
PAGE: Final = 1000
"""Refs of one statement."""
QUIET_S: Final = 2.0
"""After so many seconds without a change the index is tidied."""
RETRY_S: Final = (1.0, 60.0)
"""Seconds before a failed collator is tried again: at first, and at most (doubling)."""

log = logging.getLogger(__name__)
T = TypeVar("T")


class Indexer:
    """`collators` by type. `collate` may be run by anybody who leads, `run` by the process that stays."""

    def __init__(self, store: SearchStore, collators: Mapping[str, SearchCollator], clock: Clock) -> None:
        self._store = store
        self._collators = collators
        self._clock = clock
        self._pace = store.pace()
        self._asked = asyncio.Event()

    def wake(self, _payload: str = "") -> None:
        """Somebody has asked for a collation."""
        self._asked.set()

    async def run(self) -> None:
        """While this process leads, until cancelled."""
        async with self._store.database.leadership("search"):
            for gone in await self._store.forget(list(self._collators)):
                log.info("Documents of type '%s' are removed from the index: nobody collates them any more", gone)
            async with asyncio.TaskGroup() as group:
                for collator in self._collators.values():
                    group.create_task(self._keep(collator), name=f"search {collator.type}")
                group.create_task(self._tidy(), name="search tidy")

    async def collate_requested(self) -> None:
        """What is due, once this process leads: for those who do not stay."""
        async with self._store.database.leadership("search"):
            for collator in self._collators.values():
                if self._is_due(collator, await self._store.collated(collator.type)):
                    await self.collate(collator)

    async def _keep(self, collator: SearchCollator) -> None:
        """One type, for ever. A failing collator hinders no other."""
        delay, longest = RETRY_S
        while True:
            began = time.monotonic()
            try:
                await self._once(collator)
            except Exception as error:  # noqa: BLE001 -- collators are plugins' code
                if time.monotonic() - began > longest:
                    delay = RETRY_S[0]
                metrics.failures.labels(collator.type).inc()
                # A database that is away or full is nobody's mistake, and said of in one line.
                away = isinstance(error, ServiceUnavailableError)
                write = log.warning if away else log.error
                what = "Documents of type '%s' cannot be collated; again in %.0f s: %s"
                write(what, collator.type, delay, error, exc_info=None if away else error)
                await asyncio.sleep(delay)
                delay = min(delay * 2, longest)
            else:
                delay = RETRY_S[0]

    async def _once(self, collator: SearchCollator) -> None:
        """Collate what is due, then follow until the next collation is."""
        state = await self._store.collated(collator.type)
        if self._is_due(collator, state):
            await self.collate(collator)
            state = await self._store.collated(collator.type)
        assert state is not None
        following = asyncio.create_task(self._follow(collator, state.position))
        waiting = asyncio.create_task(self._until_due(collator))
        try:
            await asyncio.wait((following, waiting), return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
            if waiting.done():
                waiting.result()
        finally:
            for task in (following, waiting):
                task.cancel()
            await asyncio.gather(following, waiting, return_exceptions=True)

    def _is_due(self, collator: SearchCollator, state: Collated | None) -> bool:
        if state is None or state.requested or state.version != collator.version or state.collated_at is None:
            return True
        return collator.frequency is not None and self._clock.now() - state.collated_at >= collator.frequency

    async def _until_due(self, collator: SearchCollator) -> None:
        while True:
            self._asked.clear()
            if self._is_due(collator, await self._store.collated(collator.type)):
                return
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._asked.wait()
            except TimeoutError:
                continue

    # ---------------------------------------------------------------------------------------------- collating

    async def collate(self, collator: SearchCollator) -> int:
        """Everything of a type anew; gives how many documents there are.

        The index is in use meanwhile. A failure leaves what there was, as far as it was not replaced yet.
        """
        began = time.monotonic()
        generation = await self._store.begin(collator.type)
        count = 0
        async with asyncio.timeout(collator.timeout.total_seconds()):
            position = await collator.position()
            async with aclosing(self._ahead(self._documents(collator))) as documents:
                async for entries in documents:
                    for part in self._pace.parts(entries):
                        async with self._store.write() as write:
                            await write.put(collator.type, part, generation)
                        self._pace.note(len(part), write.held_s)
                    count += len(entries)
        gone = await self._store.end(collator.type, generation, collator.version, position, self._clock.now())
        if collator.type == TYPE:
            await self._adopt()
        took = time.monotonic() - began
        metrics.collations.labels(collator.type).observe(took)
        log.info("Collated %s documents of type '%s' in %.1f s, %s went", count, collator.type, took, gone)
        await self._count()
        return count

    def _ahead(self, source: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
        """PostgreSQL writes while this process prepares what is next; SQLite's driver and Python would only contend
        for the interpreter: measured, it is whole a quarter later."""
        return one_ahead(source) if self._store.database.dialect == "postgresql" else source

    async def _documents(self, collator: SearchCollator) -> AsyncGenerator[list[Entry], None]:
        async for some in collator.collate():
            yield await prepared(collator.type, some)

    async def _adopt(self) -> None:
        """Which entities have come to be since a lost position is not told: look at all that documents belong to."""
        refs = await self._store.resource_refs()
        for start in range(0, len(refs), PAGE):
            async with self._store.write() as write:
                await write.adopt(await self._store.visibility().numbers(refs[start : start + PAGE]))

    # ---------------------------------------------------------------------------------------------- following

    async def _follow(self, collator: SearchCollator, position: str | None) -> None:
        if position is None:
            # Nothing to follow: what changes is told, or comes with the next collation.
            await asyncio.Event().wait()
            return
        try:
            async with aclosing(self._ahead(self._changes(collator, position))) as changes:
                async for change, entries in changes:
                    await self._apply(collator.type, change, entries)
        except SearchPositionLostError as error:
            log.warning("Documents of type '%s' are collated anew: %s", collator.type, error)
            await self._store.request([collator.type])

    async def _changes(
        self, collator: SearchCollator, position: str
    ) -> AsyncGenerator[tuple[SearchChange, Sequence[Entry]], None]:
        async for change in collator.changes(position):
            yield change, await prepared(collator.type, change.put)

    async def apply(self, type: str, change: SearchChange) -> None:  # noqa: A002
        """One change, which somebody tells of."""
        await self._apply(type, change, await prepared(type, change.put))

    async def _apply(self, type: str, change: SearchChange, entries: Sequence[Entry]) -> None:  # noqa: A002
        """In as many transactions as it takes; the last one notes the position. Whoever is interrupted begins again,
        which changes nothing that is done already."""
        keys = [entry.key for entry in entries]
        for going, coming in self._pace.slices(change.removed, entries):
            async with self._store.write() as write:
                await write.remove(type, going, keys)
                await write.put(type, coming)
            self._pace.note(max(len(going), len(coming)), write.held_s)
        async with self._store.write() as write:
            if isinstance(change, EntityChanges):
                await write.adopt(change.created or {})
            if change.position is not None:
                await write.move(type, change.position)
        metrics.changes.labels(type).inc(len(change.put) + len(change.removed))

    # ------------------------------------------------------------------------------------------------ keeping

    async def _tidy(self) -> None:
        tidied = seen = await self._store.version()
        while True:
            await asyncio.sleep(QUIET_S)
            version = await self._store.version()
            if version == seen != tidied:
                try:
                    await self._store.words.tidy()
                except Exception:
                    # It is slower without, and nothing else.
                    log.warning("The index cannot be tidied", exc_info=True)
                await self._count()
                tidied = version
            seen = version

    async def _count(self) -> None:
        counts = await self._store.counts()
        for type_ in self._collators:
            metrics.documents.labels(type_).set(counts.get(type_, 0))


async def prepared(type: str, documents: Sequence[SearchDocument]) -> list[Entry]:  # noqa: A002
    """Documents as they are stored; those that lead nowhere safe are left out. Others get their turn in between."""
    entries: list[Entry] = []
    for place, document in enumerate(documents, 1):
        if is_link(document.location):
            number = document.number if isinstance(document, EntityDocument) else None
            entries.append(entry_of(type, document, number))
        else:
            log.warning("The document '%s' of type '%s' is no link, and not indexed", document.key, type)
        if place % SLICE == 0:
            await asyncio.sleep(0)
    return entries
