"""Which blocks of an order index an entity's rows stand in."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from pyroaring import BitMap

SPARSE = 16
"""Ids per entity beyond which an array over all ids would waste more than a dictionary does."""


class Homes:
    """Entity id → block numbers (from 1). Nearly all entities have one: that is an array, the others a dictionary."""

    __slots__ = ("_many", "_one")

    def __init__(self, size: int = 0) -> None:
        self._one = array("I", bytes(4 * size))
        self._many: dict[int, tuple[int, ...]] = {}

    @staticmethod
    def for_ids(ids: BitMap) -> Homes:
        """Empty homes that suit these entities."""
        top = ids.max() + 1 if ids else 0
        return Homes(top + top // 8 + 64 if top <= SPARSE * (len(ids) + 4096) else 0)

    def of(self, entity_id: int) -> tuple[int, ...]:
        if entity_id < len(self._one) and (number := self._one[entity_id]):
            return (number,)
        return self._many.get(entity_id, ())

    def add(self, ids: Iterable[int], number: int) -> None:
        for entity_id in ids:
            known = self.of(entity_id)
            if number not in known:
                self._set(entity_id, (*known, number))

    def discard(self, ids: Iterable[int], number: int) -> None:
        for entity_id in ids:
            known = self.of(entity_id)
            if number in known:
                self._set(entity_id, tuple(one for one in known if one != number))

    def _set(self, entity_id: int, numbers: tuple[int, ...]) -> None:
        dense = entity_id < len(self._one)
        if dense:
            self._one[entity_id] = numbers[0] if len(numbers) == 1 else 0
        if not numbers or (dense and len(numbers) == 1):
            self._many.pop(entity_id, None)
        else:
            self._many[entity_id] = numbers

    def numbers(self, ids: BitMap) -> set[int]:
        """The blocks of any of these entities."""
        one, size = self._one, len(self._one)
        found = {one[entity_id] for entity_id in ids if entity_id < size}
        found.discard(0)
        if self._many:
            many = self._many
            if len(many) < len(ids):
                found.update(number for entity_id, those in many.items() if entity_id in ids for number in those)
            else:
                found.update(number for entity_id in ids if entity_id in many for number in many[entity_id])
        return found
