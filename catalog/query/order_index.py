"""All rows of one key in (value, entity id) order: for sorting, paging, prefixes, full text and wide facets.

Rows live in blocks of a few hundred. A block packs its values into one `bytes` (UTF-8, whose order is code-point
order; NUL between them) and its ids into an array, so a million names take some 30 MB. A change rewrites one block.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from pyroaring import BitMap

from catalog.query.homes import Homes

BLOCK = 256
"""Rows of a full block: a look-up splits one (7 µs), a change rewrites one, a walk skips one in 5 µs."""
SLICE = 200
"""Blocks between two chances for others to run, about a millisecond."""

LOCATE_COST = 60
"""Finding the block of one wanted entity costs as much as walking past so many rows in full blocks (measured)."""
FEW = 8
"""Up to so many wanted entities of a block are looked up one by one."""

Row = tuple[bytes, int]
Place = tuple[bytes, float]
"""A row, or between two: cursors may name uids that no entity has."""


class Taken(NamedTuple):
    """Part of a walk: ids in order, its first and last row, and whether the walk goes on."""

    ids: list[int]
    first: Row | None
    last: Row | None
    more: bool


class _Block:
    __slots__ = ("entities", "ids", "number", "packed")

    def __init__(self, number: int, values: Sequence[bytes], ids: Iterable[int]) -> None:
        self.number = number
        self.packed = b"\0".join(values)
        if self.packed.count(b"\0") >= max(len(values), 1):
            self.packed = b"\0".join(value.replace(b"\0", b"") for value in values)
        self.ids = array("I", ids)
        self.entities = BitMap(self.ids)

    def values(self) -> list[bytes]:
        return self.packed.split(b"\0")

    def places(self, among: BitMap, single: bool) -> list[int]:
        """Where the wanted entities stand, ascending. `single`: each has one row at most."""
        wanted = self.entities & among
        if single and len(wanted) <= FEW:
            return sorted([self.ids.index(one) for one in wanted])
        return [place for place, one in enumerate(self.ids) if one in wanted]

    def place(self, row: Place, *, behind: bool) -> int:
        """Where the first row stands that is not before `row`, or (behind) the first after it."""
        values = self.values()
        low = bisect_left(values, row[0])
        high = bisect_right(values, row[0], low)
        return (bisect_right if behind else bisect_left)(self.ids, row[1], low, high)


class OrderIndex:
    """Rows are `(value, id)`; an entity with several values has several. Not for use by several threads."""

    __slots__ = ("_blocks", "_firsts", "_homes", "_next", "_positions", "members", "repeated", "rows")

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._blocks: list[_Block] = []
        self._firsts: list[Row] = []
        self._positions: dict[int, int] = {}
        self._homes = Homes()
        self._next = 1
        self.members = BitMap()
        """Entities that have a row."""
        self.repeated = BitMap()
        """Entities that have more than one."""
        self.rows = 0
        self.append(list(rows))
        self.finish()

    # ------------------------------------------------------------------------------------------------- loading

    def append(self, rows: Sequence[Row]) -> None:
        """Add rows that follow all there are, in order. Call `finish()` once after the last."""
        for start in range(0, len(rows), BLOCK):
            part = rows[start : start + BLOCK]
            self._blocks.append(self._made([row[0] for row in part], [row[1] for row in part]))
            self._count([row[1] for row in part])

    def finish(self) -> None:
        self._homes = Homes.for_ids(self.members)
        for block in self._blocks:
            self._homes.add(block.ids, block.number)
        self._arranged()

    def _made(self, values: Sequence[bytes], ids: Iterable[int]) -> _Block:
        block = _Block(self._next, values, ids)
        self._next += 1
        return block

    def _count(self, ids: Sequence[int]) -> None:
        self.rows += len(ids)
        for entity_id in ids:
            if entity_id in self.members:
                self.repeated.add(entity_id)
            self.members.add(entity_id)

    def _arranged(self) -> None:
        self._firsts = [(block.packed.partition(b"\0")[0], block.ids[0]) for block in self._blocks]
        self._positions = {block.number: position for position, block in enumerate(self._blocks)}

    @property
    def size(self) -> int:
        """About how much memory this takes."""
        return sum(len(block.packed) for block in self._blocks) + self.rows * 12 + len(self._blocks) * 600

    # ------------------------------------------------------------------------------------------------- changing

    def update(self, changes: Mapping[int, Sequence[bytes]]) -> None:
        """Give entities new values (none: they leave). Values of one entity are distinct."""
        added: list[Row] = []
        gone: dict[int, set[int]] = {}
        for entity_id, values in changes.items():
            if entity_id in self.members:
                numbers = self._homes.of(entity_id)
                if sorted(values) == sorted(self._values(entity_id, numbers)):
                    continue
                for number in numbers:
                    gone.setdefault(number, set()).add(entity_id)
                self.members.discard(entity_id)
                self.repeated.discard(entity_id)
            added.extend((value.replace(b"\0", b""), entity_id) for value in values)
        if not gone and not added:
            return
        self._remove(gone)
        added.sort()
        self._insert(added)
        if len(self._blocks) > 8 + 4 * self.rows // BLOCK:
            self._repack()

    def _values(self, entity_id: int, numbers: Iterable[int]) -> list[bytes]:
        found: list[bytes] = []
        for number in numbers:
            block = self._blocks[self._positions[number]]
            values = block.values()
            found.extend(values[place] for place, one in enumerate(block.ids) if one == entity_id)
        return found

    def values_of(self, entity_id: int) -> list[bytes]:
        """The values of one entity, ascending."""
        return sorted(self._values(entity_id, self._homes.of(entity_id))) if entity_id in self.members else []

    def _remove(self, gone: Mapping[int, set[int]]) -> None:
        emptied = False
        for number, ids in gone.items():
            position = self._positions[number]
            block = self._blocks[position]
            kept = [(value, one) for value, one in zip(block.values(), block.ids, strict=True) if one not in ids]
            self.rows -= len(block.ids) - len(kept)
            self._homes.discard(ids, number)
            if kept:
                self._replace(position, kept)
            else:
                self._blocks[position] = _Block(number, (), ())
                emptied = True
        if emptied:
            self._blocks = [block for block in self._blocks if block.ids]
            self._arranged()

    def _replace(self, position: int, rows: Sequence[Row]) -> None:
        block = _Block(self._blocks[position].number, [row[0] for row in rows], [row[1] for row in rows])
        self._blocks[position] = block
        self._firsts[position] = rows[0]

    def _insert(self, added: Sequence[Row]) -> None:
        if added and not self._blocks:
            self.append(added)
            self.finish()
            return
        grown: list[int] = []
        for position, group in groupby(added, lambda row: max(bisect_right(self._firsts, row) - 1, 0)):
            new = list(group)
            block = self._blocks[position]
            rows = sorted([*zip(block.values(), block.ids, strict=True), *new])
            self._count([row[1] for row in new])
            self._homes.add([row[1] for row in new], block.number)
            self._replace(position, rows)
            if len(rows) > 2 * BLOCK:
                grown.append(position)
        for position in reversed(grown):
            self._split(position)
        if grown:
            self._arranged()

    def _split(self, position: int) -> None:
        whole = self._blocks[position]
        values, ids = whole.values(), whole.ids
        self._homes.discard(whole.ids, whole.number)
        parts = []
        for start in range(0, len(ids), BLOCK):
            part = self._made(values[start : start + BLOCK], ids[start : start + BLOCK])
            self._homes.add(part.ids, part.number)
            parts.append(part)
        self._blocks[position : position + 1] = parts

    def _repack(self) -> None:
        """Make full blocks of many small ones."""
        rows = [row for block in self._blocks for row in zip(block.values(), block.ids, strict=True)]
        self.__init__(rows)  # type: ignore[misc]

    # ------------------------------------------------------------------------------------------------- reading

    def take(
        self,
        among: BitMap,
        limit: int,
        *,
        skip: int = 0,
        descending: bool = False,
        after: Place | None = None,
        needle: bytes | None = None,
    ) -> Taken:
        """The next rows of the wanted entities.

        Args:
            among: wanted entities; those without a row are passed over.
            limit: how many rows at most.
            skip: how many to pass over first.
            descending: the exact reverse of the ascending order, ids included.
            after: where to begin: strictly after this row in the direction of the walk.
            needle: of entities with several rows only those that hold it.
        """
        taken: list[tuple[_Block, list[int]]] = []
        missing = limit + 1
        for block, places in self._walk(among, limit + 1, skip, descending, after, needle):
            taken.append((block, places[:missing]))
            missing -= len(places)
            if missing <= 0:
                break
        more = missing <= 0
        if more:
            taken[-1][1].pop()
            if not taken[-1][1]:
                taken.pop()
        if not taken:
            return Taken([], None, None, more)
        (head, heads), (tail, tails) = taken[0], taken[-1]
        return Taken(
            [block.ids[place] for block, places in taken for place in places],
            (head.values()[heads[0]], head.ids[heads[0]]),
            (tail.values()[tails[-1]], tail.ids[tails[-1]]),
            more,
        )

    def _walk(
        self,
        among: BitMap,
        wanted: int,
        skip: int = 0,
        descending: bool = False,
        after: Place | None = None,
        needle: bytes | None = None,
    ) -> Iterator[tuple[_Block, list[int]]]:
        """Blocks with wanted rows, and the places of these, in walking order."""
        first, edge = (0, 0) if after is None else self._seek(after, descending)
        if after is None and descending:
            first, edge = len(self._blocks) - 1, BLOCK * 4
        for position in self._promising(among, wanted + skip, first, -1 if descending else 1):
            block = self._blocks[position]
            if block.entities.isdisjoint(among):
                continue
            single = block.entities.isdisjoint(self.repeated)
            if skip and single and position != first:
                passed = block.entities.intersection_cardinality(among)
                if passed <= skip:
                    skip -= passed
                    continue
            places = block.places(among, single)
            if position == first:
                places = [place for place in places if (place < edge if descending else place >= edge)]
            if needle is not None and not single:
                values, repeated = block.values(), self.repeated
                places = [place for place in places if block.ids[place] not in repeated or needle in values[place]]
            if descending:
                places.reverse()
            if places[skip:]:
                yield block, places[skip:]
            skip = max(skip - len(places), 0)

    def _promising(self, among: BitMap, wanted: int, first: int, step: int) -> Iterable[int]:
        """Positions of blocks worth a look: all of them, or those of the wanted entities where these are few."""
        everywhere = range(first, len(self._blocks) if step > 0 else -1, step)
        size = len(among)
        if not size or not self.rows:
            return ()
        walked = min(len(everywhere) * BLOCK, max(wanted, 1) * self.rows / size)
        if size * LOCATE_COST >= walked:
            return everywhere
        positions = self._positions
        found = {positions[number] for number in self._homes.numbers(among)}
        return sorted((p for p in found if (p >= first if step > 0 else p <= first)), reverse=step < 0)

    def _seek(self, after: Place, descending: bool) -> tuple[int, int]:
        """Block and place from which a walk goes on: at `place` when ascending, below it when descending."""
        position = max(bisect_right(self._firsts, after) - 1, 0)
        if not self._blocks:
            return 0, 0
        return position, self._blocks[position].place(after, behind=not descending)

    def runs(self, among: BitMap, *, descending: bool = False) -> Iterator[tuple[bytes, list[int]]]:
        """Each value with its wanted entities, ids ascending within a value in both directions."""
        rows = (
            (values[place], block.ids[place])
            for block, places in self._walk(among, self.rows, descending=descending)
            for values in (block.values(),)
            for place in places
        )
        for value, group in groupby(rows, itemgetter(0)):
            ids = [row[1] for row in group]
            yield value, ids[::-1] if descending else ids

    def count(self, among: BitMap) -> int:
        """How many rows the wanted entities have."""
        if self.repeated.isdisjoint(among):
            return self.members.intersection_cardinality(among)
        return sum(
            block.entities.intersection_cardinality(among)
            if block.entities.isdisjoint(self.repeated)
            else len(block.places(among, single=False))
            for block in self._blocks
        )

    def counts(self, among: BitMap) -> Generator[None, None, list[tuple[bytes, int]]]:
        """How many wanted entities each value has, by value. Pauses now and then."""
        counted: list[tuple[bytes, int]] = []
        for number, (value, ids) in enumerate(self.runs(among)):
            counted.append((value, len(ids)))
            if number % (SLICE * 16) == SLICE * 16 - 1:
                yield
        return counted

    def prefixed(self, prefix: bytes) -> BitMap:
        """Entities with a value that begins so."""
        if not prefix:
            return self.members.copy()
        found = BitMap()
        # No UTF-8 byte is 0xFF: the next text that does not begin so is the prefix with its last byte raised.
        end = prefix[:-1] + bytes((prefix[-1] + 1,))
        position = max(bisect_left(self._firsts, (prefix, 0)) - 1, 0)
        for block in self._blocks[position : bisect_left(self._firsts, (end, 0))]:
            values = block.values()
            low = bisect_left(values, prefix)
            found.update(block.ids[low : bisect_left(values, end, low)])
        return found

    def holding(self, needle: bytes) -> Generator[None, None, BitMap]:
        """Entities with a value that holds the needle. Pauses now and then."""
        found = BitMap()
        if b"\0" in needle:
            return found
        for number, block in enumerate(self._blocks):
            if needle in block.packed:
                found.update([one for one, value in zip(block.ids, block.values(), strict=True) if needle in value])
            if number % SLICE == SLICE - 1:
                yield
        return found
