from __future__ import annotations

import asyncio

from app.database.migrations import migrate
from tests.conftest import AnyDatabase

PACKAGES = {"made-up": "tests.app.database.revisions"}


async def test_a_history_is_applied_once(database: AnyDatabase) -> None:
    assert await migrate(database.engine, PACKAGES) == {"made-up": ["0001", "0002"]}
    assert await migrate(database.engine, PACKAGES) == {}
    assert await database.read("SELECT id, name FROM things") == []


async def test_two_replicas_that_start_at_once_do_not_collide(database: AnyDatabase) -> None:
    done = await asyncio.gather(migrate(database.engine, PACKAGES), migrate(database.engine, PACKAGES))
    assert sorted(map(len, done)) == [0, 1]
