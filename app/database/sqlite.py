"""The SQLite engine: one writer thread, a few reader threads, WAL between them."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import orjson

from app.database.errors import DISK_FULL, DatabaseUnavailableError, TransactionConflictError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

T = TypeVar("T")
Row = tuple[Any, ...]

READERS = 4
"""Threads that read: SQLite's reads release the interpreter lock, and two cores are the usual machine."""
BUSY_TIMEOUT_S = 30.0
LEADER_POLL_S = 0.25
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -4096",  # KiB, per connection: answers come from the index in memory
    "PRAGMA foreign_keys = ON",
)

READER_CACHE = "PRAGMA cache_size = -1024"


def connect(file: Path) -> sqlite3.Connection:
    """A connection in autocommit mode with the project's pragmas. Usable from any one thread at a time."""
    connection = sqlite3.connect(
        file, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    for pragma in PRAGMAS:
        connection.execute(pragma).close()
    return connection


def translated(error: sqlite3.Error) -> Exception:
    """A driver's error in the project's names; programming errors stay what they are."""
    if isinstance(error, sqlite3.OperationalError):
        code = getattr(error, "sqlite_errorcode", None)
        primary = code & 0xFF if code is not None else None
        if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return TransactionConflictError(error)
        if primary == sqlite3.SQLITE_FULL:
            return DatabaseUnavailableError(error, DISK_FULL)
        if primary in (
            sqlite3.SQLITE_IOERR,
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_READONLY,
            sqlite3.SQLITE_NOMEM,
        ):
            return DatabaseUnavailableError(error)
    return error


class SqliteTransaction:
    """See `app.interfaces.Transaction`. Lives on the writer thread; statements run in the order they are awaited."""

    dialect: Literal["sqlite", "postgresql"] = "sqlite"

    def __init__(self, connection: sqlite3.Connection, run: Callable[[Callable[[], Any]], Awaitable[Any]]) -> None:
        self._connection = connection
        self._run = run
        self.committed: list[Callable[[], None]] = []
        self.notifications: list[tuple[str, str]] = []

    async def fetch(self, sql: str, *params: Any) -> list[Row]:
        rows: list[Row] = await self._run(lambda: self._connection.execute(sql, params).fetchall())
        return rows

    async def execute(self, sql: str, *params: Any) -> int:
        count: int = await self._run(lambda: self._connection.execute(sql, params).rowcount)
        return max(count, 0)

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        await self._run(lambda: self._connection.executemany(sql, rows).close())

    async def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        marks = ",".join("?" * len(columns))
        # Names are the code's own, never a caller's.
        await self.execute_many(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})", rows)  # noqa: S608

    async def notify(self, channel: str, payload: str = "") -> None:
        self.notifications.append((channel, payload))

    def after_commit(self, action: Callable[[], None]) -> None:
        self.committed.append(action)


class SqliteDatabase:
    """See `app.interfaces.Database`. `file` None: a database of this process alone that vanishes with it."""

    dialect: Literal["sqlite", "postgresql"] = "sqlite"

    def __init__(self, file: Path | None) -> None:
        self._temporary = None
        if file is None:
            # SQLite's shared in-memory databases lock whole tables between connections; a file in a
            # temporary directory without syncs behaves like the real thing and is as fast.
            import tempfile

            self._temporary = tempfile.TemporaryDirectory(prefix="callboard-")
            file = Path(self._temporary.name) / "callboard.sqlite"
        self.file = file
        self._writing = asyncio.Lock()
        self._writer_thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._reader_threads = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._listeners: dict[str, list[Callable[[str], None]]] = {}
        self._writer: sqlite3.Connection | None = None
        self._watcher: sqlite3.Connection | None = None
        self._engine: AsyncEngine | None = None

    @property
    def engine(self) -> AsyncEngine:
        if self._engine is None:
            self._engine = self._make_engine()
        return self._engine

    def _make_engine(self) -> AsyncEngine:
        # Loaded late: a start that has nothing to migrate does without.
        from sqlalchemy import NullPool, event
        from sqlalchemy.ext.asyncio import create_async_engine

        # No pool: opening a file is cheap, and nothing stays open that somebody has to remember to close.
        engine = create_async_engine(
            f"sqlite+aiosqlite:///{self.file}", connect_args={"timeout": BUSY_TIMEOUT_S}, poolclass=NullPool
        )

        def prepare(connection: Any, _record: Any) -> None:
            connection.isolation_level = None
            cursor = connection.cursor()
            for pragma in PRAGMAS:
                cursor.execute(pragma)
            cursor.close()

        def begin(connection: Any) -> None:
            # Deferred transactions that read first and write later fail at once when another has written.
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        event.listen(engine.sync_engine, "connect", prepare)
        event.listen(engine.sync_engine, "begin", begin)
        return engine

    async def start(self) -> None:
        def first() -> None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._writer = connect(self.file)

        await self._on(self._writer_thread, first)
        self._watcher = connect(self.file)

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.dispose()
        async with self._writing:
            if self._writer is not None:
                await self._on(self._writer_thread, self._writer.close)
                self._writer = None
        self._reader_threads.shutdown(wait=True)
        self._writer_thread.shutdown(wait=True)
        for connection in self._open:
            connection.close()
        self._open.clear()
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
        if self._temporary is not None:
            self._temporary.cleanup()

    async def _on(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, work)
        except sqlite3.Error as error:
            raise translated(error) from error

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        from sqlalchemy.ext.asyncio import AsyncSession

        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqliteTransaction]:
        async with self._writing:
            writer = self._writer
            if writer is None:
                raise RuntimeError("the database has not been started")

            async def run(work: Callable[[], Any]) -> Any:
                return await self._on(self._writer_thread, work)

            transaction = SqliteTransaction(writer, run)
            try:
                # Within: who is cancelled here may leave a BEGIN on its way to the writer's thread.
                await run(lambda: writer.execute("BEGIN IMMEDIATE").close())
                yield transaction
                await run(lambda: writer.execute("COMMIT").close())
            except BaseException:
                # Shielded: a cancelled caller must not leave the transaction open for the next one.
                await asyncio.shield(run(lambda: writer.rollback()))
                raise
            for action in transaction.committed:
                action()
        for channel, payload in transaction.notifications:
            for heard in self._listeners.get(channel, ()):
                heard(payload)

    async def write_one(self, sql: str, *params: Any) -> list[Row]:
        async with self._writing:
            writer = self._writer
            if writer is None:
                raise RuntimeError("the database has not been started")
            # Outside of a transaction a statement is one of its own, which has ended when its last row is there. Who is
            # cancelled leaves none open: the thread runs it to its end before the next.
            return await self._on(self._writer_thread, lambda: writer.execute(sql, params).fetchall())

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect(self.file)
            connection.execute("PRAGMA query_only = ON").close()
            connection.execute(READER_CACHE).close()
            self._local.connection = connection
            self._open.append(connection)
        return connection

    async def read(self, sql: str, *params: Any) -> list[Row]:
        return await self._on(self._reader_threads, lambda: self._reader().execute(sql, params).fetchall())

    async def stream(self, sql: str, *params: Any, batch: int = 1000) -> AsyncIterator[list[Row]]:
        connection = await self._on(self._reader_threads, lambda: connect(self.file))
        try:
            cursor = await self._on(self._reader_threads, lambda: connection.execute(sql, params))
            while rows := await self._on(self._reader_threads, lambda: cursor.fetchmany(batch)):
                yield rows
        finally:
            connection.close()

    def any_of(self, column: str, kind: Literal["bigint", "text"]) -> str:
        return f"{column} IN (SELECT value FROM json_each(?))"  # noqa: S608

    def array(self, values: Iterable[int] | Iterable[str]) -> str:
        return orjson.dumps(list(values)).decode()

    def listen(self, channel: str, heard: Callable[[str], None]) -> None:
        self._listeners.setdefault(channel, []).append(heard)

    async def data_version(self) -> int | None:
        if self._watcher is None:
            return 0
        row = self._watcher.execute("PRAGMA data_version").fetchone()
        return int(row[0])

    @asynccontextmanager
    async def leadership(self, name: str) -> AsyncIterator[None]:
        lock = os.open(f"{self.file}.{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    await asyncio.sleep(LEADER_POLL_S)
            yield
        finally:
            os.close(lock)
