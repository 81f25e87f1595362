"""A source read page by page: bursts, rests, failures, restarts, and what is gone at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from catalog.incremental.engine import IncrementalIngestion
from catalog.interfaces import DeferredEntity, IncrementalEntityProvider, IngestionPace, Json, SourcePage
from catalog.store.ingestions import Ingestions
from tests.catalog.world import SOMEBODY, World, component, located

NAME = "warehouse"
WHERE = "url:https://warehouse.example"


class Warehouse(IncrementalEntityProvider):
    """Names in pages of a fixed size."""

    name = NAME
    pace = IngestionPace(burst_length=timedelta(days=1), burst_interval=timedelta(seconds=3))

    def __init__(self, *names: str, size: int = 2) -> None:
        self.names = list(names)
        self.size = size
        self.asked: list[Json] = []
        self.sessions = 0
        self.fails: dict[int, Exception] = {}

    @asynccontextmanager
    async def burst(self) -> AsyncIterator[str]:
        self.sessions += 1
        yield f"session {self.sessions}"

    async def next(self, session: Any, cursor: Json) -> SourcePage:
        assert session == f"session {self.sessions}"
        start = 0 if cursor is None else cursor["from"]
        if start in self.fails:
            raise self.fails.pop(start)
        self.asked.append(cursor)
        some = self.names[start : start + self.size]
        entities = [DeferredEntity(located(component(name), WHERE), WHERE) for name in some]
        return SourcePage(entities, {"from": start + self.size}, done=start + self.size >= len(self.names))


class Kept:
    """One warehouse's ingestion in a world, and what a restarted process sees."""

    def __init__(self, world: World, source: Warehouse) -> None:
        self.world, self.source = world, source
        self.ingestions = Ingestions(world.database, world.clock)
        self.restart()

    def restart(self) -> None:
        connection = self.world.provider(NAME)
        self.engine = IncrementalIngestion(self.source, connection, self.ingestions, self.world.database)

    async def tick(self) -> float:
        waits = await self.engine.tick()
        await self.world.settle()
        return waits

    async def status(self) -> str:
        current = await self.ingestions.current(NAME)
        return "none" if current is None else current.status

    async def names(self) -> list[str]:
        return [ref.rpartition("/")[2] for ref in await self.world.refs("component:")]


async def test_all_pages_are_read_in_one_burst_and_then_it_rests(world: World) -> None:
    kept = Kept(world, Warehouse("a", "b", "c", "d", "e"))
    assert await kept.tick() == timedelta(days=1).total_seconds()
    assert await kept.names() == ["a", "b", "c", "d", "e"]
    assert await kept.status() == "resting"
    assert (kept.source.sessions, kept.source.asked) == (1, [None, {"from": 2}, {"from": 4}])


async def test_nothing_is_asked_or_written_while_it_rests(world: World) -> None:
    kept = Kept(world, Warehouse("a"))
    await kept.tick()
    before = await world.revision()
    assert 0 < await kept.tick() <= timedelta(days=1).total_seconds()
    assert (await world.revision(), len(kept.source.asked)) == (before, 1)


async def test_a_burst_ends_in_time_and_the_next_one_goes_on(world: World) -> None:
    source = Warehouse("a", "b", "c")
    source.pace = IngestionPace(burst_length=timedelta(0), burst_interval=timedelta(seconds=3))
    kept = Kept(world, source)
    assert await kept.tick() == 3
    assert await kept.names() == ["a", "b"]
    assert await kept.status() == "interstitial"
    assert 0 < await kept.tick() <= 3
    world.clock.forward(timedelta(seconds=3))
    await kept.tick()
    assert await kept.names() == ["a", "b", "c"]
    assert source.asked == [None, {"from": 2}]


async def test_a_new_process_goes_on_where_the_last_one_was(world: World) -> None:
    source = Warehouse("a", "b", "c", "d")
    source.pace = IngestionPace(burst_length=timedelta(0), burst_interval=timedelta(0))
    kept = Kept(world, source)
    await kept.tick()
    kept.restart()
    await kept.tick()
    assert source.asked == [None, {"from": 2}]
    assert await kept.status() == "resting"


async def test_what_is_not_named_any_more_goes_at_the_end_and_not_before(world: World) -> None:
    kept = Kept(world, Warehouse("a", "b", "c", "d"))
    await kept.tick()
    kept.source.names = ["b", "c", "d", "e"]
    kept.source.fails[2] = TimeoutError("the warehouse does not answer")
    world.clock.forward(timedelta(days=1, seconds=1))
    assert await kept.tick() == 0
    await kept.tick()
    assert await kept.names() == ["a", "b", "c", "d"]
    world.clock.forward(timedelta(minutes=2))
    await kept.tick()
    assert await kept.names() == ["b", "c", "d", "e"]


async def test_failures_are_told_and_waited_for_longer_and_longer(world: World) -> None:
    kept = Kept(world, Warehouse("a"))
    waits = []
    for _ in range(5):
        kept.source.fails[0] = RuntimeError("half a page")
        waits.append(await kept.tick())
        world.clock.forward(timedelta(seconds=waits[-1] + 1))
    assert waits == [60, 300, 1800, 10800, 10800]
    current = await kept.ingestions.current(NAME)
    assert current is not None
    assert (current.status, current.attempts) == ("backing off", 5)
    assert "half a page" in str(current.last_error)
    await kept.tick()
    assert await kept.names() == ["a"]


async def test_an_answer_that_would_remove_too_much_is_held_back_and_released(world: World) -> None:
    kept = Kept(world, Warehouse(*(f"c{number:02}" for number in range(60)), size=10))
    await kept.tick()
    kept.source.names = ["c00", "c01"]
    world.clock.forward(timedelta(days=1, seconds=1))
    await kept.tick()
    await kept.tick()
    assert len(await kept.names()) == 60
    (held,) = await world.control.held_mutations()
    assert (held["provider"], held["wouldRemove"], held["owned"]) == (NAME, 58, 60)
    current = await kept.ingestions.current(NAME)
    assert current is not None
    assert "REMOVAL_THRESHOLD" in str(current.last_error)
    await world.control.release_mutation(held["id"], actor=SOMEBODY)
    await world.settle()
    assert await kept.names() == ["c00", "c01"]


async def test_a_source_that_comes_back_takes_the_held_removal_with_it(world: World) -> None:
    names = [f"c{number:02}" for number in range(60)]
    kept = Kept(world, Warehouse(*names, size=10))
    await kept.tick()
    for present in (names[:2], names):
        kept.source.names = list(present)
        world.clock.forward(timedelta(days=1, seconds=1))
        await kept.tick()
        await kept.tick()
    assert await world.control.held_mutations() == []
    assert len(await kept.names()) == 60


@pytest.mark.parametrize("resting", [True, False])
async def test_by_hand_it_begins_anew(world: World, resting: bool) -> None:
    source = Warehouse("a", "b", "c")
    if not resting:
        source.pace = IngestionPace(burst_length=timedelta(0), burst_interval=timedelta(hours=1))
    kept = Kept(world, source)
    await kept.tick()
    first = await kept.ingestions.current(NAME)
    await kept.ingestions.restart(NAME)
    assert await kept.tick() == 0
    await kept.tick()
    second = await kept.ingestions.current(NAME)
    assert first is not None
    assert second is not None
    assert second.id != first.id
    assert source.asked[-2:].count(None) >= 1


async def test_by_hand_it_stops_for_a_day_and_is_hurried(world: World) -> None:
    kept = Kept(world, Warehouse("a"))
    await kept.tick()
    await kept.ingestions.stop(NAME)
    assert timedelta(hours=23) < timedelta(seconds=await kept.tick()) <= timedelta(hours=24)
    await kept.ingestions.hurry(NAME)
    assert await kept.tick() == 0
    assert await kept.status() == "none"


async def test_what_is_asked_for_during_a_burst_counts(world: World) -> None:
    class Interrupted(Warehouse):
        async def next(self, session: Any, cursor: Json) -> SourcePage:
            page = await super().next(session, cursor)
            await kept.ingestions.restart(NAME)
            return page

    kept = Kept(world, Interrupted("a"))
    assert await kept.tick() == 0
    assert await kept.status() == "canceling"


async def test_forgetting_an_ingestion_leaves_its_entities(world: World) -> None:
    kept = Kept(world, Warehouse("a", "b", "c"))
    await kept.tick()
    deleted = await kept.ingestions.purge(NAME)
    assert (deleted.ingestions, deleted.marks, deleted.entities) == (1, 2, 3)
    assert await kept.names() == ["a", "b", "c"]
    assert await kept.tick() > 0


async def test_marks_of_finished_ingestions_go(world: World) -> None:
    kept = Kept(world, Warehouse("a"))
    await kept.tick()
    assert (await kept.ingestions.clear_finished(NAME)).ingestions == 0
    world.clock.forward(timedelta(days=1, seconds=1))
    await kept.tick()
    deleted = await kept.ingestions.clear_finished(NAME)
    assert (deleted.ingestions, deleted.marks, deleted.entities) == (1, 1, 1)
