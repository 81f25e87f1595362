"""Durations as Backstage's configuration spells them: `PT30S`, `30s`, `2 hours`, `{minutes: 5}`.

Source: spec/catalog.md §5.1. A month is 30 days and a year 365; in short texts a year is 365.25 days.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

_UNITS: Final = {
    "years": timedelta(days=365),
    "months": timedelta(days=30),
    "weeks": timedelta(weeks=1),
    "days": timedelta(days=1),
    "hours": timedelta(hours=1),
    "minutes": timedelta(minutes=1),
    "seconds": timedelta(seconds=1),
    "milliseconds": timedelta(milliseconds=1),
}
_WORDS: Final = {
    **dict.fromkeys(("years", "year", "yrs", "yr", "y"), timedelta(days=365.25)),
    **dict.fromkeys(("weeks", "week", "w"), timedelta(weeks=1)),
    **dict.fromkeys(("days", "day", "d"), timedelta(days=1)),
    **dict.fromkeys(("hours", "hour", "hrs", "hr", "h"), timedelta(hours=1)),
    **dict.fromkeys(("minutes", "minute", "mins", "min", "m"), timedelta(minutes=1)),
    **dict.fromkeys(("seconds", "second", "secs", "sec", "s"), timedelta(seconds=1)),
    **dict.fromkeys(("milliseconds", "millisecond", "msecs", "msec", "ms", ""), timedelta(milliseconds=1)),
}
_TEXT: Final = re.compile(r"(\d*\.?\d+)\s*([a-z]*)\Z", re.IGNORECASE | re.ASCII)
_ISO: Final = re.compile(
    r"P(?=.)(?:(?P<years>[\d.,]+)Y)?(?:(?P<months>[\d.,]+)M)?(?:(?P<weeks>[\d.,]+)W)?(?:(?P<days>[\d.,]+)D)?"
    r"(?:T(?=.)(?:(?P<hours>[\d.,]+)H)?(?:(?P<minutes>[\d.,]+)M)?(?:(?P<seconds>[\d.,]+)S)?)?\Z",
    re.ASCII,
)


def parse_duration(given: Any) -> timedelta:
    """Raises ValueError for what is no duration. A bare number without unit is none either."""
    if isinstance(given, timedelta):
        return given
    try:
        if isinstance(given, str):
            return _from_text(given.strip())
        if isinstance(given, Mapping):
            return _from_object(given)
    except OverflowError:
        raise ValueError("is too long a duration") from None
    raise ValueError("is not a duration: expected text such as '30s' or 'PT30S', or an object such as {seconds: 30}")


def _from_text(text: str) -> timedelta:
    if (iso := _ISO.match(text)) is not None:
        given = {unit: amount for unit, amount in iso.groupdict().items() if amount is not None}
        return sum((_UNITS[unit] * _amount(amount) for unit, amount in given.items()), timedelta())
    if (plain := _TEXT.match(text)) is not None and (unit := _WORDS.get(plain[2].lower())) is not None:
        return unit * float(plain[1])
    raise ValueError("is not a duration such as '30s', '2 hours' or 'PT30S'")


def _from_object(members: Mapping[str, Any]) -> timedelta:
    if not members or not set(members) <= set(_UNITS):
        raise ValueError(f"is not a duration: it needs one or more of {', '.join(_UNITS)}, and nothing else")
    return sum((_UNITS[unit] * _amount(amount) for unit, amount in members.items()), timedelta())


def _amount(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise ValueError("is not a duration: amounts are numbers")
    try:
        amount = float(given.replace(",", ".") if isinstance(given, str) else given)
    except ValueError:
        raise ValueError("is not a duration: amounts are numbers") from None
    if not 0 <= amount < 1e12:
        raise ValueError("is not a duration: amounts are zero or more")
    return amount


def iso_duration(duration: timedelta) -> str:
    """A duration as ISO-8601, in the largest units that fit: `PT1H30M`, `PT0.5S`."""
    seconds = duration.total_seconds()
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    text = "".join(
        f"{amount:g}{unit}" for amount, unit in ((hours, "H"), (minutes, "M"), (round(rest, 6), "S")) if amount
    )
    return f"PT{text or '0S'}"


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
"""A field of a settings model: `interval: Duration = timedelta(seconds=100)`."""
