"""Opens the configured database."""

from __future__ import annotations

from pathlib import Path

from app.database.postgres import PostgresDatabase
from app.database.settings import DatabaseSettings, postgres_url, sqlite_file
from app.database.sqlite import SqliteDatabase


def open_database(settings: DatabaseSettings, data_dir: Path) -> SqliteDatabase | PostgresDatabase:
    """The database of these settings, not started yet: `await database.start()` connects, `close()` lets go."""
    if settings.client == "pg":
        return PostgresDatabase(postgres_url(settings), pool_size=settings.pool_size)
    return SqliteDatabase(sqlite_file(settings, data_dir))
