"""A few hundred rows of an order index, packed."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import islice

from pyroaring import BitMap

FEW = 8
"""Up to so many wanted entities of a block are looked up one by one."""

MANY = 100
"""From so many hits in a block on, looking into each value is cheaper than looking for the next hit."""

Row = tuple[bytes, int]
"""A value in UTF-8 and an entity id."""
Point = tuple[bytes, float]
"""A row, or between two: cursors may name uids that no entity has."""


class Block:
    """Rows in order: values in one `bytes` with NUL between them, ids in an array and as a set."""

    __slots__ = ("entities", "ids", "label", "packed")

    def __init__(self, label: int, values: Sequence[bytes], ids: Iterable[int]) -> None:
        """`label`: a number that is larger for every later block."""
        self.label = label
        self.packed = b"\0".join(values)
        if self.packed.count(b"\0") >= max(len(values), 1):
            self.packed = b"\0".join(value.replace(b"\0", b"") for value in values)
        self.ids = array("I", ids)
        self.entities = BitMap(self.ids)

    @property
    def first(self) -> Row:
        return self.value(0), self.ids[0]

    def values(self) -> list[bytes]:
        return self.packed.split(b"\0")

    def value(self, place: int) -> bytes:
        """The same as `values()[place]`, for less."""
        behind = len(self.ids) - place
        if place < behind:
            return self.packed.split(b"\0", place + 1)[place]
        return self.packed.rsplit(b"\0", behind)[-behind]

    def row(self, place: int) -> Row:
        return self.value(place), self.ids[place]

    def rows(self) -> list[Row]:
        return list(zip(self.values(), self.ids, strict=True))

    def places(
        self, among: BitMap, *, single: bool, low: int = 0, high: int | None = None, most: int | None = None
    ) -> list[int]:
        """Where the wanted entities stand from `low` up to `high`, ascending; the first `most` of them.

        `single`: each has one row at most.
        """
        wanted = self.entities & among
        high = len(self.ids) if high is None else high
        if single and len(wanted) <= FEW:
            return sorted([place for place in map(self.ids.index, wanted) if low <= place < high])[:most]
        if most is not None and 2 * most < len(wanted):
            return list(islice((n for n, one in enumerate(self.ids[low:high], low) if one in wanted), most))
        return [place for place, one in enumerate(self.ids[low:high], low) if one in wanted][:most]

    def holding(self, needle: bytes) -> list[int]:
        """The entities of rows whose value holds a text (without NUL)."""
        packed, ids = self.packed, self.ids
        found: list[int] = []
        start, place = 0, 0
        while (hit := packed.find(needle, start)) >= 0:
            if len(found) == MANY:
                return [one for one, value in zip(ids, self.values(), strict=True) if needle in value]
            place += packed.count(b"\0", start, hit)
            found.append(ids[place])
            start = packed.find(b"\0", hit) + 1
            if not start:
                break
            place += 1
        return found

    def seek(self, point: Point, *, behind: bool) -> int:
        """Where the first row stands that is not before `point`, or (behind) the first after it."""
        values = self.values()
        low = bisect_left(values, point[0])
        high = bisect_right(values, point[0], low)
        return (bisect_right if behind else bisect_left)(self.ids, point[1], low, high)
