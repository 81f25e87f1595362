"""The binary operators of chains."""

from collections.abc import Callable
from typing import Final

from scaffolder.language.limits import Meter
from scaffolder.language.numbers import divide, remainder
from scaffolder.language.values import (
    Value,
    add,
    joined,
    loosely_equal,
    order,
    strictly_equal,
    to_number,
    to_text,
)

Operator = Callable[[Value, Value, Meter], Value]

OPERATORS: Final[dict[str, Operator]] = {
    "+": add,
    "~": lambda left, right, meter: joined(to_text(left, meter), to_text(right, meter), meter),
    "-": lambda left, right, meter: to_number(left, meter) - to_number(right, meter),
    "*": lambda left, right, meter: to_number(left, meter) * to_number(right, meter),
    "/": lambda left, right, meter: divide(to_number(left, meter), to_number(right, meter)),
    "%": lambda left, right, meter: remainder(to_number(left, meter), to_number(right, meter)),
    "==": loosely_equal,
    "!=": lambda left, right, meter: not loosely_equal(left, right, meter),
    "===": lambda left, right, meter: strictly_equal(left, right),
    "!==": lambda left, right, meter: not strictly_equal(left, right),
    "<": lambda left, right, meter: order(left, right, meter) == -1,
    "<=": lambda left, right, meter: order(left, right, meter) in (-1, 0),
    ">": lambda left, right, meter: order(left, right, meter) == 1,
    ">=": lambda left, right, meter: order(left, right, meter) in (0, 1),
}
