"""The project's one database, at driver level and through sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession


class Transaction(Protocol):
    """One writing transaction at driver level. Placeholders are `?` on both engines."""

    dialect: Literal["sqlite", "postgresql"]

    async def fetch(self, sql: str, *params: Any) -> list[tuple[Any, ...]]: ...
    async def execute(self, sql: str, *params: Any) -> int:
        """Runs one statement and gives the number of rows it touched."""

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None: ...
    async def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Append rows by the fastest way the engine has (COPY, executemany). No conflict handling."""

    async def notify(self, channel: str, payload: str = "") -> None:
        """Tell listeners in all processes, once this transaction has committed."""

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run in this process, on the event loop, after the commit and before `write()` returns."""


class Database(Protocol):
    """The project's one database.

    Lists of ids or texts are one parameter: `IN (SELECT value FROM json_each(?))` on SQLite, `= ANY(?)` on PostgreSQL;
    `any_of(column, kind)` writes the fragment, `array(values)` the parameter.
    """

    dialect: Literal["sqlite", "postgresql"]

    @property
    def engine(self) -> AsyncEngine:
        """SQLAlchemy's engine, made when it is first asked for."""

    def session(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A SQLModel session in one transaction: committed at the end, rolled back by an exception."""

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """One writing transaction (`BEGIN IMMEDIATE` on SQLite). Lost connections surface as
        ServiceUnavailableError."""

    async def write_one(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """One statement that writes, as a transaction of its own; gives what it RETURNs. Cheaper than `write`."""

    async def read(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """One read-only statement outside any transaction, on the hot path."""

    def stream(self, sql: str, *params: Any, batch: int = 1000) -> AsyncIterator[list[tuple[Any, ...]]]:
        """Rows of one statement in batches, for results too large to hold. One consistent snapshot."""

    def any_of(self, column: str, kind: Literal["bigint", "text"]) -> str:
        """A condition `column ∈ ?` for this engine."""

    def array(self, values: Iterable[int] | Iterable[str]) -> Any:
        """The parameter that `any_of` takes."""

    def listen(self, channel: str, heard: Callable[[str], None]) -> None:
        """Call `heard(payload)` for each notification from any process. May be missed: keep a net of your own."""

    async def data_version(self) -> int | None:
        """SQLite: a number that changes when another connection has written; None where `listen` does that job."""

    def leadership(self, name: str) -> AbstractAsyncContextManager[None]:
        """Waits until this process is the only one holding `name`, and holds it until exit (no rows are written)."""
