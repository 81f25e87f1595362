"""What the index keeps in memory, and how it follows changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from pyroaring import BitMap

from catalog.query.needs import REF_KEY, Need
from catalog.query.order_index import OrderIndex
from catalog.store.reads import EntityState, TermRow


class Patch:
    """How some entities are found now, for the keys that the index holds. What it does not hold is not said."""

    __slots__ = ("_having", "_rows", "ids", "present", "refs")

    def __init__(
        self, changed: Iterable[tuple[int, str]], states: Sequence[EntityState], terms: Sequence[TermRow]
    ) -> None:
        self.ids = BitMap()
        self.refs: list[str] = []
        for entity_id, ref in changed:
            self.ids.add(entity_id)
            self.refs.append(ref)
        self.present = BitMap([state.id for state in states])
        """Those of the ids that (still) exist."""
        self._having: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        self._rows: dict[str, list[tuple[TermRow, int]]] = defaultdict(list)
        known = {term.id: term for term in terms}
        for state in states:
            self._rows[REF_KEY].append((TermRow(0, REF_KEY, state.ref, state.ref), state.id))
            for term_id in state.terms:
                if (term := known.get(term_id)) is not None:
                    self._rows[term.key].append((term, state.id))
                    self._having[term.key, None].append(state.id)
                    if term.value is not None:
                        self._having[term.key, term.value].append(state.id)

    def having(self, key: str, value: str | None) -> list[int]:
        """Entities with a key (value None) or with a key and value."""
        return self._having.get((key, value), [])

    def rows(self, key: str, *, original: bool) -> dict[int, list[bytes]]:
        """The values of a key for every entity that changed; none for those that have none, or are gone."""
        found: dict[int, list[bytes]] = {entity_id: [] for entity_id in self.ids}
        for term, entity_id in self._rows.get(key, ()):
            if term.value is not None:
                value = (term.original if original else term.value).encode()
                if value not in found[entity_id]:
                    found[entity_id].append(value)
        return found


class Structure(Protocol):
    def apply(self, patch: Patch) -> None:
        """Bring it up to date with these changes. Doing it twice is doing it once."""

    @property
    def size(self) -> int:
        """About how many bytes it takes."""


class EntitySet:
    """The entities that have a key, or a key and a value (or the beginning of one), or all there are."""

    __slots__ = ("__weakref__", "entities", "need")

    def __init__(self, need: Need, ids: Iterable[int]) -> None:
        self.need = need
        self.entities = BitMap(ids)

    def apply(self, patch: Patch) -> None:
        self.entities.difference_update(patch.ids)
        match self.need:
            case Need("value", key, value):
                self.entities.update(patch.having(key, value))
            case Need("key", key):
                self.entities.update(patch.having(key, None))
            case Need("prefix", key, prefix):
                rows = patch.rows(key, original=False)
                begun = [one for one, values in rows.items() if any(v.startswith(prefix.encode()) for v in values)]
                self.entities.update(begun)
            case _:
                self.entities.update(patch.present)

    @property
    def size(self) -> int:
        return 400 + size_of(self.entities) + 2 * len(self.need.value)


class Ordered:
    """The rows of a key in the order of their values; by original spelling for wide facets. Without a key: refs."""

    __slots__ = ("__weakref__", "index", "key", "original")

    def __init__(self, key: str, index: OrderIndex, *, original: bool = False) -> None:
        self.key = key
        self.index = index
        self.original = original

    def apply(self, patch: Patch) -> None:
        self.index.update(patch.rows(self.key or REF_KEY, original=self.original))

    @property
    def size(self) -> int:
        return self.index.size


class Spellings:
    """The entities of each original value of a key that has few of them: for facets."""

    __slots__ = ("__weakref__", "key", "values")

    def __init__(self, key: str, values: Iterable[tuple[str, Iterable[int]]]) -> None:
        self.key = key
        # Code-point order, which is that of UTF-8 bytes too.
        self.values: dict[str, BitMap] = {original: BitMap(ids) for original, ids in sorted(values)}

    def apply(self, patch: Patch) -> None:
        for entities in self.values.values():
            if entities.intersect(patch.ids):
                entities.difference_update(patch.ids)
        arrived = False
        for entity_id, originals in patch.rows(self.key, original=True).items():
            for original in map(bytes.decode, originals):
                if original not in self.values:
                    self.values[original] = BitMap()
                    arrived = True
                self.values[original].add(entity_id)
        if arrived or not all(self.values.values()):
            self.values = {original: ids for original, ids in sorted(self.values.items()) if ids}

    @property
    def size(self) -> int:
        return sum(300 + size_of(ids) + 2 * len(original) for original, ids in self.values.items())

    def counts(self, among: BitMap) -> list[tuple[str, int]]:
        """How many of these entities have each value, values ascending, those of none left out."""
        counted = [(original, entities.intersection_cardinality(among)) for original, entities in self.values.items()]
        return [pair for pair in counted if pair[1]]


def size_of(entities: BitMap) -> int:
    """About how many bytes a set takes: its containers hold two bytes an entity, or 8 KiB when they are full."""
    if not entities:
        return 0
    containers = (entities.max() >> 16) - (entities.min() >> 16) + 1
    return min(2 * len(entities), containers * 8192) + min(containers, len(entities)) * 40
