"""`backend.database`, as Backstage has it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlencode

from pydantic import BaseModel, Field

from app.errors import InputError


class PgConnection(BaseModel, frozen=True, extra="ignore", defer_build=True):
    """The members of node-postgres's connection object that mean something here."""

    host: str = "127.0.0.1"
    port: int = 5432
    user: str = "postgres"
    password: str | None = Field(default=None, repr=False)
    database: str = "postgres"
    ssl: bool | dict[str, object] = False
    """True or an object: TLS is demanded; `rejectUnauthorized: false` skips the check of the certificate."""


class SqliteConnection(BaseModel, frozen=True, extra="ignore", defer_build=True):
    directory: Path | None = None
    filename: str | None = None


class DatabaseSettings(BaseModel, frozen=True, extra="ignore", defer_build=True):
    """Which engine, and where. The default is a SQLite file in the data directory."""

    client: Literal["better-sqlite3", "sqlite3", "pg"] = "better-sqlite3"
    connection: str | PgConnection | SqliteConnection | None = Field(default=None, repr=False)
    """`pg`: a URL or an object. SQLite: `:memory:`, a file, or an object with a `directory`."""
    pool_size: int = Field(default=10, alias="poolSize", ge=1)
    """Connections to PostgreSQL that reads and bulk writes share; sessions have half as many again."""


def sqlite_file(settings: DatabaseSettings, data_dir: Path) -> Path | None:
    """The database file; None for one in memory."""
    connection = settings.connection
    if connection is None or isinstance(connection, PgConnection):
        return data_dir / "callboard.sqlite"
    if isinstance(connection, SqliteConnection):
        if connection.filename == ":memory:":
            return None
        return (connection.directory or data_dir) / (connection.filename or "callboard.sqlite")
    return None if connection == ":memory:" else Path(connection)


def postgres_url(settings: DatabaseSettings) -> str:
    """A libpq URL, password included: never log it.

    Raises:
        InputError: the connection of client `pg` is missing.
    """
    connection = settings.connection
    if isinstance(connection, str):
        return connection
    if not isinstance(connection, PgConnection):
        raise InputError("backend.database.connection is missing: client pg needs a URL or an object")
    login = quote(connection.user, safe="")
    if connection.password is not None:
        login += ":" + quote(connection.password, safe="")
    query = {}
    if connection.ssl:
        checked = not (isinstance(connection.ssl, dict) and connection.ssl.get("rejectUnauthorized") is False)
        query["sslmode"] = "verify-full" if checked else "require"
    host = f"[{connection.host}]" if ":" in connection.host else connection.host
    tail = "?" + urlencode(query) if query else ""
    return f"postgresql://{login}@{host}:{connection.port}/{quote(connection.database, safe='')}{tail}"
