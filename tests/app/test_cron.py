"""Cron expressions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cron import Cron

NOON = datetime(2026, 2, 3, 12, 0, 0, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("expression", "following"),
    [
        ("* * * * *", datetime(2026, 2, 3, 12, 1)),
        ("*/15 * * * *", datetime(2026, 2, 3, 12, 15)),
        ("30 * * * * *", datetime(2026, 2, 3, 12, 0, 30)),
        ("0 12 * * *", datetime(2026, 2, 4, 12, 0)),
        ("0 3 1 * *", datetime(2026, 3, 1, 3, 0)),
        ("0 0 29 2 *", datetime(2028, 2, 29)),
        ("0 9 * * mon-fri", datetime(2026, 2, 4, 9, 0)),
        ("0 9 * * 7", datetime(2026, 2, 8, 9, 0)),
        ("0 9 15 * sun", datetime(2026, 2, 8, 9, 0)),
        ("0 0 1 jan,jul ?", datetime(2026, 7, 1)),
        ("5/20 8-10 * * *", datetime(2026, 2, 4, 8, 5)),
        ("0 0 31 12 *", datetime(2026, 12, 31)),
    ],
)
def test_the_next_moment(expression: str, following: datetime) -> None:
    assert Cron(expression).next(NOON) == following.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "expression", ["", "* * * *", "60 * * * *", "* * 0 * *", "*/0 * * * *", "5-1 * * * *", "x * * * *", "-1 * * * *"]
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="cron"):
        Cron(expression)


def test_a_day_that_never_comes_is_told() -> None:
    with pytest.raises(ValueError, match="never comes"):
        Cron("0 0 30 2 *").next(NOON)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)), st.integers(1, 59))
def test_the_next_moment_is_later_and_the_nearest(moment: datetime, step: int) -> None:
    following = Cron(f"*/{step} * * * *").next(moment)
    assert moment < following <= moment + timedelta(hours=1)
    assert following.minute % step == 0
    assert following.second == 0
