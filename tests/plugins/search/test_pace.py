"""Long work in short transactions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plugins.search.entries import Entry, entry_of
from plugins.search.pace import FEWEST, FIRST, MOST, Pace
from tests.plugins.search.world import document

HOLD_S = 0.03
ENTRIES = st.lists(
    st.builds(
        lambda key, group, text: entry_of("shelf", document(key, text=text, group=group)),
        key=st.sampled_from("abcdefgh"),
        group=st.sampled_from(["", "g", "h", "i"]),
        text=st.sampled_from(["x", "y"]),
    ),
    max_size=12,
)


def pace_of(size: int) -> Pace:
    pace = Pace(HOLD_S)
    pace.size = size
    return pace


@given(st.lists(st.sampled_from("abcdghij"), max_size=12), ENTRIES, st.integers(1, 5))
def test_the_parts_of_a_change_are_the_change(removed: list[str], entries: list[Entry], size: int) -> None:
    parts = list(pace_of(size).slices(removed, entries))
    assert [group for going, _ in parts for group in going] == list(dict.fromkeys(removed))
    latest = {entry.key: entry for entry in entries}
    put = [entry for _, coming in parts for entry in coming]
    assert {entry.key: entry for entry in put} == latest and len(put) == len(latest)
    # What a group loses and gets is one part's business: nobody finds it without.
    where = {group: number for number, (going, _) in enumerate(parts) for group in going}
    for number, (_, coming) in enumerate(parts):
        assert all(where.get(entry.group, number) == number for entry in coming)


@given(st.lists(st.integers()), st.integers(1, 5))
def test_parts_are_all_of_it(numbers: list[int], size: int) -> None:
    parts = list(pace_of(size).parts(numbers))
    assert [number for part in parts for number in part] == numbers
    assert all(0 < len(part) <= size for part in parts)


@given(st.floats(0.00001, 0.1))
def test_a_transaction_comes_to_take_as_long_as_it_may(each_s: float) -> None:
    pace = Pace(HOLD_S)
    for _ in range(12):
        pace.note(pace.size, pace.size * each_s)
    assert FEWEST <= pace.size <= MOST
    assert pace.size in (FEWEST, MOST) or HOLD_S / 2 <= pace.size * each_s <= HOLD_S


def test_a_small_change_says_nothing_about_large_ones() -> None:
    pace = Pace(HOLD_S)
    pace.note(1, 0.001)
    assert pace.size == FIRST
