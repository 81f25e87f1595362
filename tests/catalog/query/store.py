"""Final entities written straight into the tables, as ingestion would leave them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlmodel import SQLModel

from app.interfaces import Database, Transaction
from catalog.store import tables

TABLES = (
    tables.Counter,
    tables.FinalEntity,
    tables.SearchKey,
    tables.Term,
    tables.Posting,
    tables.Revision,
)

Row = tuple[str, str | None]
"""A search row as written: key in any case, value in its original spelling, None for null."""


@dataclass(frozen=True)
class Stored:
    """A final entity. `rows` are its search rows beside kind, name, namespace and uid; distinct by lower case."""

    id: int
    kind: str
    namespace: str
    name: str
    rows: tuple[Row, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}".lower()

    @property
    def uid(self) -> str:
        return f"{self.id >> 16:08x}-{self.id & 0xFFFF:04x}-4a11-8b0a-{self.id * 7919 % 2**48:012x}"

    @property
    def document(self) -> bytes:
        metadata = {"namespace": self.namespace, "name": self.name, "uid": self.uid}
        return orjson.dumps({"metadata": metadata, "kind": self.kind, "rows": self.rows, **self.extra})

    @property
    def search_rows(self) -> list[Row]:
        own = [
            ("kind", self.kind),
            ("metadata.name", self.name),
            ("metadata.namespace", self.namespace),
            ("metadata.uid", self.uid),
        ]
        distinct: dict[tuple[str, str | None], Row] = {}
        for key, value in [*own, *self.rows]:
            distinct.setdefault((key.lower(), None if value is None else value.lower()), (key.lower(), value))
        return list(distinct.values())


class Store:
    """The only writer of a database's catalog tables."""

    def __init__(self, database: Database, committed: Callable[[int], None] = lambda _: None) -> None:
        self._database = database
        self._committed = committed
        self._keys: dict[str, int] = {}
        self._terms: dict[tuple[str, str | None], int] = {}
        self.revision = 0
        self.entities: dict[int, Stored] = {}

    async def create(self) -> Store:
        """Empty tables, whatever there was."""
        async with self._database.engine.begin() as connection:
            picked = [SQLModel.metadata.tables[str(table.__tablename__)] for table in TABLES]
            await connection.run_sync(lambda sync: SQLModel.metadata.drop_all(sync, tables=picked))
            await connection.run_sync(lambda sync: SQLModel.metadata.create_all(sync, tables=picked))
        async with self._database.write() as tx:
            await tx.execute("INSERT INTO catalog_counter (name, value) VALUES ('revision', 0)")
        return self

    async def clear(self) -> Store:
        """Nothing is left, revisions begin anew."""
        async with self._database.write() as tx:
            for table in TABLES[1:]:
                await tx.execute(f"DELETE FROM {table.__tablename__}")
            await tx.execute("UPDATE catalog_counter SET value = 0")
        self._keys, self._terms, self.entities, self.revision = {}, {}, {}, 0
        return self

    async def write(self, put: Iterable[Stored] = (), delete: Iterable[int] = ()) -> int:
        """Add or replace entities and delete others, in one commit. Gives the newest revision."""
        async with self._database.write() as tx:
            for entity_id in delete:
                if entity_id in self.entities:
                    gone = self.entities.pop(entity_id)
                    await self._erase(tx, gone.id)
                    await self._record(tx, gone, "deleted")
            for stored in put:
                change = "updated" if stored.id in self.entities else "created"
                await self._erase(tx, stored.id)
                await self._insert(tx, stored)
                await self._record(tx, stored, change)
                self.entities[stored.id] = stored
            await tx.execute("UPDATE catalog_counter SET value = ? WHERE name = 'revision'", self.revision)
            await tx.notify("catalog_revision", str(self.revision))
            revision = self.revision
            tx.after_commit(lambda: self._committed(revision))
        return self.revision

    async def _erase(self, tx: Transaction, entity_id: int) -> None:
        await tx.execute("DELETE FROM catalog_posting WHERE entity_id = ?", entity_id)
        await tx.execute("DELETE FROM catalog_entity WHERE id = ?", entity_id)

    async def _insert(self, tx: Transaction, stored: Stored) -> None:
        terms = sorted({await self._term(tx, row) for row in stored.search_rows})
        await tx.execute(
            "INSERT INTO catalog_entity (id, entity_ref, document, hash, terms, revision, updated_at)"
            " VALUES (?, ?, ?, '', ?, ?, 0)",
            stored.id,
            stored.ref,
            stored.document.decode(),
            array("I", terms).tobytes(),
            self.revision + 1,
        )
        await tx.execute_many(
            "INSERT INTO catalog_posting (term_id, entity_id) VALUES (?, ?)", [(term, stored.id) for term in terms]
        )

    async def _term(self, tx: Transaction, row: Row) -> int:
        key, value = row
        if key not in self._keys:
            self._keys[key] = len(self._keys) + 1
            await tx.execute("INSERT INTO catalog_key (id, key) VALUES (?, ?)", self._keys[key], key)
        if row not in self._terms:
            self._terms[row] = len(self._terms) + 1
            await tx.execute(
                "INSERT INTO catalog_term (id, key_id, value, original, is_null) VALUES (?, ?, ?, ?, ?)",
                self._terms[row],
                self._keys[key],
                (value or "").lower(),
                value or "",
                int(value is None),
            )
        return self._terms[row]

    async def _record(self, tx: Transaction, stored: Stored, change: str) -> None:
        self.revision += 1
        await tx.execute(
            "INSERT INTO catalog_revision (n, entity_id, entity_ref, change, cause, at) VALUES (?, ?, ?, ?, '{}', 0)",
            self.revision,
            stored.id,
            stored.ref,
            change,
        )


def named(*names: str, kind: str = "Component", start: int = 1, rows: Sequence[Row] = ()) -> list[Stored]:
    """Entities of these names in the default namespace, ids counted from `start`."""
    return [Stored(start + place, kind, "default", name, tuple(rows)) for place, name in enumerate(names)]
