"""Whoever is cancelled while writing, at whatever moment, leaves the database to the next one."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from tests.conftest import AnyDatabase


@pytest.mark.parametrize("turns", range(8))
async def test_a_cancelled_writer_leaves_no_transaction_open(database: AnyDatabase, turns: int) -> None:
    async with database.write() as transaction:
        await transaction.execute("CREATE TABLE thing (n BIGINT)")

    async def write() -> None:
        async with database.write() as transaction:
            await transaction.execute("INSERT INTO thing (n) VALUES (?)", 1)
            await asyncio.Event().wait()

    for _ in range(10):
        writer = asyncio.create_task(write())
        for _ in range(turns):
            await asyncio.sleep(0)
        writer.cancel()
        with suppress(asyncio.CancelledError):
            await writer
    async with database.write() as transaction:
        await transaction.execute("INSERT INTO thing (n) VALUES (?)", 2)
    assert await database.read("SELECT n FROM thing") == [(2,)]
