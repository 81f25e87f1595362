from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from app.interfaces import Database
from catalog.interfaces import FullText, Order, PageRequest
from catalog.query.engine import ALWAYS_ASKED, CatalogIndex
from tests.catalog.query.store import Store, Stored, named

RED, BLUE = ("spec.colour", "red"), ("spec.colour", "blue")
PATIENCE_S = 20.0


@pytest.fixture
async def store(database: Database) -> Store:
    return await Store(database).create()


async def eventually(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await true():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_read_sees_every_commit_that_was_announced_before_it(database: Database, store: Store) -> None:
    index = CatalogIndex(database)
    assert await index.count({"kind": "component"}) == 0
    for number, one in enumerate(named("a", "b", "c"), 1):
        index.advance(await store.write([one]))
        assert await index.count({"kind": "component"}) == number
        assert await index.revision() == store.revision
        assert (await index.by_refs([one.ref])) == [one.document]


async def test_an_entity_that_was_not_there_appears_where_it_had_been_looked_for(
    database: Database, store: Store
) -> None:
    index = CatalogIndex(database)
    (one,) = named("a", rows=[RED])
    assert await index.by_refs([one.ref]) == [None]
    assert await index.by_uid(one.uid) is None
    assert await index.count({"spec.colour": "red"}) == 0
    assert await index.facets(["spec.colour"], None) == {"spec.colour": []}
    index.advance(await store.write([one]))
    assert await index.by_refs([one.ref]) == [one.document]
    assert await index.by_uid(one.uid) == one.document
    assert await index.count({"spec.colour": "red"}) == 1
    assert [(f.value, f.count) for f in (await index.facets(["spec.colour"], None))["spec.colour"]] == [("red", 1)]
    index.advance(await store.write(delete=[one.id]))
    assert await index.by_refs([one.ref]) == [None]
    assert await index.by_uid(one.uid) is None
    assert (await index.page(PageRequest(limit=5, order=(Order("spec.colour"),)))).total == 0


async def test_an_entity_under_an_old_ref_is_found_by_its_new_id(database: Database, store: Store) -> None:
    index = CatalogIndex(database)
    before, after = Stored(1, "API", "default", "a"), Stored(2, "API", "default", "a")
    index.advance(await store.write([before]))
    assert await index.by_refs([before.ref]) == [before.document]
    index.advance(await store.write([after], delete=[before.id]))
    assert await index.by_refs([before.ref]) == [after.document]
    assert await index.by_uid(before.uid) is None


async def test_readers_never_see_half_a_commit(database: Database, store: Store) -> None:
    """Every entity is red or blue, never both or neither, whatever is loaded, patched or dropped meanwhile."""
    size, rounds = 60, 12
    everybody = named(*(f"e{n}" for n in range(size)), rows=[RED])
    await store.write(everybody)
    # So small a budget makes structures come and go all the time; so few revisions make some commits a reset.
    index = CatalogIndex(database, budget=4_000, most_revisions=size + size // 2)
    done = False

    async def write() -> None:
        nonlocal done
        for turn in range(rounds):
            rows = ((BLUE, RED)[turn % 2],)
            put = [Stored(one.id, one.kind, one.namespace, one.name, rows) for one in everybody]
            index.advance(await store.write(put[: size if turn % 3 else size // 3]))
            await asyncio.sleep(0)
        done = True

    async def read() -> None:
        red, blue = {"spec.colour": "red"}, {"spec.colour": "blue"}
        while not done:
            # What is answered from memory lets nobody else in, and the writer has to have its turn.
            await asyncio.sleep(0)
            assert await index.count({"$any": [red, blue]}) == size
            assert await index.count({"$all": [red, blue]}) == 0
            assert await index.count({"$not": {"$any": [red, blue]}}) == 0
            counts = (await index.facets(["spec.colour"], None))["spec.colour"]
            assert sum(one.count for one in counts) == size
            assert (await index.page(PageRequest(limit=1, order=(Order("spec.colour"),)))).total == size
            text = FullText("e", ("spec.colour",))
            assert (await index.page(PageRequest(limit=0, full_text=text))).total == size

    await asyncio.gather(write(), *(read() for _ in range(4)))
    last = await index.facets(["spec.colour"], None)
    expected = [one.rows[0][1] for one in store.entities.values()]
    assert {f.value: f.count for f in last["spec.colour"]} == {
        value: expected.count(value) for value in ("red", "blue") if value in expected
    }


@pytest.fixture
async def other_process(database: Database) -> AsyncIterator[Database]:
    """Another connection to the same database, as another process has it."""
    other: SqliteDatabase | PostgresDatabase
    if isinstance(database, SqliteDatabase):
        other = SqliteDatabase(database.file)
    else:
        assert isinstance(database, PostgresDatabase)
        other = PostgresDatabase(database._url)
    await other.start()
    yield other
    await other.close()


async def test_changes_of_another_process_are_seen_soon(
    database: Database, other_process: Database, store: Store
) -> None:
    await store.write(named("a"))
    index = CatalogIndex(other_process)
    await index.start()
    try:
        assert await index.count(None) == 1
        await store.write(named("b", start=2))
        await eventually(lambda: _counts(index, 2))
        await store.write(delete=[1])
        await eventually(lambda: _counts(index, 1))
    finally:
        await index.stop()


async def _counts(index: CatalogIndex, number: int) -> bool:
    return await index.count(None) == number


async def test_what_is_always_asked_is_loaded_at_start(database: Database, store: Store) -> None:
    await store.write(named("a"))
    index = CatalogIndex(database)
    await index.start()
    try:
        await eventually(lambda: _loaded(index))
    finally:
        await index.stop()


async def _loaded(index: CatalogIndex) -> bool:
    return index._structures.at_hand(ALWAYS_ASKED) is not None


async def test_a_revision_that_does_not_exist_costs_one_look_only(database: Database, store: Store) -> None:
    index = CatalogIndex(database)
    index.advance(await store.write(named("a")))
    index.advance(10**9)
    assert await index.revision() == store.revision
    assert index._freshness.wanted == store.revision


async def test_a_database_put_back_to_an_earlier_state_is_read_anew(database: Database, store: Store) -> None:
    index = CatalogIndex(database)
    index.advance(await store.write(named("a", "b")))
    assert await index.count(None) == 2
    await store.clear()
    index.advance(10**9)
    assert await index.count(None) == 0
    index.advance(await store.write(named("c")))
    assert await index.count({"metadata.name": "c"}) == 1


async def test_what_is_at_hand_is_served_without_the_database(database: Database, store: Store) -> None:
    index = CatalogIndex(database)
    index.advance(await store.write(named("a", "b")))
    request = PageRequest(limit=5, query={"kind": "component"}, order=(Order("metadata.name"),))
    before = await index.page(request), await index.by_refs(["component:default/a"])
    assert isinstance(database, SqliteDatabase | PostgresDatabase)
    await database.close()
    assert (await index.page(request), await index.by_refs(["component:default/a"])) == before


async def test_a_load_that_fails_is_tried_again_by_the_next_reader(database: Database, store: Store) -> None:
    index = CatalogIndex(database)
    index.advance(await store.write(named("a")))
    assert await index.count(None) == 1
    async with database.write() as tx:
        await tx.execute("ALTER TABLE catalog_posting RENAME TO hidden_posting")
    failures = await asyncio.gather(*(index.count({"kind": "component"}) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(one, Exception) for one in failures)
    async with database.write() as tx:
        await tx.execute("ALTER TABLE hidden_posting RENAME TO catalog_posting")
    assert await index.count({"kind": "component"}) == 1


async def test_a_reader_that_gives_up_takes_nobody_with_it(database: Database, store: Store) -> None:
    index = CatalogIndex(database)
    index.advance(await store.write(named("a")))
    impatient = asyncio.create_task(index.count({"kind": "component"}))
    patient = asyncio.create_task(index.count({"kind": "component"}))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == 1
    assert impatient.cancelled() or impatient.cancelling()


async def test_memory_stays_within_the_budget(database: Database, store: Store) -> None:
    budget = 1_000_000
    index = CatalogIndex(database, budget=budget)
    names = [f"name-{number:04d}" for number in range(400)]
    index.advance(await store.write(named(*names, rows=[("metadata.description", "x" * 5000)])))
    for name in names:
        await index.count({"metadata.name": name})
        await index.by_refs([f"component:default/{name}"])
    for key in ("metadata.name", "kind", "metadata.uid"):
        await index.page(PageRequest(limit=50, order=(Order(key),)))
        await index.facets([key], None)
    assert budget / 4 < index.size < budget


async def test_a_stream_goes_on_by_key_while_the_catalog_changes(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.query.lists.BATCH", 2)
    index = CatalogIndex(database)
    everybody = named("a", "b", "c", "d", "e")
    index.advance(await store.write(everybody))
    for order in (None, Order("metadata.name")):
        seen: list[bytes] = []
        async for batch in index.everything(None, order):
            seen += batch
            if len(seen) == 2:
                index.advance(await store.write(delete=[3]))
        assert seen == [one.document for one in everybody if one.id != 3]
        index.advance(await store.write([everybody[2]]))
