"""When what reads outside is looked at again."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from catalog.processing.schedule import Schedule


def schedule(interval: float | None = 100.0) -> Schedule:
    return Schedule(interval, Random(1))


@given(st.floats(min_value=1, max_value=1e6), st.integers(min_value=1, max_value=1000))
def test_everything_is_looked_at_between_one_interval_and_half_as_much_again(interval: float, seed: int) -> None:
    under_test = Schedule(interval, Random(seed))
    under_test.later(7, 1000.0)
    assert under_test.take(1000.0 + interval * 0.999) == []
    assert under_test.take(1000.0 + interval * 1.5) == [7]
    assert under_test.take(1e12) == []


def test_putting_off_counts_from_the_last_time() -> None:
    under_test = schedule()
    under_test.later(7, 0.0)
    under_test.later(7, 90.0)
    assert under_test.take(189.0) == []
    assert under_test.take(240.0) == [7]


def test_a_start_spreads_the_first_looks(n: int = 10_000) -> None:
    under_test = schedule()
    under_test.start(range(n), 0.0)
    assert len(under_test.take(5.0)) < n / 5
    assert len(under_test.take(100.0)) > n / 2


def test_nothing_is_looked_at_without_an_interval() -> None:
    under_test = schedule(None)
    under_test.start([1, 2], 0.0)
    under_test.later(3, 0.0)
    assert under_test.take(1e12) == []
    assert under_test.next_at() is None


def test_what_is_forgotten_is_not_looked_at() -> None:
    under_test = schedule()
    under_test.later(1, 0.0)
    under_test.forget(1)
    assert under_test.take(1e12) == []


def test_memory_is_bounded_by_what_is_watched() -> None:
    under_test = schedule()
    for moment in range(10_000):
        under_test.later(moment % 10, float(moment))
    assert len(under_test) == 10
    assert len(under_test._heap) < 200
