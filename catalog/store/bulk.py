"""Set-based statements that read alike on both engines. Table and column names are the code's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import orjson

if TYPE_CHECKING:
    from app.interfaces import Database, Transaction


Kind = Literal["bigint", "text", "smallint", "bytea"]
Columns = Sequence[tuple[str, Kind]]
Row = tuple[Any, ...]

LOW = 0xFFFFFFFF
CHUNK = 5000
"""Rows to one statement on PostgreSQL: arrays stay of a moderate size."""


class Bulk:
    """Many rows to a statement, inside one transaction."""

    def __init__(self, tx: Transaction, database: Database) -> None:
        self._tx = tx
        self.database = database
        self._postgres = tx.dialect == "postgresql"

    async def select(
        self, sql: str, column: str, kind: Literal["bigint", "text"], values: Iterable[Any], tail: str = ""
    ) -> list[Row]:
        """`sql WHERE column ∈ values tail`. `sql` may end in a condition and `AND`-less `WHERE` of its own: then pass
        the condition in `tail` instead. No statement for no values."""
        wanted = list(values)
        if not wanted:
            return []
        where = self.database.any_of(column, kind)
        return await self._tx.fetch(f"{sql} WHERE {where}{tail}", self.database.array(wanted))

    async def delete(self, table: str, column: str, kind: Literal["bigint", "text"], values: Iterable[Any]) -> int:
        wanted = list(values)
        if not wanted:
            return 0
        where = self.database.any_of(column, kind)
        return await self._tx.execute(f"DELETE FROM {table} WHERE {where}", self.database.array(wanted))  # noqa: S608

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Rows that are known not to be there yet."""
        if rows:
            await self._tx.copy(table, columns, rows)

    async def insert_pairs(self, table: str, columns: Columns, pairs: Sequence[int]) -> None:
        """Very many pairs of numbers below 2^31 and 2^32, known not to be there yet: `first << 32 | second`."""
        if not pairs:
            return
        if self._postgres:
            await self._tx.copy(table, [name for name, _ in columns], ((one >> 32, one & LOW) for one in pairs))
            return
        names = ", ".join(name for name, _ in columns)
        # One statement for all: the driver takes and releases the interpreter's lock once, not once a row.
        await self._tx.execute(
            f"INSERT INTO {table} ({names}) SELECT value >> 32, value & 4294967295 FROM json_each(?)",  # noqa: S608
            orjson.dumps(pairs).decode(),
        )

    async def insert_new(
        self, table: str, columns: Columns, rows: Sequence[Row], *, conflict: str = "DO NOTHING"
    ) -> None:
        """Rows that may be there already. `conflict` is what follows `ON CONFLICT`."""
        if not rows:
            return
        names = ", ".join(name for name, _ in columns)
        if not self._postgres:
            marks = ", ".join("?" * len(columns))
            await self._tx.execute_many(
                f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT {conflict}",  # noqa: S608
                rows,
            )
            return
        arrays = ", ".join(f"?::{kind}[]" for _, kind in columns)
        sql = f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT {conflict}"  # noqa: S608
        for start in range(0, len(rows), CHUNK):
            await self._tx.execute(sql, *_columns(rows[start : start + CHUNK]))

    async def update(self, table: str, key: tuple[str, Kind], columns: Columns, rows: Sequence[Row]) -> None:
        """Rows are `(key, value, …)` in the order of the columns."""
        if not rows:
            return
        if not self._postgres:
            sets = ", ".join(f"{name} = ?" for name, _ in columns)
            await self._tx.execute_many(
                f"UPDATE {table} SET {sets} WHERE {key[0]} = ?",  # noqa: S608
                [(*row[1:], row[0]) for row in rows],
            )
            return
        sets = ", ".join(f"{name} = v.{name}" for name, _ in columns)
        names = ", ".join(name for name, _ in (key, *columns))
        arrays = ", ".join(f"?::{kind}[]" for _, kind in (key, *columns))
        sql = f"UPDATE {table} AS t SET {sets} FROM unnest({arrays}) AS v({names}) WHERE t.{key[0]} = v.{key[0]}"  # noqa: S608
        for start in range(0, len(rows), CHUNK):
            await self._tx.execute(sql, *_columns(rows[start : start + CHUNK]))

    async def delete_rows(self, table: str, columns: Columns, rows: Sequence[Row]) -> None:
        """Rows by the values of all the given columns."""
        if not rows:
            return
        if not self._postgres:
            where = " AND ".join(f"{name} = ?" for name, _ in columns)
            await self._tx.execute_many(f"DELETE FROM {table} WHERE {where}", rows)  # noqa: S608
            return
        names = ", ".join(name for name, _ in columns)
        where = " AND ".join(f"t.{name} = v.{name}" for name, _ in columns)
        arrays = ", ".join(f"?::{kind}[]" for _, kind in columns)
        sql = f"DELETE FROM {table} AS t USING unnest({arrays}) AS v({names}) WHERE {where}"  # noqa: S608
        for start in range(0, len(rows), CHUNK):
            await self._tx.execute(sql, *_columns(rows[start : start + CHUNK]))


def _columns(rows: Sequence[Row]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
