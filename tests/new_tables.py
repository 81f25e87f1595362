"""What the migrations of each plugin say to an empty database, as `app.database.new_tables` keeps it.

    python -m tests.new_tables

writes it anew, for both engines (`make tables`).
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlalchemy import event

from app.config import load_config
from app.database.heads import version_table
from app.database.migrations import migrate
from app.database.new_tables import BETWEEN, NewTables, file_name
from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from app.main import create_host
from tests.conftest import AnyDatabase
from tests.postgres import PostgresServer

_PLACE = re.compile(r"\?|\$[0-9]+(::\w+)?")


def _filled_in(statement: str, values: Sequence[object]) -> str:
    rest = iter(values)
    return _PLACE.sub(lambda _: _literal(next(rest)), statement)


def _literal(value: object) -> str:
    assert isinstance(value, int | str)
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def packages() -> dict[str, str]:
    """Plugin id → package of its revisions, of all that are installed."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "app-config.yaml"
        file.write_text("backend: { baseUrl: 'http://localhost:7007' }\napp: { baseUrl: 'http://localhost:3000' }\n")
        return create_host(load_config([file], env={}), env={"CALLBOARD_DATA_DIR": folder}).migration_packages


async def told(database: AnyDatabase, plugin: str, package: str) -> NewTables:
    """By the migrations of one plugin to a database that knows nothing of it."""
    statements: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        statement = statement.strip()
        if statement.upper().startswith(("SELECT", "PRAGMA", "BEGIN")) or version_table(plugin) in statement:
            return
        statement = "\n".join(line.rstrip() for line in statement.splitlines())
        assert BETWEEN not in statement
        statements.extend(_filled_in(statement, values or ()) for values in (parameters if many else [parameters]))

    engine = database.engine
    event.listen(engine.sync_engine, "before_cursor_execute", keep)
    try:
        applied = await migrate(engine, {plugin: package})
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", keep)
    return NewTables(applied[plugin], statements)


def own_packages() -> Iterator[tuple[str, str]]:
    """Those of this project."""
    for plugin, package in packages().items():
        if package.partition(".")[0] in ("app", "catalog", "scaffolder", "plugins"):
            yield plugin, package


async def all_told(database: AnyDatabase) -> dict[Path, NewTables]:
    """By file."""
    await database.start()
    try:
        return {
            Path(str(files(package) / file_name(database.dialect))): await told(database, plugin, package)
            for plugin, package in own_packages()
        }
    finally:
        await database.close()


def main() -> None:
    found = asyncio.run(all_told(SqliteDatabase(None)))
    server = PostgresServer().start()
    try:
        found |= asyncio.run(all_told(PostgresDatabase(server.url("postgres"))))
    finally:
        server.stop()
    for file, new in found.items():
        file.write_text(new.text(), encoding="utf-8")


if __name__ == "__main__":
    main()
