"""Interned search terms: each key and each value of a key has a number. Source: spec/catalog.md §2.1."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import orjson

from catalog.store.writing import CatalogWrite

MAX_REMEMBERED = 300_000
"""Terms held in memory: some 40 MB. Beyond it the values of the most varied keys are forgotten."""

NEVER_ALIKE = frozenset({"metadata.uid"})
"""Keys of which every entity has a value of its own: not worth remembering."""


class SearchTerm(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def value(self) -> str | None: ...
    @property
    def original(self) -> str | None: ...


class _Missing(NamedTuple):
    key_id: int
    original: str | None

    @property
    def value(self) -> str:
        return "" if self.original is None else self.original.lower()


class TermNumbers:
    """Numbers of keys and terms, remembered across transactions of the ingest leader.

    A term is a key and the value as written (None for null and over-long values); the lower-cased value follows from
    that. While nobody else has taken term numbers since, everything unknown here is new to the database, too.
    """

    def __init__(self) -> None:
        self._keys: dict[str, int] = {}
        self._terms: dict[int, dict[str | None, int]] = {}
        self._forgotten: set[int] = set()
        self._count = 0
        self._upto = 0
        """The term counter as this memory last left it."""
        self._whole = True
        """Whether every term there is went through this memory."""

    async def resolve(
        self, write: CatalogWrite, entities: Sequence[tuple[bool, Iterable[SearchTerm]]]
    ) -> list[array[int]]:
        """Ascending term ids for each entity; numbers unknown terms in this transaction.

        Args:
            entities: whether the entity is new (its uid cannot be known yet), and its terms.
        """
        keys = await self._key_ids(write, {term.key for _, terms in entities for term in terms})
        known = self._terms
        missing: dict[_Missing, bool] = {}
        for new, terms in entities:
            for term in terms:
                key_id = keys[term.key]
                values = known.get(key_id)
                if values is None or term.original not in values:
                    missing.setdefault(_Missing(key_id, term.original), new and term.key in NEVER_ALIKE)
        fresh = await self._number(write, missing)
        result = []
        for _, terms in entities:
            ids = []
            for term in terms:
                key_id = keys[term.key]
                values = known.get(key_id)
                found = None if values is None else values.get(term.original)
                ids.append(fresh[key_id, term.original] if found is None else found)
            ids.sort()
            result.append(array("I", ids))
        apart = {key_id for key, key_id in keys.items() if key in NEVER_ALIKE}
        upto = write.numbers.values["term"]
        write.after_commit(lambda: self._remember(keys, fresh, apart, upto))
        return result

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
        return found | {key: number for number, key in numbered}

    async def _number(self, write: CatalogWrite, missing: dict[_Missing, bool]) -> dict[tuple[int, str | None], int]:
        whole = self._whole = self._whole and write.numbers.values["term"] == self._upto
        doubtful = [one for one, new in missing.items() if not new and (not whole or one.key_id in self._forgotten)]
        found = await self._look_up(write, doubtful)
        new = sorted((one for one in missing if one not in found), key=lambda one: (one.key_id, one.value))
        numbers = write.numbers.take("term", len(new))
        await write.bulk.insert(
            "catalog_term",
            ("id", "key_id", "value", "original", "is_null"),
            [
                (number, one.key_id, one.value, one.original or "", int(one.original is None))
                for number, one in zip(numbers, new, strict=True)
            ],
        )
        fresh: dict[tuple[int, str | None], int] = {(one.key_id, one.original): number for one, number in found.items()}
        fresh.update(((one.key_id, one.original), number) for number, one in zip(numbers, new, strict=True))
        return fresh

    async def _look_up(self, write: CatalogWrite, terms: Sequence[_Missing]) -> dict[_Missing, int]:
        if not terms:
            return {}
        columns = (
            [one.key_id for one in terms],
            [one.value for one in terms],
            [one.original or "" for one in terms],
            [int(one.original is None) for one in terms],
        )
        if write.tx.dialect == "postgresql":
            rows = await write.tx.fetch(
                "SELECT t.id, t.key_id, t.original, t.is_null "
                "FROM unnest(?::bigint[], ?::text[], ?::text[], ?::smallint[]) "
                "AS w(key_id, value, original, is_null) JOIN catalog_term t "
                "ON t.key_id = w.key_id AND t.value = w.value AND t.original = w.original AND t.is_null = w.is_null",
                *columns,
            )
        else:
            # CROSS JOIN: SQLite keeps this order, so each wanted term is one look-up in the index.
            rows = await write.tx.fetch(
                "SELECT t.id, t.key_id, t.original, t.is_null FROM json_each(?) w CROSS JOIN catalog_term t "
                "ON t.key_id = w.value ->> 0 AND t.value = w.value ->> 1 AND t.original = w.value ->> 2 "
                "AND t.is_null = w.value ->> 3",
                orjson.dumps(list(zip(*columns, strict=True))).decode(),
            )
        return {_Missing(row[1], None if row[3] else row[2]): row[0] for row in rows}

    def _remember(
        self, keys: dict[str, int], fresh: dict[tuple[int, str | None], int], apart: set[int], upto: int
    ) -> None:
        self._keys.update(keys)
        self._forgotten |= apart
        self._upto = upto
        for (key_id, original), number in fresh.items():
            if key_id not in apart:
                self._terms.setdefault(key_id, {})[original] = number
                self._count += 1
        while self._count > MAX_REMEMBERED:
            widest = max(self._terms, key=lambda key_id: len(self._terms[key_id]))
            self._count -= len(self._terms.pop(widest))
            self._forgotten.add(widest)
