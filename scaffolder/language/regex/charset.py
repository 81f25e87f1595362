"""Sets of UTF-16 code units as sorted, disjoint, inclusive ranges."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

from scaffolder.language.units import WHITESPACE, to_units

Ranges: TypeAlias = tuple[tuple[int, int], ...]

LAST: Final = 0xFFFF
ALL: Final[Ranges] = ((0, LAST),)


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The set of all units in `ranges`, which may overlap and be in any order."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def inverted(ranges: Ranges) -> Ranges:
    """Every unit that is not in the set."""
    result: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if low > start:
            result.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        result.append((start, LAST))
    return tuple(result)


def single(unit: str) -> Ranges:
    """The set of one unit."""
    return ((ord(unit), ord(unit)),)


DIGITS: Final[Ranges] = ((0x30, 0x39),)
WORD: Final[Ranges] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Final = union((ord(unit), ord(unit)) for unit in WHITESPACE)
NOT_LINE_END: Final = inverted(union((ord(unit), ord(unit)) for unit in "\n\r\u2028\u2029"))


def canonical(unit: str) -> str:
    """The unit that stands for `unit` when case is ignored."""
    upper = to_units(unit.upper())
    return unit if len(upper) != 1 or (unit >= "\x80" > upper) else upper


@lru_cache(maxsize=512)
def ignoring_case(ranges: Ranges) -> Ranges:
    """The set together with everything that differs from a member by case only."""
    more = list(ranges)
    for group in _case_groups():
        if any(low <= unit <= high for unit in group for low, high in ranges):
            more += [(unit, unit) for unit in group]
    return union(more)


@lru_cache(maxsize=512)
def run_pattern(ranges: Ranges, least: int, most: int | None) -> re.Pattern[str]:
    """A pattern for `least` to `most` units of the set in a row, as many as there are."""
    if not ranges:
        return re.compile("(?!)" if least else "")
    units = "".join(f"\\u{low:04x}-\\u{high:04x}" for low, high in ranges)
    return re.compile(f"[{units}]{{{least},{'' if most is None else most}}}")


@lru_cache(maxsize=1)
def _case_groups() -> tuple[tuple[int, ...], ...]:
    groups: dict[str, list[int]] = defaultdict(list)
    for unit in range(LAST + 1):
        groups[canonical(chr(unit))].append(unit)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)
