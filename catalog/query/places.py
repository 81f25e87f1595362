"""Where the rows of an entity stand in an order index, as numbers that sort like the rows."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from pyroaring import BitMap

SPARSE = 16
"""Ids per entity beyond which an array over all ids would waste more than a dictionary does."""
BITS = 16
"""A place is the label of a block and, in so many bits below it, the row within the block."""


class Places:
    """Entity id → places of its rows. Nearly all entities have one row: that is an array, the others a dictionary."""

    __slots__ = ("_many", "_one")

    def __init__(self, ids: BitMap) -> None:
        """`ids`: entities to have room for. Others may come."""
        top = ids.max() + 1 if ids else 0
        size = top + top // 8 + 64 if top <= SPARSE * (len(ids) + 4096) else 0
        self._one = array("Q", bytes(8 * size))
        self._many: dict[int, tuple[int, ...]] = {}

    def of(self, entity_id: int) -> tuple[int, ...]:
        if entity_id < len(self._one) and (place := self._one[entity_id]):
            return (place,)
        return self._many.get(entity_id, ())

    def put(self, ids: Sequence[int], label: int, repeated: BitMap) -> None:
        """A block has these rows now. `repeated`: entities that may have more than one row anywhere."""
        one, size, base = self._one, len(self._one), label << BITS
        others: dict[int, list[int]] = {}
        for place, entity_id in enumerate(ids, base):
            if entity_id < size and entity_id not in repeated:
                one[entity_id] = place
            else:
                others.setdefault(entity_id, []).append(place)
        for entity_id, places in others.items():
            self._set(entity_id, (*(place for place in self.of(entity_id) if place >> BITS != label), *places))

    def drop(self, ids: Iterable[int], label: int) -> None:
        """These entities have no rows in a block any more."""
        for entity_id in ids:
            self._set(entity_id, tuple(place for place in self.of(entity_id) if place >> BITS != label))

    def _set(self, entity_id: int, places: tuple[int, ...]) -> None:
        dense = entity_id < len(self._one)
        single = dense and len(places) == 1
        if dense:
            self._one[entity_id] = places[0] if single else 0
        if single or not places:
            self._many.pop(entity_id, None)
        else:
            self._many[entity_id] = places

    def among(self, ids: BitMap) -> list[int]:
        """All places of these entities, ascending."""
        one, many = self._one, self._many
        if ids and ids.max() < len(one):
            found = [place for entity_id in ids if (place := one[entity_id])]
        else:
            found = [place for entity_id in ids for place in self.of(entity_id)]
            many = {}
        if many:
            found += [place for entity_id in ids if entity_id in many for place in many[entity_id]]
        found.sort()
        return found
