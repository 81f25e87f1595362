"""Cron expressions: five fields, or six with seconds first. Times are UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_MONTH_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS: Final = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_DAYS: Final = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_HORIZON: Final = timedelta(days=366 * 9)
"""Longer than any gap: 29 February may be eight years away."""


class Cron:
    """One expression. Raises ValueError for a malformed one."""

    def __init__(self, expression: str) -> None:
        fields = expression.split()
        if len(fields) == 5:
            fields = ["0", *fields]
        if len(fields) != 6:
            raise ValueError(f"not a cron expression: {expression!r}")
        self._seconds = _field(fields[0], 0, 59)
        self._minutes = _field(fields[1], 0, 59)
        self._hours = _field(fields[2], 0, 23)
        self._days = _field(fields[3], 1, 31)
        self._months = _field(fields[4], 1, 12, _MONTHS)
        self._weekdays = frozenset(day % 7 for day in _field(fields[5], 0, 7, _DAYS))
        # With both day fields restricted, either may match; with one, that one must.
        self._either = not fields[3].startswith("*") and not fields[5].startswith("*")

    def next(self, after: datetime) -> datetime:
        """The first moment later than `after`. Raises ValueError if there is none (30 February)."""
        moment = after.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        end = moment + _HORIZON
        while moment < end:
            if moment.month not in self._months:
                year, month = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)
                moment = datetime(year, month, 1, tzinfo=UTC)
            elif not self._day(moment):
                moment = moment.replace(hour=0, minute=0, second=0) + timedelta(days=1)
            elif moment.hour not in self._hours:
                moment = moment.replace(minute=0, second=0) + timedelta(hours=1)
            elif moment.minute not in self._minutes:
                moment = moment.replace(second=0) + timedelta(minutes=1)
            elif moment.second not in self._seconds:
                moment += timedelta(seconds=1)
            else:
                return moment
        raise ValueError("a cron expression that never comes")

    def _day(self, moment: datetime) -> bool:
        by_date = moment.day in self._days
        by_weekday = (moment.isoweekday() % 7) in self._weekdays
        return (by_date or by_weekday) if self._either else (by_date and by_weekday)


def _field(text: str, low: int, high: int, names: dict[str, int] | None = None) -> frozenset[int]:
    values: set[int] = set()
    for part in text.lower().split(","):
        span, slash, step = part.partition("/")
        if span in {"*", "?"}:
            first, last = low, high
        else:
            start, dash, end = span.partition("-")
            first = _number(start, names)
            last = _number(end, names) if dash else (high if slash else first)
        stride = _number(step, None) if slash else 1
        if not low <= first <= last <= high or stride < 1:
            raise ValueError(f"not a cron field: {text!r}")
        values.update(range(first, last + 1, stride))
    return frozenset(values)


def _number(text: str, names: dict[str, int] | None) -> int:
    if names and text[:3] in names:
        return names[text[:3]]
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"not a number in a cron expression: {text!r}")
    return int(text)
