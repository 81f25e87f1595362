"""Interned search terms: each key and each value of a key has a number. Source: spec/catalog.md §2.1."""

from __future__ import annotations

from array import array
from collections import Counter
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

PLAIN = 100
"""ASCII texts of so many characters are values as they are."""

_TRUE = (bool, True)

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
        self._flags: dict[str, int] = {}
        """Numbers of `true`: each text in a list makes a path of its own, with nothing but this value."""
        self._forgotten: set[str] = set()
        self._forgotten_flags = False
        self._spelling: dict[str, str] = {}
        """The path that was seen for a key, if it is not the key itself; empty where there were several."""
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
        missing: Missing = {}
        found = [self._look(new, pairs, missing) for new, pairs in entities]
        fresh = await self._number(write, missing)
        upto = write.numbers.values["term"]
        write.after_commit(lambda: self._remember(fresh, upto))
        resolved = []
        for ids, later in found:
            ids.update([fresh[path][name] for path, name in later])
            ids.discard(NO_TERM)
            resolved.append(array("I", sorted(ids)))
        return resolved

    def _look(self, new: bool, pairs: Pairs, missing: Missing) -> tuple[set[int], list[tuple[str, Any]]]:
        """The numbers that are known, and what is not; that is added to `missing`, too."""
        known, flags = self._known, self._flags
        ids: set[int] = set()
        later: list[tuple[str, Any]] = []
        first: dict[str, Any] = {}
        several: dict[str, set[str | None]] = {}
        for path, value in pairs:
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
            name: Any
            if value is True:
                name, number = _TRUE, flags.get(path)
            else:
                name = value if type(value) is str else (type(value), value)
                values = known.get(path)
                number = None if values is None else values.get(name)
            if number is not None:
                ids.add(number)
                continue
            later.append((path, name))
            unknown = missing.get(path)
            if unknown is None:
                unknown = missing[path] = {}
            unknown[name] = new and path == UID
        return ids, later

    def _lowered(self, path: str, value: Any) -> str | None:
        if type(value) is str:
            return value.lower()
        term = self._term_of(path, value)
        return None if term is None else term.value

    async def _number(self, write: CatalogWrite, missing: Missing) -> Fresh:
        whole = self._whole = self._whole and write.numbers.values["term"] == self._upto
        key_of = {path: None if (term := self._term_of(path, "")) is None else term.key for path in missing}
        keys = await self._key_ids(write, {key for key in key_of.values() if key is not None})
        spellings = Counter(key_of.values())
        wanted: dict[str, dict[Any, Row]] = {}
        doubtful: set[Row] = set()
        rows: list[Row] = []
        fresh: Fresh = {}
        first = write.numbers.values["term"] + 1
        for path, names in missing.items():
            key = key_of[path]
            if key is None:
                fresh[path] = dict.fromkeys(names, NO_TERM)
                continue
            key_id = keys[key]
            # Another spelling of the path, or another type of value, may have brought a term in.
            alone = whole and spellings[key] == 1 and self._is_alone(path, key)
            numbered = fresh[path] = {}
            if alone and len(names) == 1 and path not in self._known and path not in self._flags:
                # The first value there is.
                (name,) = names
                numbered[name] = first + len(rows)
                rows.append(self._row(key_id, path, name))
                continue
            for name, own in names.items():
                if (own and type(name) is str) or (alone and _is_like_no_other(name)):
                    numbered[name] = first + len(rows)
                    rows.append((key_id, name.lower(), name, 0))
                else:
                    row = self._row(key_id, path, name)
                    wanted.setdefault(path, {})[name] = row
                    doubtful.add(row)
        found = await self._look_up(write, list(doubtful))
        for row in sorted(doubtful - found.keys()):
            found[row] = first + len(rows)
            rows.append(row)
        write.numbers.take("term", len(rows))
        await write.bulk.insert(
            "catalog_term",
            ("id", "key_id", "value", "original", "is_null"),
            [(number, *row) for number, row in enumerate(rows, first)],
        )
        for path, asked in wanted.items():
            fresh[path].update({name: found[row] for name, row in asked.items()})
        return fresh

    def _is_alone(self, path: str, key: str) -> bool:
        """Whether all there is under the key is remembered under this path."""
        if path in self._forgotten or self._forgotten_flags:
            return False
        if self._spelling.get(key, path) != path:
            return False
        return path == key or (key not in self._known and key not in self._flags)

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
            key = path.lower()
            if key != path:
                self._spelling[key] = path if self._spelling.get(key, path) == path else ""
            self._count += len(numbers)
            flag = numbers.pop(_TRUE, None)
            if flag is not None:
                self._flags[path] = flag
            if numbers:
                values = known.get(path)
                if values is None:
                    known[path] = numbers
                else:
                    values.update(numbers)
        if self._count > MAX_REMEMBERED:
            self.shrink(MAX_REMEMBERED)

    def shrink(self, most: int) -> None:
        """Forget the values of the most varied paths until no more than so many are left."""
        known = self._known
        while self._count > most:
            widest = max(known, key=lambda path: len(known[path]))
            if len(self._flags) > len(known[widest]):
                self._count -= len(self._flags)
                self._flags.clear()
                self._forgotten_flags = True
            else:
                self._count -= len(known.pop(widest))
                self._forgotten.add(widest)


def _is_like_no_other(name: Any) -> bool:
    """Whether no other value makes the same term, and this one makes what it looks like: over-long texts are all alike,
    `"5"` is like 5, and NUL is written as U+FFFD."""
    return (
        type(name) is str
        and len(name) <= PLAIN
        and name.isascii()
        and name[:1] not in _NUMERIC
        and name not in ("true", "false")
        and "\0" not in name
    )
