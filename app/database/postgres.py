"""The PostgreSQL engine: asyncpg for the hot path and bulk writes, SQLAlchemy on top of it for sessions."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

import asyncpg

from app.database.errors import DISK_FULL, DatabaseUnavailableError, LeadershipLostError, TransactionConflictError
from app.database.placeholders import numbered

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

Row = tuple[Any, ...]
log = logging.getLogger(__name__)

ACQUIRE_TIMEOUT_S = 10.0
COMMAND_TIMEOUT_S = 300.0
LEADER_POLL_S = 0.5
RECONNECT_S = 0.5
GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""The server is away, or the connection to it broke."""
PLAIN = re.compile(r"[A-Za-z0-9_,:./ -]*")
"""Texts that may stand between quotes in a statement as they are."""
CLASH = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)


def misused(error: BaseException) -> bool:
    """asyncpg calls wrong arguments an InterfaceError too: those are mistakes of ours, not a lost server."""
    return isinstance(error, asyncpg.InterfaceError) and (
        isinstance(error, ValueError) or "connection" not in str(error).lower()
    )


def lock_number(name: str) -> int:
    """The advisory lock of a name: stable, and apart from other programs' small numbers."""
    return (0x43420000 << 16) | crc32(name.encode())


async def _left(connection: Any) -> None:
    """Our connections set nothing that the next user would see, so the pool's clean-up round trip is saved.

    Only a transaction that was cut off in its last statement has to go.
    """
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")


class PostgresTransaction:
    """See `app.interfaces.Transaction`."""

    dialect: Literal["sqlite", "postgresql"] = "postgresql"

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._told: list[str] = []
        self.committed: list[Callable[[], None]] = []

    async def fetch(self, sql: str, *params: Any) -> list[Row]:
        return [tuple(row) for row in await self._connection.fetch(numbered(sql), *params)]

    async def execute(self, sql: str, *params: Any) -> int:
        status: str = await self._connection.execute(numbered(sql), *params)
        last = status.rpartition(" ")[2]
        return int(last) if last.isdigit() else 0

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        await self._connection.executemany(numbered(sql), rows)

    async def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        await self._connection.copy_records_to_table(table, columns=list(columns), records=rows)

    async def notify(self, channel: str, payload: str = "") -> None:
        if PLAIN.fullmatch(channel) and PLAIN.fullmatch(payload):
            self._told.append(f"NOTIFY \"{channel}\", '{payload}';")
        else:
            await self._connection.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def commit(self) -> None:
        """With the notifications, on one way to the server."""
        await self._connection.execute("".join([*self._told, "COMMIT"]))

    def after_commit(self, action: Callable[[], None]) -> None:
        self.committed.append(action)


class PostgresDatabase:
    """See `app.interfaces.Database`. `url` is a libpq URL."""

    dialect: Literal["sqlite", "postgresql"] = "postgresql"

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self._url = url
        self._size = pool_size
        self._pool: Any = None
        self._listeners: dict[str, list[Callable[[str], None]]] = {}
        self._listening: asyncio.Task[None] | None = None
        self._heard_new = asyncio.Event()
        self._engine: AsyncEngine | None = None

    @property
    def engine(self) -> AsyncEngine:
        if self._engine is None:
            # Loaded late: a start that has nothing to migrate does without.
            from sqlalchemy.ext.asyncio import create_async_engine

            _, _, rest = self._url.partition("://")
            # libpq's sslmode is spelled ssl in SQLAlchemy's asyncpg dialect.
            self._engine = create_async_engine(
                f"postgresql+asyncpg://{rest.replace('sslmode=', 'ssl=')}",
                pool_size=max(self._size // 2, 2),
                pool_pre_ping=True,
            )
        return self._engine

    async def start(self) -> None:
        try:
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=self._size,
                command_timeout=COMMAND_TIMEOUT_S,
                reset=_left,
                server_settings={"application_name": "callboard", "jit": "off"},
            )
        except GONE as error:
            raise DatabaseUnavailableError(error) from error
        self._listening = asyncio.create_task(self._keep_listening(), name="database-listen")

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None
        if self._engine is not None:
            await self._engine.dispose()
        if self._pool is not None:
            try:
                async with asyncio.timeout(5):
                    await self._pool.close()
            except (TimeoutError, *GONE):
                self._pool.terminate()
            self._pool = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        from sqlalchemy.ext.asyncio import AsyncSession

        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        if self._pool is None:
            raise RuntimeError("the database has not been started")
        try:
            connection = await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        except GONE as error:
            raise DatabaseUnavailableError(error) from error
        try:
            yield connection
        except GONE as error:
            if misused(error):
                raise
            full = DISK_FULL if isinstance(error, asyncpg.DiskFullError) else None
            raise DatabaseUnavailableError(error, full) from error
        except CLASH as error:
            raise TransactionConflictError(error) from error
        finally:
            with suppress(*GONE):
                await self._pool.release(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[PostgresTransaction]:
        async with self._connection() as connection:
            transaction = PostgresTransaction(connection)
            try:
                # Within: who is cancelled here may leave a BEGIN on its way.
                await connection.execute("BEGIN")
                yield transaction
                await transaction.commit()
            except BaseException:
                # What went wrong is told, and not that there is nobody left to roll it back.
                with suppress(*GONE):
                    await connection.execute("ROLLBACK")
                raise
        for action in transaction.committed:
            action()

    async def write_one(self, sql: str, *params: Any) -> list[Row]:
        async with self._connection() as connection:
            return [tuple(row) for row in await connection.fetch(numbered(sql), *params)]

    async def read(self, sql: str, *params: Any) -> list[Row]:
        text = numbered(sql)
        try:
            async with self._connection() as connection:
                rows = await connection.fetch(text, *params)
        except DatabaseUnavailableError:
            # A pooled connection may have died with the server it was made to: a fresh one decides.
            async with self._connection() as connection:
                rows = await connection.fetch(text, *params)
        return [tuple(row) for row in rows]

    async def stream(self, sql: str, *params: Any, batch: int = 1000) -> AsyncIterator[list[Row]]:
        async with self._connection() as connection, connection.transaction(readonly=True):
            cursor = await connection.cursor(numbered(sql), *params)
            while rows := await cursor.fetch(batch):
                yield [tuple(row) for row in rows]

    def any_of(self, column: str, kind: Literal["bigint", "text"]) -> str:
        return f"{column} = ANY(?::{kind}[])"

    def array(self, values: Iterable[int] | Iterable[str]) -> list[int] | list[str]:
        return list(values)  # type: ignore[return-value]

    def listen(self, channel: str, heard: Callable[[str], None]) -> None:
        self._listeners.setdefault(channel, []).append(heard)
        self._heard_new.set()

    async def _keep_listening(self) -> None:
        """One connection that LISTENs to every channel asked for; it comes back when the server does."""
        while True:
            try:
                connection = await asyncpg.connect(self._url, server_settings={"application_name": "callboard-listen"})
                try:
                    await self._listen_on(connection)
                finally:
                    connection.terminate()
            except GONE as error:
                log.warning("notifications are interrupted: %s", type(error).__name__)
            await asyncio.sleep(RECONNECT_S)

    async def _listen_on(self, connection: Any) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        channels: set[str] = set()

        def heard(_connection: Any, _pid: int, channel: str, payload: str) -> None:
            for listener in self._listeners.get(channel, ()):
                listener(payload)

        while not lost.is_set():
            self._heard_new.clear()
            for channel in set(self._listeners) - channels:
                await connection.add_listener(channel, heard)
                channels.add(channel)
            waiting = [asyncio.ensure_future(lost.wait()), asyncio.ensure_future(self._heard_new.wait())]
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for future in waiting:
                    future.cancel()

    async def data_version(self) -> int | None:
        return None

    @asynccontextmanager
    async def leadership(self, name: str) -> AsyncIterator[None]:
        """Held by a session-level advisory lock: needs a direct connection, or a pooler in session mode."""
        connection = await self._lead(lock_number(name))
        task, lost = asyncio.current_task(), False

        def gone(_connection: Any) -> None:
            nonlocal lost
            lost = True
            if task is not None:
                task.cancel()

        connection.add_termination_listener(gone)
        try:
            yield
        except asyncio.CancelledError:
            if lost and task is not None:
                task.uncancel()
                raise LeadershipLostError(f"This process no longer leads {name}") from None
            raise
        finally:
            connection.remove_termination_listener(gone)
            with suppress(*GONE):
                await connection.close(timeout=2)

    async def _lead(self, number: int) -> Any:
        while True:
            try:
                connection = await asyncpg.connect(self._url, server_settings={"application_name": "callboard-leader"})
            except GONE as error:
                raise DatabaseUnavailableError(error) from error
            try:
                # Polled: a waiting pg_advisory_lock would hold a snapshot and hinder vacuum for as long as it waits.
                while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", number):  # noqa: ASYNC110
                    await asyncio.sleep(LEADER_POLL_S)
                return connection
            except GONE as error:
                connection.terminate()
                log.warning("waiting for leadership was interrupted: %s", type(error).__name__)
                await asyncio.sleep(RECONNECT_S)
            except BaseException:
                connection.terminate()
                raise
