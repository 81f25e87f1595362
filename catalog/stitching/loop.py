"""When the stitch queue is emptied: at once when nothing else is to do, and at a measured pace while there is."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable

from catalog.processing.rush import Rush
from catalog.stitching.batch import BATCH, Stitcher, Stitching

CALM_S = 1.0
"""While more is due, entities are stitched for the first time so long after they were processed, and again only with
all others: an entity that many relate to is put together a few times and not each time."""
AGAIN_S = 0.25
"""While more is due, so long passes between two turns."""
ALL_S = 20.0
"""While more is due, everything is stitched after so long, and then after half as long again as it has taken."""
MAX_NEWCOMERS = 100_000


class StitchLoop:
    """`beside`: work beside the caller. PostgreSQL computes while this process puts the next batch together; SQLite's
    driver and Python would only wait for one another. `wake` is set when something has ended."""

    def __init__(self, stitcher: Stitcher, wake: asyncio.Event, rush: Rush, *, beside: bool) -> None:
        self._stitcher = stitcher
        self._rush = rush
        self._wake = wake
        self._beside = beside
        self._queued = True
        """Whether something may wait to be stitched."""
        self._task: asyncio.Task[bool] | None = None
        self._more = False
        """Whether there is more to process."""
        self._more_since = self._emptied_at = time.monotonic()
        self._ended_at = 0.0
        self._newcomers: deque[tuple[float, str]] = deque(maxlen=MAX_NEWCOMERS)
        """Entities that were processed for the first time, and when."""

    def ask(self, newcomers: Iterable[str] = ()) -> None:
        """Something may have been queued; among it entities that have no final one yet."""
        self._queued = True
        now = time.monotonic()
        self._newcomers.extend((now, ref) for ref in newcomers)

    @property
    def busy(self) -> bool:
        return self._queued or self._task is not None

    @property
    def pause(self) -> float | None:
        """How long to wait for the next turn; None when there is nothing to stitch, or `wake` will tell."""
        return AGAIN_S if self._queued and self._task is None else None

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def turn(self, *, more: bool) -> bool:
        """Stitch what is to be stitched now. `more`: there is more to process. Gives whether anything was stitched."""
        if more and not self._more:
            self._more_since = time.monotonic()
        self._more = more
        stitched = False
        if self._task is not None:
            if not self._task.done():
                return False
            ended, self._task = self._task, None
            stitched = ended.result()
        if not self._queued or (more and time.monotonic() - self._ended_at < AGAIN_S):
            return stitched
        if not self._beside:
            return await self._stitch()
        self._task = asyncio.create_task(self._stitch(), name="catalog-stitch")
        self._task.add_done_callback(lambda _: self._wake.set())
        return stitched

    async def _stitch(self) -> bool:
        now = time.monotonic()
        everything = now - self._emptied_at > max(ALL_S, (now - self._more_since) / 2)
        stitched = emptying = False
        upto = ""
        ahead: asyncio.Task[Stitching | None] | None = None
        try:
            while True:
                if ahead is None:
                    emptying = everything or not self._more
                    upto = upto if emptying else ""
                    batch = await self._look(emptying, upto)
                else:
                    batch, ahead = await ahead, None
                if batch is None:
                    if not upto:
                        break
                    # What was asked for again meanwhile may be further up.
                    upto = ""
                    continue
                if self._beside and emptying and len(batch.requests) == BATCH and (everything or not self._more):
                    # The next one is put together while this one is stored.
                    upto = batch.requests[-1][0]
                    ahead = asyncio.create_task(self._look(emptying, upto), name="catalog-assemble")
                await self._stitcher.store(batch)
                self._rush.saw(len(batch.requests))
                stitched = True
                if self._wake.is_set() and not everything and not self._beside:
                    # Something has become due, which may well change what is still queued.
                    self._queued = True
                    self._ended_at = time.monotonic()
                    return True
        except BaseException:
            self._queued = True
            raise
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.wait([ahead])
        self._ended_at = time.monotonic()
        if emptying:
            self._emptied_at = self._ended_at
            self._newcomers.clear()
            if not self._more:
                self._stitcher.rest()
        return stitched

    async def _look(self, emptying: bool, upto: str) -> Stitching | None:
        """The next batch, put together; None when there is nothing more."""
        # Before the look: what is asked for during it may be missed by it.
        self._queued = not emptying
        refs = None if emptying else self._calm_newcomers()
        batch = await self._stitcher.prepare(refs, after=upto)
        return batch if batch.requests or refs else None

    def _calm_newcomers(self) -> list[str]:
        calm = time.monotonic() - CALM_S
        refs: list[str] = []
        while self._newcomers and len(refs) < BATCH and self._newcomers[0][0] <= calm:
            refs.append(self._newcomers.popleft()[1])
        return refs
