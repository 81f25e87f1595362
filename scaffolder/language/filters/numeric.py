"""Filters to and of numbers."""

import math
from collections.abc import Mapping
from typing import Final

from scaffolder.language.filters.calling import BuiltinFilter
from scaffolder.language.limits import Meter
from scaffolder.language.methods.signature import argument
from scaffolder.language.numbers import (
    ceil,
    divide,
    floor,
    leading_float,
    leading_integer,
    power,
    rounded,
    truncated,
)
from scaffolder.language.values import UNDEFINED, Value, to_number, to_text, truthy


def abs_(value: Value, values: list[Value], meter: Meter) -> Value:
    """Without its sign."""
    return abs(to_number(value, meter))


def float_(value: Value, values: list[Value], meter: Meter) -> Value:
    """The number a text begins with, else the argument."""
    number = leading_float(to_text(value, meter))
    return argument(values, 0) if math.isnan(number) else number


def int_(value: Value, values: list[Value], meter: Meter) -> Value:
    """The whole number a text begins with, else `default`; in another `base` than 10 if given."""
    base = argument(values, 1)
    radix = 10.0 if base is UNDEFINED else truncated(to_number(base, meter))
    number = leading_integer(to_text(value, meter), radix)
    return argument(values, 0) if math.isnan(number) else number


def round_(value: Value, values: list[Value], meter: Meter) -> Value:
    """To so many digits, halves up, or as the second argument says: 'ceil' or 'floor'."""
    precision = argument(values, 0) if truthy(argument(values, 0)) else 0.0
    factor = power(10.0, to_number(precision, meter))
    method = argument(values, 1)
    how = ceil if method == "ceil" else floor if method == "floor" else rounded
    return divide(how(to_number(value, meter) * factor), factor)


NUMERIC_FILTERS: Final[Mapping[str, BuiltinFilter]] = {
    "abs": abs_,
    "float": float_,
    "int": int_,
    "round": round_,
}
