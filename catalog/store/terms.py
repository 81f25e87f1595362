"""Interned search terms: each key and each value of a key has a number. Source: spec/catalog.md §2.1."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import orjson

from catalog.store.writing import CatalogWrite

MAX_REMEMBERED = 300_000
"""Values held in memory: some 40 MB. Beyond it those of the most varied paths are forgotten."""

AT_REST = 20_000
"""Values worth keeping while nothing goes on: kinds, owners, tags and the like."""

UID = "metadata.uid"
"""Every entity has a value of its own here: not worth remembering."""

NO_TERM = 0
"""The number of what is not indexed: a key that is too long."""

_NUMERIC = frozenset("-0123456789")

Pairs = Sequence[tuple[str, Any]]
"""Paths and values of a final entity as written."""


class SearchTerm(Protocol):
    """A lower-cased key and value, and the value as written; both None for null and for over-long values."""

    @property
    def key(self) -> str: ...
    @property
    def value(self) -> str | None: ...
    @property
    def original(self) -> str | None: ...


Row = tuple[int, str, str, int]
"""Key id, lower-cased value, value as written, whether it is null: what makes a term."""

Missing = dict[str, dict[Any, bool]]
"""Path → values → whether nobody else can have it. Values are as `TermNumbers` keeps them."""

Fresh = dict[str, dict[Any, int]]
"""Path → values → numbers found or given in this transaction."""


class TermNumbers:
    """Numbers of terms, remembered across transactions of the ingest leader by path and value as they are written.

    Most values of an entity have been seen before: then nothing is lower-cased or compared, only looked up. While
    everything in the database went through this memory, what is unknown here is new there, too.
    """

    def __init__(self, term_of: Callable[[str, Any], SearchTerm | None]) -> None:
        self._term_of = term_of
        self._keys: dict[str, int] = {}
        self._known: dict[str, dict[Any, int]] = {UID: {}}
        self._forgotten: set[str] = set()
        self._spelling: dict[str, str] = {}
        """The path that was seen for a key; empty where there were several."""
        self._count = 0
        self._upto = 0
        """The term counter as this memory last left it."""
        self._whole = True
        """Whether every term there is went through this memory."""

    async def resolve(self, write: CatalogWrite, entities: Sequence[tuple[bool, Pairs]]) -> list[array[int]]:
        """Ascending term ids for each entity; numbers unknown terms in this transaction.

        Args:
            entities: whether the entity is new (its uid cannot be known yet), and what it holds.
        """
        known = self._known
        missing: Missing = {}
        for new, pairs in entities:
            for path, value in pairs:
                name = value if type(value) is str else (type(value), value)
                values = known.get(path)
                if values is None or name not in values:
                    unknown = missing.get(path)
                    if unknown is None:
                        unknown = missing[path] = {}
                    unknown[name] = new and path == UID
        fresh = await self._number(write, missing)
        upto = write.numbers.values["term"]
        write.after_commit(lambda: self._remember(fresh, upto))
        return [array("I", self._ids(pairs, fresh)) for _, pairs in entities]

    def _ids(self, pairs: Pairs, fresh: Fresh) -> list[int]:
        known = self._known
        ids: set[int] = set()
        first: dict[str, Any] = {}
        several: dict[str, set[str | None]] = {}
        for path, value in pairs:
            name = value if type(value) is str else (type(value), value)
            if path in first:
                # Of values that are alike in lower case the first one counts.
                alike = several.get(path)
                if alike is None:
                    alike = several[path] = {self._lowered(path, first[path])}
                lowered = self._lowered(path, value)
                if lowered in alike:
                    continue
                alike.add(lowered)
            else:
                first[path] = value
            values = known.get(path)
            found = None if values is None else values.get(name)
            ids.add(fresh[path][name] if found is None else found)
        ids.discard(NO_TERM)
        return sorted(ids)

    def _lowered(self, path: str, value: Any) -> str | None:
        if type(value) is str:
            return value.lower()
        term = self._term_of(path, value)
        return None if term is None else term.value

    async def _number(self, write: CatalogWrite, missing: Missing) -> Fresh:
        whole = self._whole = self._whole and write.numbers.values["term"] == self._upto
        key_of = {path: None if (term := self._term_of(path, "")) is None else term.key for path in missing}
        keys = await self._key_ids(write, {key for key in key_of.values() if key is not None})
        wanted: dict[str, dict[Any, Row]] = {}
        doubtful: set[Row] = set()
        new: set[Row] = set()
        for path, names in missing.items():
            key = key_of[path]
            if key is None:
                continue
            key_id = keys[key]
            # Another spelling of the path, or another type of value, may have brought a term in.
            alone = whole and path not in self._forgotten and self._spelling.get(key, path) == path
            rows = wanted[path] = {}
            for name, own in names.items():
                row = rows[name] = self._row(key_id, path, name)
                if own or (alone and _is_like_no_other(name, row[3])):
                    new.add(row)
                else:
                    doubtful.add(row)
        found = await self._look_up(write, list(doubtful))
        new.update(row for row in doubtful if row not in found)
        added = sorted(new)
        numbers = write.numbers.take("term", len(added))
        await write.bulk.insert(
            "catalog_term",
            ("id", "key_id", "value", "original", "is_null"),
            [(number, *row) for number, row in zip(numbers, added, strict=True)],
        )
        found.update(zip(added, numbers, strict=True))
        fresh: Fresh = {path: dict.fromkeys(names, NO_TERM) for path, names in missing.items() if path not in wanted}
        for path, rows in wanted.items():
            fresh[path] = {name: found[row] for name, row in rows.items()}
        return fresh

    def _row(self, key_id: int, path: str, name: Any) -> Row:
        term = self._term_of(path, name[1] if type(name) is tuple else name)
        if term is None or term.value is None or term.original is None:
            return key_id, "", "", 1
        return key_id, term.value, term.original, 0

    async def _key_ids(self, write: CatalogWrite, keys: set[str]) -> dict[str, int]:
        unknown = sorted(keys - self._keys.keys())
        found = {key: self._keys[key] for key in keys if key in self._keys}
        if not unknown:
            return found
        rows = await write.bulk.select("SELECT id, key FROM catalog_key", "key", "text", unknown)
        found |= {row[1]: row[0] for row in rows}
        new = [key for key in unknown if key not in found]
        numbered = list(zip(write.numbers.take("key", len(new)), new, strict=True))
        await write.bulk.insert("catalog_key", ("id", "key"), numbered)
        found |= {key: number for number, key in numbered}
        write.after_commit(lambda: self._keys.update(found))
        return found

    async def _look_up(self, write: CatalogWrite, terms: Sequence[Row]) -> dict[Row, int]:
        if not terms:
            return {}
        if write.tx.dialect == "postgresql":
            rows = await write.tx.fetch(
                "SELECT t.key_id, t.value, t.original, t.is_null, t.id "
                "FROM unnest(?::bigint[], ?::text[], ?::text[], ?::smallint[]) "
                "AS w(key_id, value, original, is_null) JOIN catalog_term t "
                "ON t.key_id = w.key_id AND t.value = w.value AND t.original = w.original AND t.is_null = w.is_null",
                *(list(column) for column in zip(*terms, strict=True)),
            )
        else:
            # CROSS JOIN: SQLite keeps this order, so each wanted term is one look-up in the index.
            rows = await write.tx.fetch(
                "SELECT t.key_id, t.value, t.original, t.is_null, t.id "
                "FROM json_each(?) w CROSS JOIN catalog_term t "
                "ON t.key_id = w.value ->> 0 AND t.value = w.value ->> 1 AND t.original = w.value ->> 2 "
                "AND t.is_null = w.value ->> 3",
                orjson.dumps(terms).decode(),
            )
        return {(row[0], row[1], row[2], row[3]): row[4] for row in rows}

    def _remember(self, fresh: Fresh, upto: int) -> None:
        self._upto = upto
        known = self._known
        for path, numbers in fresh.items():
            if path == UID:
                continue
            values = known.get(path)
            if values is None:
                values = known[path] = {}
                key = path.lower()
                self._spelling[key] = path if self._spelling.get(key, path) == path else ""
            values.update(numbers)
            self._count += len(numbers)
        self.shrink(MAX_REMEMBERED)

    def shrink(self, most: int) -> None:
        """Forget the values of the most varied paths until no more than so many are left."""
        known = self._known
        while self._count > most:
            widest = max(known, key=lambda path: len(known[path]))
            self._count -= len(known.pop(widest))
            self._forgotten.add(widest)


def _is_like_no_other(name: Any, null: int) -> bool:
    """Whether no other value makes the same term: over-long texts are all alike, and `"5"` is like 5."""
    return type(name) is str and not null and name[:1] not in _NUMERIC and name not in ("true", "false")
