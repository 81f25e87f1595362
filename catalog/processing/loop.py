"""The ingest loop: what is due is processed, stored and stitched; what reads outside is looked at again.

One process leads at a time. Nothing is claimed by a write: a row stays due until what its pass gave is stored, so a
process may be killed anywhere and the next one goes on. Every step may run twice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

import orjson

from app.errors import CallboardError, InputError, ServiceUnavailableError
from catalog.ingestion.adoption import OrphanStrategy
from catalog.processing.outcome import outcome_of
from catalog.processing.pass_pool import PassPool
from catalog.processing.pipeline import Pass, Pipeline
from catalog.processing.recheck import Rechecker
from catalog.processing.rush import Rush
from catalog.processing.save import Saved, save
from catalog.processing.schedule import Schedule
from catalog.stitching.batch import Stitcher
from catalog.stitching.loop import StitchLoop
from catalog.store.documents import load_entity
from catalog.store.outcomes import DueRow, Outcome
from catalog.store.queue import due_rows, known_refs, next_due, outside_ids
from catalog.store.writing import CatalogStore

log = logging.getLogger(__name__)

BATCH = 500
TOGETHER = 500
"""Entities stored in one transaction, children included, unless one alone has more. Many Locations may end in the same
moment; on SQLite everybody who writes waits for the end of the transaction."""
READS = 32
"""Passes that read outside, at a time."""
WAITING = 1000
"""Claimed passes that wait for one of these places; beyond it only what does not read is claimed."""
GATHER_S = 0.01
"""While passes wait for a place, those that end within so long are stored together."""
PASS_TIMEOUT_S = 300.0
BREATH = 16
"""Passes without reading before requests are let in between: some milliseconds."""
IDLE_S = 60.0
"""Look at the database so often even when nobody has called: notifications may be missed."""
NEIGHBOUR_S = 2.0
"""So long it may take until what another process has written to a SQLite file is noticed."""
RETRY_S = 1.0


class Finished(NamedTuple):
    """A pass that ended, with what is to be stored of it. `ahead`: passes over children that are new."""

    outcome: Outcome
    ref: str
    seconds: float
    ahead: Sequence[Finished] = ()


Reporter = Callable[[Saved, Sequence[Finished]], Awaitable[None]]


class IngestLoop:
    """Runs in the leading process.

    `interval` in seconds; None: nothing is looked at again by itself. `settled` is called each time when work has been
    done and nothing more is to do.
    """

    def __init__(
        self,
        store: CatalogStore,
        pipeline: Pipeline,
        stitcher: Stitcher,
        report: Reporter,
        passes: PassPool,
        *,
        orphans: OrphanStrategy,
        interval: float | None,
        random: Random | None = None,
        settled: Callable[[], None] | None = None,
        rush: Rush | None = None,
    ) -> None:
        self._catalog = store
        self._settled = settled
        self._busy = False
        self._pipeline = pipeline
        self._passes = passes
        self._orphans = orphans
        self._tell = report
        self._schedule = Schedule(interval, random or Random())  # noqa: S311 -- spreads load, guards nothing
        self._rechecker = Rechecker(store, lambda: pipeline.steps)
        self._wake = asyncio.Event()
        self._beside = store.database.dialect == "postgresql"
        self._rush = rush or Rush()
        self._stitching = StitchLoop(stitcher, self._wake, self._rush, beside=self._beside)
        self._reading: dict[int, asyncio.Task[Finished]] = {}
        self._looking: asyncio.Task[list[DueRow]] | None = None
        self._waiting: deque[DueRow] = deque()
        self._claimed: set[int] = set()
        """Passes that are reading, wait for a place to do so, or are being stored."""
        self._saving: asyncio.Task[None] | None = None
        self._running = 0
        self._changed: list[DueRow] = []

    def wake(self, _payload: str = "") -> None:
        """Look for work at once: something is due, or waits to be stitched."""
        self._stitching.ask()
        self._wake.set()

    @property
    def reading(self) -> int:
        """How many passes are under way that may wait for something outside."""
        return len(self._claimed)

    @property
    def busy(self) -> bool:
        """Whether anything goes on beside the batches: passes that read, checks, stitching."""
        return bool(
            self._claimed
            or self._changed
            or self._saving is not None
            or self._looking is not None
            or self._stitching.busy
        )

    @property
    def watching(self) -> int:
        """How many entities are looked at again and again."""
        return len(self._schedule)

    async def run(self) -> None:
        """Until cancelled. A database that is away is waited for."""
        started = False
        try:
            while True:
                try:
                    if not started:
                        self._schedule.start(await outside_ids(self._catalog), time.monotonic())
                        started = True
                    if await self.step():
                        self._busy = True
                        continue
                    if self._busy and not self.reading:
                        self._busy = False
                        if self._settled is not None:
                            self._settled()
                    await self._rest()
                except ServiceUnavailableError as error:
                    log.warning("ingestion waits: %s", error)
                    await asyncio.sleep(RETRY_S)
        finally:
            self._waiting.clear()
            self._stitching.cancel()
            for task in (*self._reading.values(), self._looking, self._saving):
                if task is not None:
                    task.cancel()

    async def step(self) -> bool:
        """One batch. False when there is nothing to do but wait."""
        self._wake.clear()
        self._look_again()
        rows = await due_rows(self._catalog, limit=BATCH, besides=self._claimed, locations=len(self._waiting) < WAITING)
        changed, self._changed = self._changed, []
        finished = await self._process([*rows, *changed])
        if self._waiting:
            await asyncio.sleep(GATHER_S)
        finished += self._finished_reads()
        saved = await self._store(finished)
        return await self._stitching.turn(more=bool(rows or finished)) or saved

    async def _store(self, finished: Sequence[Finished]) -> bool:
        """Store these passes: on PostgreSQL beside the next ones, one batch at a time. Gives whether there was
        anything to store."""
        before, self._saving = self._saving, None
        if before is not None:
            await before
        if not finished:
            return before is not None
        self._claimed.update(one.outcome.row.entity_id for one in finished)
        saving = asyncio.create_task(self._save(finished), name="catalog-save")
        if self._beside:
            self._saving = saving
        else:
            await saving
        return True

    async def _rest(self) -> None:
        """Until something happens, or the next thing is to be looked at."""
        moments = [self._stitching.pause or IDLE_S]
        if (look := self._schedule.next_at()) is not None and self._looking is None:
            moments.append(look - time.monotonic())
        if (due := await next_due(self._catalog)) is not None and not self._reading:
            moments.append((due - self._catalog.now()) / 1000)
        until = time.monotonic() + max(min(moments), 0.0)
        seen = await self._catalog.database.data_version()
        while (left := until - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(min(left, NEIGHBOUR_S)):
                    await self._wake.wait()
                return
            except TimeoutError:
                # SQLite tells nobody of what another process has written, such as an import.
                if await self._catalog.database.data_version() != seen:
                    break
        # A net: notifications may be missed.
        self._stitching.ask()

    async def _process(self, rows: Sequence[DueRow]) -> list[Finished]:
        plain = []
        for row in rows:
            if not self._may_read(row):
                plain.append(row)
            elif row.entity_id not in self._claimed:
                self._claimed.add(row.entity_id)
                self._waiting.append(row)
        self._begin_reads()
        return await self._run_passes(plain)

    async def _run_passes(self, rows: Sequence[DueRow]) -> list[Finished]:
        """Passes over entities that read nothing outside."""
        began = time.perf_counter()
        outcomes = await self._passes.run(rows)
        seconds = (time.perf_counter() - began) / max(len(rows), 1)
        finished = []
        for number, (row, outcome) in enumerate(zip(rows, outcomes, strict=True)):
            if number % BREATH == 0:
                await asyncio.sleep(0)
            finished.append(await self._run_pass(row) if outcome is None else Finished(outcome, row.ref, seconds))
        return finished

    def _may_read(self, row: DueRow) -> bool:
        """Whether a pass may wait for something outside. Most do not, and are run one after the other."""
        return (
            bool(row.reads_outside)
            or not self._pipeline.pure
            or row.ref.startswith("location:")
            or '"$' in row.unprocessed
        )

    def _begin_reads(self) -> None:
        while self._waiting and self._running < READS:
            row = self._waiting.popleft()
            task = asyncio.create_task(self._pass(row), name=f"process {row.ref}")
            self._reading[row.entity_id] = task
            self._running += 1
            task.add_done_callback(self._read_ended)

    def _read_ended(self, _task: asyncio.Task[Finished]) -> None:
        self._running -= 1
        self._begin_reads()
        self._wake.set()

    async def _pass(self, row: DueRow) -> Finished:
        one = await self._run_pass(row)
        return one._replace(ahead=await self._ahead(one.outcome)) if one.outcome.children else one

    async def _ahead(self, parent: Outcome) -> list[Finished]:
        """Passes over children that are new, so that each is written once, with what its pass gave.

        A short cut and nothing more: children whose pass is not good, reads outside or has children of its own are
        stored as they came, and are due.
        """
        if not (parent.ok and parent.changed and self._pipeline.pure):
            return []
        known = await known_refs(self._catalog, [child.ref for child in parent.children])
        now = self._catalog.now()
        rows = [
            DueRow(0, child.ref, child.json, child.hash, None, False, "[]", "{}", 0, now, parent.cause)
            for child in parent.children
            if child.ref not in known
        ]
        ahead = [
            one
            for one in await self._run_passes([row for row in rows if not self._may_read(row)])
            if one.outcome.ok and not one.outcome.children and not one.outcome.reads_outside
        ]
        parent.ahead = [one.outcome for one in ahead]
        return ahead

    async def _run_pass(self, row: DueRow) -> Finished:
        began = time.perf_counter()
        entity, cache = load_entity(row.unprocessed), orjson.loads(row.cache)
        try:
            if self._may_read(row):
                async with asyncio.timeout(PASS_TIMEOUT_S):
                    done = await self._pipeline.run(entity, cache)
            else:
                done = await self._pipeline.run(entity, cache)
            return Finished(outcome_of(row, done), done.ref, time.perf_counter() - began)
        except TimeoutError:
            done = Pass(row.ref, None, errors=[InputError(f"Processing took longer than {PASS_TIMEOUT_S:.0f} s")])
        except Exception as error:
            # A step gave something that is no JSON, say.
            log.exception("processing %s failed", row.ref)
            done = Pass(row.ref, None, errors=[CallboardError(f"Processing failed: {type(error).__name__}: {error}")])
        return Finished(outcome_of(row, done), done.ref, time.perf_counter() - began)

    def _finished_reads(self) -> list[Finished]:
        ended = [entity_id for entity_id, task in self._reading.items() if task.done()]
        return [self._reading.pop(entity_id).result() for entity_id in ended]

    async def _save(self, finished: Sequence[Finished]) -> None:
        try:
            for part in in_parts(finished):
                await self._save_together(part)
        finally:
            self._claimed.difference_update(one.outcome.row.entity_id for one in finished)

    async def _save_together(self, finished: Sequence[Finished]) -> None:
        try:
            saved = await save(self._catalog, [one.outcome for one in finished], self._orphans)
        except ServiceUnavailableError:
            raise
        except Exception:
            log.exception("a batch of %d passes could not be stored; storing them one by one", len(finished))
            saved = await self._save_apart(finished)
        now = time.monotonic()
        self._stitching.ask(outcome.row.ref for outcome in saved.stored if outcome.ok and not outcome.row.has_processed)
        for one in finished:
            if one.outcome.reads_outside or one.outcome.row.reads_outside:
                self._schedule.later(one.outcome.row.entity_id, now)
        born = {id(outcome) for outcome in saved.stored}
        ahead = [other for one in finished for other in one.ahead if id(other.outcome) in born]
        self._rush.saw(len(finished) + len(ahead))
        await self._tell(saved, [*finished, *ahead])

    async def _save_apart(self, finished: Sequence[Finished]) -> Saved:
        """What cannot be stored becomes an error of its own entity and hinders nobody else."""
        together = Saved()
        for one in finished:
            # What is wrong with a child is to be the child's error.
            one.outcome.ahead = ()
            try:
                together += await save(self._catalog, [one.outcome], self._orphans)
            except ServiceUnavailableError:
                raise
            except Exception as error:
                log.exception("the pass over %s cannot be stored", one.ref)
                failed = Pass(
                    one.ref, None, errors=[CallboardError(f"The result cannot be stored: {type(error).__name__}")]
                )
                together += await save(self._catalog, [outcome_of(one.outcome.row, failed)], self._orphans)
        return together

    def _look_again(self) -> None:
        """Ask the sources of what is to be looked at; what has changed is processed with the next batch."""
        now = time.monotonic()
        if self._looking is not None and self._looking.done():
            looked, self._looking = self._looking, None
            if (error := looked.exception()) is None:
                self._changed += looked.result()
            else:
                log.warning("looking again failed: %s", error)
        if self._looking is None:
            self.look_at([one for one in self._schedule.take(now) if one not in self._claimed])

    def look_at(self, entity_ids: Sequence[int]) -> None:
        """Ask the sources of these now. Only while nothing else is being looked at."""
        now = time.monotonic()
        for entity_id in entity_ids:
            self._schedule.later(entity_id, now)
        if entity_ids:
            self._looking = asyncio.create_task(self._rechecker.changed(entity_ids), name="catalog-look-again")
            self._looking.add_done_callback(lambda _: self._wake.set())


def in_parts(finished: Sequence[Finished]) -> Iterator[Sequence[Finished]]:
    """What is stored together: in order, each part with about `TOGETHER` entities at most."""
    part: list[Finished] = []
    weight = 0
    for one in finished:
        more = 1 + len(one.outcome.children)
        if part and weight + more > TOGETHER:
            yield part
            part, weight = [], 0
        part.append(one)
        weight += more
    if part:
        yield part
