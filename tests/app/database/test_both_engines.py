"""What SQLite and PostgreSQL promise alike."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import text

from app.database.errors import LeadershipLostError
from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from tests.conftest import AnyDatabase


@pytest.fixture
async def numbers(database: AnyDatabase) -> AnyDatabase:
    async with database.write() as tx:
        await tx.execute("CREATE TABLE numbers (id BIGINT PRIMARY KEY, name TEXT)")
    return database


async def test_a_transaction_is_all_or_nothing(numbers: AnyDatabase) -> None:
    async with numbers.write() as tx:
        await tx.execute_many("INSERT INTO numbers VALUES (?, ?)", [(1, "one"), (2, "two")])
    with pytest.raises(ValueError, match="no"):
        async with numbers.write() as tx:
            await tx.copy("numbers", ("id", "name"), [(3, "three")])
            raise ValueError("no")
    assert await numbers.read("SELECT id, name FROM numbers ORDER BY id") == [(1, "one"), (2, "two")]


async def test_what_cannot_be_committed_is_not_there_and_the_next_goes_on(numbers: AnyDatabase) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    for _ in range(3):
        with pytest.raises(Exception, match=r"(?i)syntax error"):
            async with numbers.write() as tx:
                await tx.execute("INSERT INTO numbers VALUES (?, ?)", 1, "one")
                await tx.execute("SELEKT")
    async with numbers.write() as tx:
        assert await tx.fetch("SELECT id FROM numbers") == []
    # asyncpg complains to the event loop of connections that come back with a transaction.
    assert complaints == []


async def test_one_statement_is_a_transaction_of_its_own(numbers: AnyDatabase) -> None:
    insert = "INSERT INTO numbers VALUES (?, ?), (?, ?) RETURNING name"
    assert await numbers.write_one(insert, 1, "one", 2, "two") == [("one",), ("two",)]
    with pytest.raises(Exception, match=r"(?i)unique"):
        await numbers.write_one(insert, 3, "three", 1, "uno")
    assert await numbers.read("SELECT id FROM numbers ORDER BY id") == [(1,), (2,)]
    assert await numbers.write_one("DELETE FROM numbers WHERE id = ?", 1) == []
    assert await numbers.read("SELECT id FROM numbers") == [(2,)]


@pytest.mark.parametrize("turns", range(4))
async def test_a_cancelled_statement_leaves_the_database_to_the_next(numbers: AnyDatabase, turns: int) -> None:
    for _ in range(10):
        writer = asyncio.create_task(numbers.write_one("INSERT INTO numbers VALUES (1, 'one') ON CONFLICT DO NOTHING"))
        for _ in range(turns):
            await asyncio.sleep(0)
        writer.cancel()
        with suppress(asyncio.CancelledError):
            await writer
    async with numbers.write() as tx:
        await tx.execute("INSERT INTO numbers VALUES (2, 'two')")
    assert (2,) in await numbers.read("SELECT id FROM numbers")


@pytest.mark.parametrize(
    "payload", ["", "a", "a,b", "it's", "'; DROP TABLE numbers; --", "back\\slash\\'", "line\nbreak", "ä 😀", '"', "$$"]
)
async def test_notifications_arrive_as_they_are(numbers: AnyDatabase, payload: str) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    numbers.listen("News_2", heard.put_nowait)
    while heard.empty():  # PostgreSQL's listener may still be connecting
        async with numbers.write() as tx:
            await tx.notify("News_2", payload)
            await tx.execute("DELETE FROM numbers WHERE id = ?", 0)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                assert await heard.get() == payload
                break
    assert await numbers.read("SELECT id FROM numbers") == []


async def test_rows_touched_are_counted(numbers: AnyDatabase) -> None:
    async with numbers.write() as tx:
        await tx.copy("numbers", ("id", "name"), [(n, None) for n in range(10)])
        assert await tx.execute("DELETE FROM numbers WHERE id < ?", 4) == 4


async def test_a_list_is_one_parameter(numbers: AnyDatabase) -> None:
    async with numbers.write() as tx:
        await tx.copy("numbers", ("id", "name"), [(n, f"n'{n}") for n in range(10)])
    by_id = f"SELECT id FROM numbers WHERE {numbers.any_of('id', 'bigint')} ORDER BY id"
    by_name = f"SELECT id FROM numbers WHERE {numbers.any_of('name', 'text')} ORDER BY id"
    assert await numbers.read(by_id, numbers.array([3, 5, 99])) == [(3,), (5,)]
    assert await numbers.read(by_name, numbers.array(["n'7"])) == [(7,)]


async def test_a_stream_sees_one_snapshot(numbers: AnyDatabase) -> None:
    async with numbers.write() as tx:
        await tx.copy("numbers", ("id", "name"), [(n, None) for n in range(25)])
    seen: list[int] = []
    async for rows in numbers.stream("SELECT id FROM numbers ORDER BY id", batch=10):
        if not seen:
            async with numbers.write() as tx:
                await tx.execute("DELETE FROM numbers WHERE id >= ?", 10)
        seen += [row[0] for row in rows]
    assert seen == list(range(25))


async def test_what_follows_a_commit_does_not_follow_a_rollback(numbers: AnyDatabase) -> None:
    done: list[str] = []
    heard = asyncio.Event()
    payloads: list[str] = []

    def hear(payload: str) -> None:
        payloads.append(payload)
        heard.set()

    numbers.listen("news", hear)
    with pytest.raises(ValueError, match="no"):
        async with numbers.write() as tx:
            tx.after_commit(lambda: done.append("rolled back"))
            await tx.notify("news", "rolled back")
            raise ValueError("no")
    while not heard.is_set():  # PostgreSQL's listener may still be connecting
        async with numbers.write() as tx:
            tx.after_commit(lambda: done.append("committed"))
            await tx.notify("news", "committed")
        await asyncio.wait([asyncio.ensure_future(heard.wait())], timeout=0.2)
    assert set(done) == set(payloads) == {"committed"}


async def test_sessions_and_the_driver_see_the_same_rows(numbers: AnyDatabase) -> None:
    async with numbers.session() as session:
        await session.execute(text("INSERT INTO numbers VALUES (1, 'one')"))
    assert await numbers.read("SELECT name FROM numbers") == [("one",)]


async def test_only_one_leads_at_a_time(database: AnyDatabase) -> None:
    order: list[str] = []
    first_in = asyncio.Event()
    release = asyncio.Event()

    async def first() -> None:
        async with database.leadership("test"):
            first_in.set()
            await release.wait()
            order.append("first out")

    async def second() -> None:
        await first_in.wait()
        asyncio.get_running_loop().call_later(0.6, release.set)
        async with database.leadership("test"):
            order.append("second in")

    await asyncio.gather(first(), second())
    assert order == ["first out", "second in"]


async def test_a_leader_whose_connection_dies_is_told(postgres_url: str) -> None:
    database = PostgresDatabase(postgres_url)
    await database.start()
    try:
        with pytest.raises(LeadershipLostError):
            async with database.leadership("test"):
                await database.read(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ?"
                    " AND datname = current_database()",
                    "callboard-leader",
                )
                await asyncio.sleep(30)
    finally:
        await database.close()


async def test_reads_survive_a_server_that_dropped_their_connection(postgres_url: str) -> None:
    database = PostgresDatabase(postgres_url)
    await database.start()
    other = PostgresDatabase(postgres_url)
    await other.start()
    try:
        assert await database.read("SELECT 1") == [(1,)]
        await other.read(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert await database.read("SELECT 2") == [(2,)]
    finally:
        await database.close()
        await other.close()


async def test_a_database_in_memory_vanishes_with_its_process() -> None:
    database = SqliteDatabase(None)
    await database.start()
    async with database.write() as tx:
        await tx.execute("CREATE TABLE t (a INTEGER)")
    assert database.file.exists()
    await database.close()
    assert not database.file.parent.exists()
