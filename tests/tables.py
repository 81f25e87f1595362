"""The tables of plugins in a new, empty database: what their migrations say, said once and repeated.

The first database of a kind is migrated as any other. What the migrations told it is kept, and later ones are told the
same in one message, without Alembic having to work it out again. Tests of migrations themselves call the real ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.migrations import migrate

Told = tuple[str, Any]

_told: dict[tuple[str, tuple[tuple[str, str], ...]], list[Told]] = {}


async def migrate_new(engine: AsyncEngine, packages: Mapping[str, str]) -> None:
    """As `migrate` does. A database that has been migrated before is left to `migrate`."""
    if await _has_tables(engine):
        await migrate(engine, packages)
        return
    key = engine.dialect.name, tuple(packages.items())
    if key in _told:
        async with engine.begin() as connection:
            await _repeat(connection, _told[key])
        return
    told: list[Told] = []

    def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            told.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", keep)
    try:
        await migrate(engine, packages)
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", keep)
    _told[key] = told


async def _has_tables(engine: AsyncEngine) -> bool:
    postgres = "SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1"
    sqlite = "SELECT 1 FROM sqlite_master LIMIT 1"
    async with engine.connect() as connection:
        found = await connection.exec_driver_sql(postgres if engine.dialect.name == "postgresql" else sqlite)
        return found.first() is not None


async def _repeat(connection: AsyncConnection, told: list[Told]) -> None:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    at_once = driver.execute if connection.dialect.name == "postgresql" else driver.executescript
    texts: list[str] = []
    for statement, parameters in told:
        if not parameters:
            texts.append(statement)
            continue
        await at_once(";\n".join(texts))
        texts = []
        await connection.exec_driver_sql(statement, parameters)
    if texts:
        await at_once(";\n".join(texts))
