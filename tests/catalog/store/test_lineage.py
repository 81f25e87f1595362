"""Who emitted whom is kept in memory, and forgotten when it may have changed."""

from __future__ import annotations

import pytest

from app.database.upgrade import bring_up_to_date
from catalog.store.lineage import NET_S, Lineages
from tests.conftest import AnyDatabase

LEAF, MIDDLE, TOP = "component:default/leaf", "location:default/middle", "location:default/top"


class Time:
    now = 1.0

    def __call__(self) -> float:
        return self.now


async def add(database: AnyDatabase, source: str | None, target: str) -> None:
    async with database.write() as tx:
        await tx.execute(
            "INSERT INTO catalog_refresh_reference (source_key, source_ref, target_ref) VALUES (?, ?, ?)",
            None if source else "provider",
            source,
            target,
        )


@pytest.fixture
async def edges(database: AnyDatabase) -> AnyDatabase:
    await bring_up_to_date(database, {"catalog": "catalog.store.migrations"})
    await add(database, None, TOP)
    await add(database, TOP, MIDDLE)
    await add(database, MIDDLE, LEAF)
    return database


async def test_a_lineage_goes_up_to_where_nobody_emitted_it(edges: AnyDatabase) -> None:
    lineages = Lineages(edges)
    assert await lineages.of(LEAF) == {LEAF: [MIDDLE], MIDDLE: [TOP], TOP: []}
    assert await lineages.of("component:default/nothing") == {"component:default/nothing": []}


async def test_locations_that_emit_each_other_in_a_circle_end_the_search(edges: AnyDatabase) -> None:
    await add(edges, LEAF, TOP)
    assert await Lineages(edges).of(LEAF) == {LEAF: [MIDDLE], MIDDLE: [TOP], TOP: [LEAF]}


async def test_what_this_process_changes_is_seen_at_once(edges: AnyDatabase) -> None:
    lineages = Lineages(edges)
    await lineages.of(LEAF)
    await add(edges, TOP, LEAF)
    lineages.forget()
    assert (await lineages.of(LEAF))[LEAF] == [MIDDLE, TOP]


async def test_what_another_process_changes_is_seen_before_long_even_without_its_word(edges: AnyDatabase) -> None:
    time = Time()
    lineages = Lineages(edges, clock=time)
    await lineages.of(LEAF)
    await add(edges, TOP, LEAF)
    time.now += NET_S + 0.1
    assert (await lineages.of(LEAF))[LEAF] == [MIDDLE, TOP]
