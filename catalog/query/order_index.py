"""All rows of one key in (value, entity id) order: for sorting, paging, prefixes, full text and wide facets.

Rows live in blocks of a few hundred, so a million names take some 40 MB and a change rewrites one block. A walk over
many entities goes through the blocks; few entities are sorted by their places.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from pyroaring import BitMap

from catalog.query.blocks import Block, Point, Row
from catalog.query.places import BITS, Places

BLOCK = 256
"""Rows of a full block."""
SPACING = 1 << 24
"""Between the labels of neighbouring blocks at first: room for the blocks that grow between them."""
SLICE = 200
"""Blocks between two chances for others to run, about a millisecond."""

SORT_COST = 0.12
SKIP_COST = 0.3
FIND_COST = 2.5
"""Microseconds for one of few entities that are sorted, for a block walked past, for a row found in a block."""


class Taken(NamedTuple):
    """Part of a walk: ids in order, its first and last row, and whether the walk goes on."""

    ids: list[int]
    first: Row | None
    last: Row | None
    more: bool


class OrderIndex:
    """Rows are `(value, id)`; an entity with several values has several. Not for use by several threads."""

    __slots__ = ("_blocks", "_by_label", "_firsts", "_labels", "_places", "members", "repeated", "rows")

    def __init__(self, rows: Sequence[Row] = ()) -> None:
        self._blocks: list[Block] = []
        self.members = BitMap()
        """Entities that have a row."""
        self.repeated = BitMap()
        """Entities that have more than one."""
        self.rows = 0
        self.append(rows)
        self.finish()

    # ------------------------------------------------------------------------------------------------- loading

    def append(self, rows: Sequence[Row]) -> None:
        """Add rows that follow all there are, in order. Call `finish()` or go through `finishing()` after the last."""
        for start in range(0, len(rows), BLOCK):
            part = rows[start : start + BLOCK]
            self._blocks.append(_made((len(self._blocks) + 1) * SPACING, part))
            self._count(part)

    def finish(self) -> None:
        for _ in self.finishing():
            pass

    def finishing(self) -> Iterator[None]:
        """Make it ready for use. Pauses now and then; it must not be used before the end."""
        self._places = Places(self.members)
        for number, block in enumerate(self._blocks, 1):
            block.label = number * SPACING
            self._places.put(block.ids, block.label, self.repeated)
            if number % SLICE == 0:
                yield
        self._arrange()

    def _count(self, rows: Sequence[Row]) -> None:
        self.rows += len(rows)
        for _, entity_id in rows:
            if entity_id in self.members:
                self.repeated.add(entity_id)
            self.members.add(entity_id)

    def _arrange(self) -> None:
        self._firsts = [block.first for block in self._blocks]
        self._labels = [block.label for block in self._blocks]
        self._by_label = {block.label: block for block in self._blocks}

    @property
    def size(self) -> int:
        """About how many bytes this takes."""
        return sum(len(block.packed) for block in self._blocks) + self.rows * 20 + len(self._blocks) * 800

    # ------------------------------------------------------------------------------------------------- changing

    def update(self, changes: Mapping[int, Sequence[bytes]]) -> None:
        """Give entities new values (none: they leave). Values of one entity are distinct."""
        added: list[Row] = []
        gone: dict[int, set[int]] = {}
        for entity_id, values in changes.items():
            if entity_id in self.members:
                if sorted(values) == self.values_of(entity_id):
                    continue
                for place in self._places.of(entity_id):
                    gone.setdefault(place >> BITS, set()).add(entity_id)
                self.members.discard(entity_id)
                self.repeated.discard(entity_id)
            added.extend((value.replace(b"\0", b""), entity_id) for value in values)
        if gone:
            self._remove(gone)
        if added:
            self._insert(sorted(added))
        if len(self._blocks) > 8 + 4 * self.rows // BLOCK:
            # Many small blocks are left of what has gone.
            self.__init__([row for block in self._blocks for row in block.rows()])  # type: ignore[misc]

    def values_of(self, entity_id: int) -> list[bytes]:
        """The values of one entity, ascending."""
        return [self._row(place)[0] for place in sorted(self._places.of(entity_id))]

    def _row(self, place: int) -> Row:
        return self._by_label[place >> BITS].row(place & ((1 << BITS) - 1))

    def _remove(self, gone: Mapping[int, set[int]]) -> None:
        for label, ids in gone.items():
            position = bisect_left(self._labels, label)
            kept = [row for row in self._blocks[position].rows() if row[1] not in ids]
            self.rows -= len(self._blocks[position].ids) - len(kept)
            self._places.drop(ids, label)
            self._blocks[position] = self._put(_made(label, kept))
            if kept:
                self._firsts[position] = kept[0]
                self._by_label[label] = self._blocks[position]
        if any(not self._blocks[bisect_left(self._labels, label)].ids for label in gone):
            self._blocks = [block for block in self._blocks if block.ids]
            self._arrange()

    def _put(self, block: Block) -> Block:
        self._places.put(block.ids, block.label, self.repeated)
        return block

    def _insert(self, added: Sequence[Row]) -> None:
        if not self._blocks:
            self.append(added)
            self.finish()
            return
        self._count(added)
        grown: list[tuple[int, list[Row]]] = []
        for position, group in groupby(added, lambda row: max(bisect_right(self._firsts, row) - 1, 0)):
            rows = sorted([*self._blocks[position].rows(), *group])
            if len(rows) > 2 * BLOCK:
                grown.append((position, rows))
                continue
            block = self._put(_made(self._labels[position], rows))
            self._blocks[position] = self._by_label[block.label] = block
            self._firsts[position] = rows[0]
        fits = True
        for position, rows in reversed(grown):
            fits = self._split(position, rows) and fits
        if grown and fits:
            self._arrange()
        elif grown:
            self.finish()

    def _split(self, position: int, rows: Sequence[Row]) -> bool:
        """Several blocks instead of one. False when there is no room for their labels: then all get new ones."""
        label = self._labels[position]
        self._places.drop(self._blocks[position].entities, label)
        starts = range(0, len(rows), BLOCK)
        end = self._labels[position + 1] if position + 1 < len(self._labels) else label + SPACING * (len(starts) + 1)
        step = (end - label) // len(starts)
        parts = [_made(label + step * n, rows[start : start + BLOCK]) for n, start in enumerate(starts)]
        self._blocks[position : position + 1] = parts
        if step:
            for part in parts:
                self._put(part)
        return step > 0

    # ------------------------------------------------------------------------------------------------- reading

    def take(
        self,
        among: BitMap,
        limit: int,
        *,
        skip: int = 0,
        descending: bool = False,
        after: Point | None = None,
        needle: bytes | None = None,
    ) -> Taken:
        """The next rows of the wanted entities.

        Args:
            among: wanted entities; those without a row are passed over.
            limit: how many rows at most.
            skip: how many to pass over first.
            descending: the exact reverse of the ascending order, ids included.
            after: where to begin: strictly after this point in the direction of the walk.
            needle: of entities with several rows only those that hold it.
        """
        size = len(among)
        walked = min(len(self._blocks), (skip + limit) * self.rows / max(size, 1) / BLOCK + 1)
        if size * SORT_COST < walked * SKIP_COST + min(size, limit) * FIND_COST:
            return self._take_few(among, limit, skip, descending, after, needle)
        taken: list[tuple[Block, list[int]]] = []
        missing = limit + 1
        for block, places in self._walk(among, skip, descending, after, needle, limit + 1):
            taken.append((block, places[:missing]))
            missing -= len(places)
            if missing <= 0:
                taken[-1][1].pop()
                break
        taken = [(block, places) for block, places in taken if places]
        if not taken:
            return Taken([], None, None, missing <= 0)
        (head, heads), (tail, tails) = taken[0], taken[-1]
        ids = [block.ids[place] for block, places in taken for place in places]
        return Taken(ids, head.row(heads[0]), tail.row(tails[-1]), missing <= 0)

    def _take_few(
        self, among: BitMap, limit: int, skip: int, descending: bool, after: Point | None, needle: bytes | None
    ) -> Taken:
        places = self._places.among(among)
        if after is not None and self._blocks:
            position, row = self._seek(after, descending)
            edge = bisect_left(places, (self._labels[position] << BITS) + row)
            places = places[:edge] if descending else places[edge:]
        if needle is not None and not self.repeated.isdisjoint(among):
            rows = [(place, self._row(place)) for place in places]
            places = [place for place, (value, one) in rows if needle in value or one not in self.repeated]
        if descending:
            places.reverse()
        more = len(places) > skip + limit
        places = places[skip : skip + limit]
        if not places:
            return Taken([], None, None, more)
        blocks, mask = self._by_label, (1 << BITS) - 1
        ids = [blocks[place >> BITS].ids[place & mask] for place in places]
        return Taken(ids, self._row(places[0]), self._row(places[-1]), more)

    def _walk(
        self,
        among: BitMap,
        skip: int = 0,
        descending: bool = False,
        after: Point | None = None,
        needle: bytes | None = None,
        most: int | None = None,
    ) -> Iterator[tuple[Block, list[int]]]:
        """Blocks with wanted rows and the places of these, in walking order; after `most` rows nobody looks further."""
        if not self._blocks:
            return
        first, edge = (0, 0) if after is None else self._seek(after, descending)
        if after is None and descending:
            first, edge = len(self._blocks) - 1, len(self._blocks[-1].ids)
        for position in range(first, -1, -1) if descending else range(first, len(self._blocks)):
            block = self._blocks[position]
            if block.entities.isdisjoint(among):
                continue
            single = block.entities.isdisjoint(self.repeated)
            if skip and single and position != first:
                passed = block.entities.intersection_cardinality(among)
                if passed <= skip:
                    skip -= passed
                    continue
            low, high = 0, len(block.ids)
            if position == first:
                low, high = (0, edge) if descending else (edge, high)
            enough = skip + most if most is not None and needle is None and not descending else None
            places = block.places(among, single=single, low=low, high=high, most=enough)
            if needle is not None and not single:
                values, repeated = block.values(), self.repeated
                places = [place for place in places if block.ids[place] not in repeated or needle in values[place]]
            if descending:
                places.reverse()
            if places[skip:]:
                yield block, places[skip:]
            skip = max(skip - len(places), 0)

    def _seek(self, after: Point, descending: bool) -> tuple[int, int]:
        """Block and row from which a walk goes on: at the row when ascending, below it when descending."""
        position = max(bisect_right(self._firsts, after) - 1, 0)
        return position, self._blocks[position].seek(after, behind=not descending)

    def runs(self, among: BitMap, *, descending: bool = False) -> Iterator[tuple[bytes, list[int]]]:
        """Each value with its wanted entities, ids ascending within a value in both directions."""
        rows: Iterable[Row]
        if len(among) * SORT_COST < len(self._blocks) * SKIP_COST:
            places = self._places.among(among)
            rows = map(self._row, reversed(places) if descending else places)
        else:
            rows = (
                (values[place], block.ids[place])
                for block, places in self._walk(among, descending=descending)
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
            if hits := block.holding(needle):
                found.update(hits)
            if number % SLICE == SLICE - 1:
                yield
        return found


def _made(label: int, rows: Sequence[Row]) -> Block:
    return Block(label, [row[0] for row in rows], [row[1] for row in rows])
