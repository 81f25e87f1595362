"""Reads one source page by page: bursts, pauses, a rest, and longer and longer waits after failures.

A page is in the catalog before it is marked, so a process may be killed anywhere: the page is read once more. Nothing
is written while the source rests. Source: spec/catalog.md §1.5.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final, Literal

from app.errors import ServiceUnavailableError, describe
from catalog.interfaces import DeltaMutation, IncrementalEntityProvider, SourcePage
from catalog.model.refs import ref_of
from catalog.store.ingestions import CHANNEL, Ingestion, Ingestions
from catalog.store.texts import storable

if TYPE_CHECKING:
    from app.interfaces import Database
    from catalog.ingestion.connection import Connection

log = logging.getLogger(__name__)

LOOK_S: Final = 5.0
"""What somebody asked for by hand in another process is noticed after so long, where notifications do not reach."""
RETRY_S: Final = 1.0
MAX_ERROR: Final = 700
"""Characters of an error that are kept."""


class IncrementalIngestion:
    """Of one provider. Runs in one process at a time."""

    def __init__(
        self, provider: IncrementalEntityProvider, connection: Connection, ingestions: Ingestions, database: Database
    ) -> None:
        self._provider = provider
        self._connection = connection
        self._ingestions = ingestions
        self._database = database
        self._wake = asyncio.Event()
        database.listen(CHANNEL, self._heard)

    def _heard(self, provider: str) -> None:
        if provider == self._provider.name:
            self._wake.set()

    async def run(self) -> None:
        """Until cancelled. A database that is away is waited for."""
        while True:
            try:
                async with self._database.leadership(f"incremental {self._provider.name}"):
                    while True:
                        self._wake.clear()
                        await self._rest(await self.tick())
            except ServiceUnavailableError as error:
                log.warning("the ingestion of %s waits: %s", self._provider.name, error)
                await asyncio.sleep(RETRY_S)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(min(max(seconds, 0.0), LOOK_S)):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def tick(self) -> float:
        """Do what is next, if its time has come. Gives the seconds until something may be to be done."""
        now = self._ingestions.now()
        current = await self._ingestions.current(self._provider.name)
        if current is None:
            current = await self._ingestions.begin(self._provider.name)
            log.info("ingestion of %s begins", self._provider.name)
        if current.next_action == "cancel":
            log.info("ingestion of %s is given up, and begins anew", self._provider.name)
            await self._ingestions.complete(current.id)
            return 0
        if current.next_action_at > now:
            return (current.next_action_at - now) / 1000
        if current.next_action == "rest":
            await self._ingestions.complete(current.id)
            return 0
        return await self._burst(current)

    async def _burst(self, current: Ingestion) -> float:
        pace = self._provider.pace
        try:
            done = await self._read(current)
        except ServiceUnavailableError:
            raise
        except Exception as error:
            wait = pace.back_off[min(current.attempts, len(pace.back_off) - 1)].total_seconds() if pace.back_off else 0
            log.exception("ingestion of %s failed; it goes on in %.0f s", self._provider.name, wait)
            return await self._next(
                current,
                "backing off",
                "backoff",
                wait,
                attempts=current.attempts + 1,
                error=describe(error)[:MAX_ERROR],
            )
        if done:
            log.info("ingestion of %s is complete", self._provider.name)
            return await self._next(current, "resting", "rest", pace.rest_length.total_seconds())
        return await self._next(current, "interstitial", "ingest", pace.burst_interval.total_seconds())

    async def _next(
        self,
        current: Ingestion,
        status: str,
        action: Literal["ingest", "rest", "backoff"],
        seconds: float,
        *,
        attempts: int = 0,
        error: str | None = None,
    ) -> float:
        at = self._ingestions.now() + int(seconds * 1000)
        kept = await self._ingestions.update(
            current, status=status, action=action, at=at, attempts=attempts, error=error
        )
        # Somebody has asked for something else meanwhile.
        return seconds if kept else 0

    async def _read(self, current: Ingestion) -> bool:
        """Pages until the burst is over. Gives whether that was all."""
        provider, began = self._provider, time.monotonic()
        last = await self._ingestions.last_mark(current.id)
        sequence, cursor = (0, None) if last is None else (last.sequence + 1, last.cursor)
        async with provider.burst() as session:
            while True:
                page = await provider.next(session, cursor)
                await self._take(current, sequence, page)
                if page.done:
                    await self._finish(current)
                    return True
                sequence, cursor = sequence + 1, page.cursor
                if self._wake.is_set() or time.monotonic() - began > provider.pace.burst_length.total_seconds():
                    return False

    async def _take(self, current: Ingestion, sequence: int, page: SourcePage) -> None:
        if page.entities:
            await self._connection.apply_mutation(DeltaMutation(added=page.entities), cause={"page": sequence})
        refs = {storable(ref_of(deferred.entity)) for deferred in page.entities}
        await self._ingestions.mark(current.id, sequence, page.cursor, refs)

    async def _finish(self, current: Ingestion) -> None:
        """What the whole ingestion has not named goes."""
        stale = await self._ingestions.stale(self._provider.name, current.id)
        result = await self._connection.remove(stale)
        if result.held is not None:
            await self._ingestions.note(
                current.id,
                f"REMOVAL_THRESHOLD exceeded: {len(stale)} entities would have been removed;"
                f" held back as {result.held}",
            )
