from __future__ import annotations

from collections.abc import Generator
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from catalog.query import blocks, order_index
from catalog.query.order_index import OrderIndex

T = TypeVar("T")

values = st.text("ab\u00e5\U0001f6a2", max_size=3).map(str.encode)
entity_ids = st.integers(1, 40) | st.integers(5_000_000, 5_000_010)
state = st.dictionaries(entity_ids, st.lists(values, max_size=3, unique=True), max_size=30)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_index, "BLOCK", 4)
    monkeypatch.setattr(blocks, "FEW", 1)
    monkeypatch.setattr(blocks, "MANY", 2)


def done(steps: Generator[None, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def rows_of(entities: dict[int, list[bytes]]) -> list[tuple[bytes, int]]:
    return sorted((value, entity_id) for entity_id, those in entities.items() for value in those)


def built(
    first: dict[int, list[bytes]], changes: list[dict[int, list[bytes]]]
) -> tuple[OrderIndex, dict[int, list[bytes]]]:
    index = OrderIndex(rows_of(first))
    now = dict(first)
    for change in changes:
        index.update(change)
        now |= change
    return index, now


EVERYBODY = BitMap([*range(1, 41), *range(5_000_000, 5_000_011)])


@given(state, st.lists(state, max_size=4))
def test_a_changed_index_equals_one_built_anew(
    first: dict[int, list[bytes]], changes: list[dict[int, list[bytes]]]
) -> None:
    index, now = built(first, changes)
    rows = rows_of(now)
    assert list(index.runs(EVERYBODY)) == [
        (value, [row[1] for row in group]) for value, group in groupby(rows, itemgetter(0))
    ]
    assert index.rows == len(rows)
    assert set(index.members) == {i for i, those in now.items() if those}
    assert set(index.repeated) == {i for i, those in now.items() if len(those) > 1}
    for entity_id in EVERYBODY:
        assert index.values_of(entity_id) == sorted(now.get(entity_id, []))


@given(state, st.lists(state, max_size=2), st.sets(entity_ids), st.data())
def test_a_walk_gives_what_a_sorted_list_would(
    first: dict[int, list[bytes]], changes: list[dict[int, list[bytes]]], among: set[int], data: st.DataObject
) -> None:
    index, now = built(first, changes)
    rows = [row for row in rows_of(now) if row[1] in among]
    descending = data.draw(st.booleans())
    grouped = [(value, [row[1] for row in group]) for value, group in groupby(rows, itemgetter(0))]
    if descending:
        rows.reverse()
    after = data.draw(st.none() | st.tuples(values, entity_ids | entity_ids.map(lambda one: one - 0.5)))
    if after is not None:
        rows = [row for row in rows if (row < after if descending else row > after)]
    needle = data.draw(st.none() | values)
    if needle is not None:
        rows = [row for row in rows if len(now[row[1]]) == 1 or needle in row[0]]
    skip, limit = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 10))
    few = data.draw(st.booleans())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(order_index, "SORT_COST", 0 if few else 1e9)
        taken = index.take(BitMap(among), limit, skip=skip, descending=descending, after=after, needle=needle)
        runs = list(index.runs(BitMap(among), descending=descending))
    assert runs == (grouped[::-1] if descending else grouped)
    assert taken.more == (len(rows) > skip + limit)
    rows = rows[skip : skip + limit]
    assert taken.ids == [row[1] for row in rows]
    assert (taken.first, taken.last) == ((rows[0], rows[-1]) if rows else (None, None))


@given(state, st.lists(state, max_size=2), st.sets(entity_ids), values)
def test_runs_counts_prefixes_and_needles_are_those_of_the_rows(
    first: dict[int, list[bytes]], changes: list[dict[int, list[bytes]]], among: set[int], text: bytes
) -> None:
    index, now = built(first, changes)
    runs: dict[bytes, list[int]] = {}
    for value, entity_id in rows_of(now):
        if entity_id in among:
            runs.setdefault(value, []).append(entity_id)
    assert list(index.runs(BitMap(among))) == list(runs.items())
    assert index.count(BitMap(among)) == sum(map(len, runs.values()))
    assert list(index.runs(BitMap(among), descending=True)) == list(runs.items())[::-1]
    assert done(index.counts(BitMap(among))) == [(value, len(ids)) for value, ids in runs.items()]
    assert set(index.prefixed(text)) == {i for v, i in rows_of(now) if v.startswith(text)}
    assert set(done(index.holding(text))) == {i for v, i in rows_of(now) if text in v}


def test_nul_in_a_value_does_not_tear_rows_apart() -> None:
    index = OrderIndex([(b"a\0b", 1), (b"c", 2)])
    index.update({3: [b"d\0"]})
    assert list(index.runs(BitMap([1, 2, 3]))) == [(b"ab", [1]), (b"c", [2]), (b"d", [3])]
    assert not done(index.holding(b"\0"))


def test_blocks_that_grow_at_one_spot_run_out_of_labels_and_get_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_index, "SPACING", 4)
    index = OrderIndex([(b"a", 1), (b"z", 2)])
    for number in range(3, 300):
        index.update({number: [b"m%06d" % number]})
    ids = [1, *range(3, 300), 2]
    assert index.take(BitMap(ids), 1000).ids == ids
    for number in range(3, 298):
        index.update({number: []})
    assert list(index.runs(BitMap(ids))) == [(b"a", [1]), (b"m000298", [298]), (b"m000299", [299]), (b"z", [2])]
