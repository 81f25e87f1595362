"""How a method is described, and how its arguments are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scaffolder.language.limits import Meter
from scaffolder.language.numbers import truncated
from scaffolder.language.values import UNDEFINED, Value, to_number


@dataclass(frozen=True, slots=True)
class Signature:
    """Positional arguments from `least` to `most` (None: any number); the receiver fits `function`."""

    least: int
    most: int | None
    function: Callable[[Any, list[Value], Meter], Value]
    whole: bool = True
    """Whether it looks at the whole receiver, however long."""


def argument(values: list[Value], index: int) -> Value:
    """The argument at `index`, or UNDEFINED."""
    return values[index] if index < len(values) else UNDEFINED


def integer(value: Value, meter: Meter) -> float:
    """`ToIntegerOrInfinity(value)`."""
    return truncated(to_number(value, meter))


def bound(value: Value, default: float, length: int, meter: Meter) -> int:
    """A position from 0 to `length` that may be given from the end, as `slice` takes it."""
    position = default if value is UNDEFINED else integer(value, meter)
    return int(max(length + position, 0) if position < 0 else min(position, length))


def clamped(value: Value, default: float, length: int, meter: Meter) -> int:
    """A position from 0 to `length`, as `substring` takes it."""
    position = default if value is UNDEFINED else integer(value, meter)
    return int(min(max(position, 0), length))
