"""Opens the configured database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from app.database.settings import DatabaseSettings, postgres_url, sqlite_file

if TYPE_CHECKING:
    from app.database.postgres import PostgresDatabase
    from app.database.sqlite import SqliteDatabase


def open_database(settings: DatabaseSettings, data_dir: Path) -> SqliteDatabase | PostgresDatabase:
    """The database of these settings, not started yet: `await database.start()` connects, `close()` lets go."""
    if settings.client == "pg":
        from app.database.postgres import PostgresDatabase

        return PostgresDatabase(postgres_url(settings), pool_size=settings.pool_size)
    from app.database.sqlite import SqliteDatabase

    return SqliteDatabase(sqlite_file(settings, data_dir))
