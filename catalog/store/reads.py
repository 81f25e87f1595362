"""The SQL of the read side: final entities, their search terms, and what has changed.

Lists of entity ids come as one value per term, since a row per id would cost more than everything else.
"""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

import orjson

from app.interfaces import Database

PAGE = 1_000
"""Ids or refs of one statement."""
BATCH = 5_000
"""Rows of one batch of a stream."""


@dataclass(frozen=True, slots=True)
class EntityState:
    """What an entity is found by now."""

    id: int
    ref: str
    terms: Sequence[int]


@dataclass(frozen=True, slots=True)
class TermRow:
    """One (key, value). `value` is None where the index holds a null or an over-long value."""

    id: int
    key: str
    value: str | None
    original: str


class CatalogReads:
    """Statements on one database. Every method is one snapshot unless it says otherwise."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sqlite = database.dialect == "sqlite"
        self._ids = "group_concat({})" if self._sqlite else "array_agg({})"
        self._bytes = "CAST({} AS BLOB)" if self._sqlite else "convert_to({}, 'UTF8')"
        self._ascending = "{}" if self._sqlite else '{} COLLATE "C"'

    # ------------------------------------------------------------------------------------------------ changes

    async def revision(self) -> int:
        """Number of the newest change, 0 before the first."""
        rows = await self._database.read("SELECT value FROM catalog_counter WHERE name = 'revision'")
        return int(rows[0][0]) if rows else 0

    async def changed(self, after: int, upto: int) -> list[tuple[int, str]]:
        """(entity id, ref) of all that changed in these revisions; an entity may come several times."""
        rows = await self._database.read(
            "SELECT entity_id, entity_ref FROM catalog_revision WHERE n > ? AND n <= ?", after, upto
        )
        return [(int(entity_id), str(ref)) for entity_id, ref in rows]

    async def states(self, ids: Iterable[int]) -> list[EntityState]:
        """What there is of these entities now."""
        rows = await self._database.read(
            f"SELECT id, entity_ref, terms FROM catalog_entity WHERE {self._database.any_of('id', 'bigint')}",  # noqa: S608
            self._database.array(ids),
        )
        return [EntityState(int(entity_id), ref, terms_of(terms)) for entity_id, ref, terms in rows]

    async def terms(self, ids: Iterable[int], keys: Iterable[str]) -> list[TermRow]:
        """Those of the terms that have one of the keys."""
        one_of = self._database.any_of
        rows = await self._database.read(
            "SELECT t.id, k.key, t.value, t.original, t.is_null FROM catalog_term AS t"  # noqa: S608
            " JOIN catalog_key AS k ON k.id = t.key_id"
            f" WHERE {one_of('t.id', 'bigint')} AND {one_of('k.key', 'text')}",
            self._database.array(ids),
            self._database.array(keys),
        )
        return [TermRow(int(row[0]), row[1], None if row[4] else row[2], row[3]) for row in rows]

    # --------------------------------------------------------------------------------------------- structures

    async def entity_ids(self) -> list[int]:
        """All there are."""
        rows = await self._database.read(f"SELECT {self._ids.format('id')} FROM catalog_entity")  # noqa: S608
        return _ids(rows[0][0])

    async def with_values(self, pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
        """For each (key, value) the entities that have it."""
        if self._sqlite:
            wanted = "json_each(?) AS w"
            number, key, value = "w.key", "w.value ->> 0", "w.value ->> 1"
            parameters = [orjson.dumps(pairs).decode()]
        else:
            wanted = "unnest(?::text[], ?::text[]) WITH ORDINALITY AS w(key, value, n)"
            number, key, value = "w.n - 1", "w.key", "w.value"
            parameters = [self._database.array(pair[0] for pair in pairs), self._database.array(p[1] for p in pairs)]
        rows = await self._database.read(
            f"SELECT {number}, {self._ids.format('p.entity_id')} FROM {wanted}"  # noqa: S608
            f" JOIN catalog_key AS k ON k.key = {key}"
            f" JOIN catalog_term AS t ON t.key_id = k.id AND t.value = {value} AND t.is_null = 0"
            " JOIN catalog_posting AS p ON p.term_id = t.id"
            f" GROUP BY {number}",
            *parameters,
        )
        found: list[list[int]] = [[] for _ in pairs]
        for place, ids in rows:
            found[place] = _ids(ids)
        return found

    async def with_keys(self, keys: Sequence[str]) -> list[list[int]]:
        """For each key the entities that have it, whatever the value; one with several values comes several times."""
        rows = await self._database.read(
            f"SELECT k.key, {self._ids.format('p.entity_id')} FROM catalog_key AS k"  # noqa: S608
            " JOIN catalog_term AS t ON t.key_id = k.id JOIN catalog_posting AS p ON p.term_id = t.id"
            f" WHERE {self._database.any_of('k.key', 'text')} GROUP BY k.key",
            self._database.array(keys),
        )
        found = {key: _ids(ids) for key, ids in rows}
        return [found.get(key, []) for key in keys]

    async def has_more_values(self, key: str, than: int) -> bool:
        """Whether a key has more spellings of values than that."""
        rows = await self._database.read(
            "SELECT count(*) FROM (SELECT 1 FROM catalog_key AS k"
            " JOIN catalog_term AS t ON t.key_id = k.id AND t.is_null = 0 WHERE k.key = ? LIMIT ?) AS few",
            key,
            than + 1,
        )
        return int(rows[0][0]) > than

    async def spellings(self, key: str) -> list[tuple[str, list[int]]]:
        """Each original value of a key and its entities, for keys of few values."""
        rows = await self._database.read(
            f"SELECT t.original, {self._ids.format('p.entity_id')} FROM catalog_key AS k"  # noqa: S608
            " JOIN catalog_term AS t ON t.key_id = k.id AND t.is_null = 0"
            " JOIN catalog_posting AS p ON p.term_id = t.id WHERE k.key = ? GROUP BY t.id, t.original",
            key,
        )
        return [(original, _ids(ids)) for original, ids in rows]

    def rows(self, key: str, *, original: bool = False) -> AsyncIterator[list[tuple[bytes, int]]]:
        """All (value, entity id) of a key in this order, in batches; by original value on demand."""
        column = "t.original" if original else "t.value"
        return self._database.stream(
            f"SELECT {self._bytes.format(column)}, p.entity_id FROM catalog_key AS k"  # noqa: S608
            " JOIN catalog_term AS t ON t.key_id = k.id AND t.is_null = 0"
            " JOIN catalog_posting AS p ON p.term_id = t.id"
            f" WHERE k.key = ? ORDER BY {self._ascending.format(column)}, p.entity_id",
            key,
            batch=BATCH,
        )

    def refs(self) -> AsyncIterator[list[tuple[bytes, int]]]:
        """All (entity ref, entity id) in this order, in batches."""
        return self._database.stream(
            f"SELECT {self._bytes.format('entity_ref')}, id FROM catalog_entity"  # noqa: S608
            f" ORDER BY {self._ascending.format('entity_ref')}",
            batch=BATCH,
        )

    # ---------------------------------------------------------------------------------------------- documents

    async def documents(self, ids: Sequence[int]) -> list[tuple[int, bytes]]:
        """Wire documents of these entities, in no order. Several snapshots for more than `PAGE`."""
        found: list[tuple[int, bytes]] = []
        for start in range(0, len(ids), PAGE):
            found += await self._database.read(
                f"SELECT id, {self._bytes.format('document')} FROM catalog_entity"  # noqa: S608
                f" WHERE {self._database.any_of('id', 'bigint')}",
                self._database.array(ids[start : start + PAGE]),
            )
        return found

    async def by_refs(self, refs: Sequence[str]) -> list[tuple[str, int, bytes]]:
        """(ref, id, document) of those refs that exist. Several snapshots for more than `PAGE`."""
        found: list[tuple[str, int, bytes]] = []
        for start in range(0, len(refs), PAGE):
            found += await self._database.read(
                f"SELECT entity_ref, id, {self._bytes.format('document')} FROM catalog_entity"  # noqa: S608
                f" WHERE {self._database.any_of('entity_ref', 'text')}",
                self._database.array(refs[start : start + PAGE]),
            )
        return found


def terms_of(packed: bytes) -> Sequence[int]:
    """The term ids of `catalog_entity.terms`: little-endian uint32."""
    ids = array("I", bytes(packed))
    if array("I", b"\1\0\0\0")[0] != 1:
        ids.byteswap()
    return ids


def _ids(found: str | list[int] | None) -> list[int]:
    """What an aggregate of ids gives: text on SQLite, a list on PostgreSQL, nothing for no row."""
    if found is None:
        return []
    if isinstance(found, str):
        ids: list[int] = orjson.loads(f"[{found}]")
        return ids
    return found
