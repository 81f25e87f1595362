"""What is stored together holds up other writers for a bounded time."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from catalog.processing.loop import TOGETHER, Finished, in_parts
from catalog.store.outcomes import DueRow, Outcome
from catalog.store.unprocessed import Unprocessed

CHILD = Unprocessed("component:default/x", "{}", "hash", None)


def finished(children: int) -> Finished:
    row = DueRow(1, "location:default/x", "{}", "hash", None, False, "[]", "{}", 0, 0, None)
    return Finished(Outcome(row, "{}", "result", "[]", children=[CHILD] * children), row.ref, 0.0)


@given(st.lists(st.integers(0, 2 * TOGETHER), max_size=40))
def test_passes_are_stored_in_order_and_not_too_many_at_once(children: list[int]) -> None:
    passes = [finished(count) for count in children]
    parts = list(in_parts(passes))
    assert [one for part in parts for one in part] == passes
    for part in parts:
        weight = sum(1 + len(one.outcome.children) for one in part)
        assert weight <= TOGETHER or len(part) == 1
    # No more transactions than that takes: two neighbours would be too much for one.
    for before, after in itertools.pairwise(parts):
        assert sum(1 + len(one.outcome.children) for one in (*before, after[0])) > TOGETHER
