"""From a query to the set of entities it selects, remembered until something changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import orjson
from pyroaring import BitMap

from app.errors import InputError
from catalog.interfaces import Query
from catalog.query.bitmaps import evaluate
from catalog.query.caches import Cache
from catalog.query.loading import Structures
from catalog.query.needs import Need, needs_of
from catalog.query.order_index import OrderIndex
from catalog.query.predicates import EVERYTHING, Predicate, all_of, parse_query
from catalog.query.results import Found, Result, Results, Selected
from catalog.query.structures import Ordered, Patch, Structure, size_of
from catalog.query.text import TextSearch

T = TypeVar("T")

PARSED_BYTES = 4 * 1024 * 1024
PATIENCE = 3
"""How often work in slices begins anew when the catalog changes under it; then it runs in one go."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked query: equal keys are equal queries."""

    key: bytes
    predicate: Predicate
    needs: tuple[Need, ...]

    def __and__(self, other: Asked) -> Asked:
        if self.predicate == EVERYTHING:
            return other
        if other.predicate == EVERYTHING:
            return self
        return Asked(
            self.key + b"\0" + other.key,
            all_of(self.predicate, other.predicate),
            tuple(dict.fromkeys((*self.needs, *other.needs))),
        )


@dataclass(frozen=True, slots=True)
class View:
    """Selected entities and structures of one state of the catalog. Good until the next `await`; change nothing."""

    among: BitMap
    have: Mapping[Need, Structure]

    def order(self, need: Need) -> OrderIndex:
        """The rows behind an `order` or `refs` need; none where no row can exist."""
        found = self.have.get(need)
        return found.index if isinstance(found, Ordered) else OrderIndex()


def asked_of(predicate: Predicate, key: bytes) -> Asked:
    return Asked(key, predicate, tuple(needs_of(predicate)))


ALL_ENTITIES = asked_of(EVERYTHING, b"{}")


class Selection:
    """Checks queries and evaluates them on the index."""

    def __init__(self, structures: Structures, budget: int) -> None:
        """`budget`: bytes for results that are remembered."""
        self._structures = structures
        self._parsed: Cache[bytes, Asked] = Cache(PARSED_BYTES)
        self._results = Results(budget, structures.live)
        self._epoch = structures.epoch
        structures.follow = self._change

    def asked(self, query: Query | None, *, prefix: str = "Invalid query: ") -> Asked:
        """Check a query. Raises InputError."""
        if not query:
            return ALL_ENTITIES
        try:
            key = orjson.dumps(query)
        except TypeError:
            # Nested beyond what the serialiser takes, or text that is none: the parser says it better, if it can.
            parse_query(query, prefix=prefix)
            raise InputError(f"{prefix}Validation error: not JSON") from None
        known = self._parsed.get(key)
        if known is None:
            known = asked_of(parse_query(query, prefix=prefix), key)
            self._parsed.put(key, known, 1000 + 8 * len(key))
        return known

    @property
    def epoch(self) -> int:
        return self._structures.epoch

    def _change(self, patch: Patch) -> Callable[[], None]:
        if self._epoch != self._structures.epoch:
            # What there is belongs to a state that has been left without a patch.
            self._results.clear()
        end = self._results.change(patch)

        def after() -> None:
            end()
            self._epoch = self._structures.epoch

        return after

    def recall(self, key: Any) -> Any:
        """What was remembered under a key and is true of the present state; None when nothing is."""
        if self._epoch != self._structures.epoch:
            self._results.clear()
            self._epoch = self._structures.epoch
        return self._results.get(key)

    def remember(self, key: Any, result: Result, size: int) -> None:
        """Keep what was computed from the present state."""
        if self._epoch == self._structures.epoch:
            self._results.put(key, result, size)

    async def view(self, asked: Asked, needs: Sequence[Need] = ()) -> View:
        """The entities that a query selects, with further structures of the same state."""
        among = self.recall(asked.key)
        if among is not None and (have := self._structures.at_hand(needs)) is not None:
            return View(among, have)
        found = await self._structures.need((*asked.needs, *needs))
        among = self.recall(asked.key)
        if among is None:
            among = evaluate(asked.predicate, found)
            self.remember(asked.key, Selected(asked.predicate, asked.needs, among), size_of(among) + len(asked.key))
        return View(among, found)

    async def search(self, text: TextSearch) -> tuple[int, BitMap]:
        """The entities that hold a text in one of the fields, and the epoch for which that is true.

        While the catalog changes without pause, an entity that has just changed may be missed.
        """
        key = ("text", text)
        known: BitMap | None = self.recall(key)
        if known is not None:
            return self.epoch, known
        # An index over a million uids would say no more than this does.
        fields = [f for f in text.fields if f != "metadata.uid" or set(text.needle) <= set("0123456789abcdef-")]
        needle = text.needle.encode("utf-8", "replace")
        found, epoch = BitMap(), -1
        for _ in range(PATIENCE):
            epoch, found = self.epoch, BitMap()
            for field in fields:
                found |= await self._holding(Need("order", field), needle)
            if epoch == self.epoch:
                break
        if epoch != self.epoch:
            # Part of it is of another state: nothing to build on.
            return self.epoch, found
        self.recall(key)
        self.remember(key, Found(text, fields, found), size_of(found) + 4 * len(needle))
        return self.epoch, found

    async def _holding(self, need: Need, needle: bytes) -> BitMap:
        """One field after the other, so that no more than one has to be in memory."""
        order = (await self._structures.need([need])).get(need)
        return await self.sliced(partial(order.index.holding, needle)) if isinstance(order, Ordered) else BitMap()

    async def sliced(self, work: Callable[[], Generator[None, None, T]]) -> T:
        """Do work that takes long, others coming in between; anew from the start when the catalog has changed."""
        for attempt in range(PATIENCE + 1):
            epoch, steps = self.epoch, work()
            while epoch == self.epoch:
                try:
                    next(steps)
                except StopIteration as end:
                    done: T = end.value
                    return done
                if attempt < PATIENCE:
                    await asyncio.sleep(0)
        raise AssertionError("the last attempt lets nobody change anything")
