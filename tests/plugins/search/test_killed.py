"""An indexer that is killed in the middle of its work loses nothing, doubles nothing, and goes on by itself."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

from app.database.sqlite import SqliteDatabase
from catalog.interfaces import Entity
from tests.catalog.world import component
from tests.conftest import AnyDatabase
from tests.plugins.search.world import CATALOG, SearchWorld

MANY = 150


async def killed_after(database: AnyDatabase, puts: int) -> None:
    name = str(database.file) if isinstance(database, SqliteDatabase) else database._url
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.plugins.search.index_once", name, str(puts)
    )
    assert await asyncio.wait_for(child.wait(), 60) == -signal.SIGKILL


async def test_it_goes_on_where_it_was_killed(world: SearchWorld, database: AnyDatabase) -> None:
    await world.put(*(described(n, "first") for n in range(MANY)))
    await killed_after(database, 1)
    collated = len(await world.content())
    assert 0 < collated < MANY
    # Readers are not disturbed by what is missing.
    assert (await world.query("first")).total == collated

    await world.settle()
    assert (await world.query("first")).total == MANY

    changed = [described(n, "second") for n in range(100)]
    await world.put(*changed, removed=[f"component:default/svc-{n}" for n in range(140, MANY)])
    await killed_after(database, 1)
    state = await world.store.collated(CATALOG)
    assert state is not None and state.position != str(await world.feed.newest())
    assert (await world.query("second")).total in range(1, 100)

    await world.settle()
    counts = [(await world.query(term)).total for term in ("first", "second")]
    assert counts == [40, 100]
    assert await world.content() == await built_afresh(world)


def described(number: int, description: str) -> Entity:
    entity = component(f"svc-{number}")
    return {**entity, "metadata": {**entity["metadata"], "description": description}}


async def built_afresh(world: SearchWorld) -> list[tuple[Any, ...]]:
    async with world.store.write() as write:
        rows = await write.transaction.fetch("SELECT id FROM search_document")
        await write.drop([row[0] for row in rows])
    await world.indexer.collate(world.collator)
    return await world.content()
