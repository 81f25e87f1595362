"""The queue is emptied whatever comes meanwhile, one batch being put together while the one before is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest

from app.errors import ServiceUnavailableError
from catalog.processing.rush import Rush
from catalog.stitching.batch import BATCH, Stitcher, Stitching
from catalog.stitching.loop import StitchLoop


class Queue:
    """A stitcher whose database is a dict of refs and moments."""

    def __init__(self, count: int) -> None:
        self.waiting = {f"component:default/c{number:05}": 0 for number in range(count)}
        self.calls: list[str] = []
        self.again: dict[int, str] = {}
        """Number of a store → a ref that is asked for during it."""
        self.fails_at: int | None = None
        self._stores = 0

    async def prepare(self, refs: Sequence[str] | None = None, *, after: str = "") -> Stitching:
        self.calls.append("prepare")
        await asyncio.sleep(0)
        found = sorted(ref for ref in (self.waiting if refs is None else refs) if ref > after and ref in self.waiting)
        await asyncio.sleep(0)
        self.calls.append("prepared")
        return Stitching([(ref, self.waiting[ref], None) for ref in found[:BATCH]])

    async def store(self, batch: Stitching) -> None:
        self._stores += 1
        self.calls.append("store")
        if self._stores == self.fails_at:
            raise ServiceUnavailableError("the database is away")
        for _ in range(5):
            await asyncio.sleep(0)
        if (ref := self.again.get(self._stores)) is not None:
            self.waiting[ref] = self.waiting.get(ref, 0) + 1
        for ref, moment, _ in batch.requests:
            if self.waiting.get(ref) == moment:
                del self.waiting[ref]
        self.calls.append("stored")

    def rest(self) -> None:
        self.calls.append("rest")


def loop_of(queue: Queue, *, beside: bool, wake: asyncio.Event | None = None) -> StitchLoop:
    return StitchLoop(cast(Stitcher, queue), wake or asyncio.Event(), Rush(), beside=beside)


async def emptied(loop: StitchLoop, *, more: bool = False) -> None:
    for _ in range(1000):
        await loop.turn(more=more)
        if not loop.busy:
            return
        await asyncio.sleep(0)
    raise AssertionError("the queue is never empty")


@pytest.mark.parametrize(
    ("beside", "first"),
    [
        (True, ["prepare", "prepared", "store", "prepare", "prepared", "stored"]),
        (False, ["prepare", "prepared", "store", "stored", "prepare", "prepared"]),
    ],
)
async def test_a_batch_is_put_together_while_the_one_before_is_stored_where_that_helps(
    beside: bool, first: list[str]
) -> None:
    queue = Queue(3 * BATCH + 7)
    await emptied(loop_of(queue, beside=beside))
    assert queue.waiting == {}
    assert queue.calls[:6] == first
    assert queue.calls.count("store") == 4
    # One batch at a time is stored.
    stores = [call for call in queue.calls if call in ("store", "stored")]
    assert stores == ["store", "stored"] * 4
    assert queue.calls[-1] == "rest"


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("during", [1, 2, 3])
@pytest.mark.parametrize("ref", ["component:default/c00000", "component:default/c00600", "zzz:default/last"])
async def test_what_is_asked_for_meanwhile_is_not_missed(beside: bool, during: int, ref: str) -> None:
    queue = Queue(2 * BATCH + 7)
    queue.again[during] = ref
    await emptied(loop_of(queue, beside=beside))
    assert queue.waiting == {}


@pytest.mark.parametrize("beside", [False, True])
async def test_a_database_that_is_away_leaves_the_rest_in_the_queue(beside: bool) -> None:
    queue = Queue(3 * BATCH)
    queue.fails_at = 2
    loop = loop_of(queue, beside=beside)
    with pytest.raises(ServiceUnavailableError):
        await emptied(loop)
    assert loop.busy
    await emptied(loop)
    assert queue.waiting == {}


async def test_what_becomes_due_comes_before_the_rest_of_the_queue() -> None:
    """Where nothing runs beside."""
    queue = Queue(3 * BATCH)
    wake = asyncio.Event()
    loop = loop_of(queue, beside=False, wake=wake)
    wake.set()
    assert await loop.turn(more=False)
    assert len(queue.waiting) == 2 * BATCH
    assert loop.busy
    wake.clear()
    await emptied(loop)
    assert queue.waiting == {}
