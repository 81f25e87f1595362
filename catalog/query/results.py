"""What queries have selected, found and counted, kept and brought along with changes.

A commit of few entities changes few results, and each of them in a place or two: so a page, a count or a facet that is
asked again after a commit costs what the commit changed, not what the catalog holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from pyroaring import BitMap

from catalog.interfaces import FacetValue
from catalog.query.bitmaps import evaluate
from catalog.query.caches import Cache
from catalog.query.needs import Need, unspeakable
from catalog.query.predicates import Predicate
from catalog.query.structures import EntitySet, Ordered, Patch, Spellings, Structure
from catalog.query.text import TextSearch

MOST_CHANGED: Final = 64
"""Entities of one change beyond which results are forgotten: ingestion passes by, and asking anew is cheaper."""
MOST_KEPT: Final = 64
"""Results that one change brings along, those asked last first; some microseconds each. The others are forgotten."""
UNASKED: Final = 8
"""Changes that a result outlives without being asked for."""

Live = Callable[[Need], Structure | None]
"""The structure of a need that is up to date, if there is one."""


class Unknown(Exception):  # noqa: N818 - no error: the result is forgotten
    """A structure that a result was made of is gone."""


class Result(Protocol):
    @property
    def value(self) -> Any: ...

    def before(self, patch: Patch, live: Live) -> None:
        """Note what a change will take away. Raises Unknown."""

    def after(self, patch: Patch, live: Live) -> None:
        """Take that away and add what has come. Raises Unknown."""


class Selected:
    """The entities that a predicate selects."""

    __slots__ = ("_needs", "_predicate", "value")

    def __init__(self, predicate: Predicate, needs: Sequence[Need], among: BitMap) -> None:
        self._predicate, self._needs = predicate, needs
        self.value = among

    def before(self, patch: Patch, live: Live) -> None:
        """Whoever has been given a set may go on reading it, and it may be the index's own: so it is never changed."""
        self.value = self.value - patch.ids

    def after(self, patch: Patch, live: Live) -> None:
        self.value = self.value | selected(self._predicate, self._needs, patch.ids, live)


class Found:
    """The entities that hold a text in one of some fields."""

    __slots__ = ("_fields", "_needle", "value")

    def __init__(self, text: TextSearch, fields: Sequence[str], found: BitMap) -> None:
        self._needle, self._fields = text.needle.encode("utf-8", "replace"), fields
        self.value = found

    def before(self, patch: Patch, live: Live) -> None:
        self.value = self.value - patch.ids

    def after(self, patch: Patch, live: Live) -> None:
        for field in self._fields:
            # A patch knows the rows of what is in memory, and of nothing else.
            _need(Need("order", field), live)
            rows = patch.rows(field, original=False)
            holding = [one for one, values in rows.items() if any(self._needle in value for value in values)]
            self.value = self.value | BitMap(holding)


class Counted:
    """How many of the selected entities have each value of a key."""

    __slots__ = ("_counts", "_key", "_needs", "_predicate", "_told")

    def __init__(self, key: str, predicate: Predicate, needs: Sequence[Need], told: list[FacetValue]) -> None:
        self._key, self._predicate, self._needs = key, predicate, needs
        self._counts = {one.value: one.count for one in told}
        self._told: list[FacetValue] | None = told

    @property
    def value(self) -> list[FacetValue]:
        if self._told is None:
            self._told = [FacetValue(value, count) for value, count in sorted(self._counts.items()) if count]
        return self._told

    def before(self, patch: Patch, live: Live) -> None:
        self._add(patch, live, -1)

    def after(self, patch: Patch, live: Live) -> None:
        self._add(patch, live, 1)
        self._told = None

    def _add(self, patch: Patch, live: Live, sign: int) -> None:
        among = selected(self._predicate, self._needs, patch.ids, live)
        if not among:
            return
        for value, count in _counts(_need(Need("facet", self._key), live), among):
            self._counts[value] = self._counts.get(value, 0) + sign * count
            if not self._counts[value]:
                del self._counts[value]


class Results:
    """Results by what was asked, within a budget of bytes."""

    def __init__(self, budget: int, live: Live) -> None:
        self._kept: Cache[Any, tuple[Result, list[int]]] = Cache(budget)
        """Beside each result, in a list of one: changes since somebody asked for it."""
        self._live = live

    def clear(self) -> None:
        self._kept.clear()

    def get(self, key: Any) -> Any:
        """None when nothing is known."""
        found = self._kept.get(key)
        if found is None:
            return None
        found[1][0] = 0
        return found[0].value

    def put(self, key: Any, result: Result, size: int) -> None:
        """`size`: about how many bytes key and value take."""
        self._kept.put(key, (result, [0]), size + 300)

    def change(self, patch: Patch) -> Callable[[], None]:
        """Call it before the structures take in a change, and what it gives right after they have, without a pause."""
        if len(patch.ids) > MOST_CHANGED:
            self.clear()
            return _nothing
        followed = sorted(self._kept.items(), key=lambda entry: entry[1][1][0])
        for number, (key, (_, unasked)) in enumerate(followed):
            unasked[0] += 1
            if number >= MOST_KEPT or unasked[0] > UNASKED:
                self._kept.pop(key)
        kept = {key: result for key, (result, _) in followed[:MOST_KEPT] if key in self._kept}
        self._each(kept, lambda result: result.before(patch, self._live))
        return lambda: self._each(kept, lambda result: result.after(patch, self._live))

    def _each(self, results: dict[Any, Result], do: Callable[[Result], None]) -> None:
        """Results for which it cannot be done are forgotten."""
        for key, result in list(results.items()):
            try:
                do(result)
            except Unknown:
                self._kept.pop(key)
                del results[key]


def selected(predicate: Predicate, needs: Sequence[Need], ids: BitMap, live: Live) -> BitMap:
    """Which of these entities a predicate selects. Raises Unknown."""
    have: dict[Need, Structure] = {}
    for need in needs:
        if unspeakable(need.key) or unspeakable(need.value):
            continue
        whole = _need(need, live)
        if not isinstance(whole, EntitySet):
            raise Unknown
        have[need] = EntitySet(need, whole.entities & ids)
    return evaluate(predicate, have) & ids


def _need(need: Need, live: Live) -> Structure:
    found = live(need)
    if found is None:
        raise Unknown
    return found


def _counts(structure: Structure, among: BitMap) -> Iterable[tuple[str, int]]:
    match structure:
        case Spellings():
            return structure.counts(among)
        case Ordered():
            counts: dict[str, int] = {}
            for one in among & structure.index.members:
                for value in structure.index.values_of(one):
                    counts[value.decode()] = counts.get(value.decode(), 0) + 1
            return counts.items()
        case _:
            raise Unknown


def _nothing() -> None:
    return None
