"""Filters about case and whitespace."""

from collections.abc import Mapping
from typing import Final

from scaffolder.language.errors import failure
from scaffolder.language.filters.calling import BuiltinFilter, like, text_of, without_nothing
from scaffolder.language.limits import Meter
from scaffolder.language.units import WHITESPACE, lower, upper
from scaffolder.language.values import UNDEFINED, SafeText, Value, printed


def capitalize(value: Value, values: list[Value], meter: Meter) -> Value:
    """The first character in upper case, the rest in lower case."""
    return like(value, _capitalized(text_of(without_nothing(value))))


def lower_(value: Value, values: list[Value], meter: Meter) -> Value:
    """In lower case."""
    return lower(text_of(without_nothing(value)))


def upper_(value: Value, values: list[Value], meter: Meter) -> Value:
    """In upper case."""
    return upper(text_of(without_nothing(value)))


def title(value: Value, values: list[Value], meter: Meter) -> Value:
    """Every word between spaces capitalised."""
    return like(value, " ".join(map(_capitalized, text_of(without_nothing(value)).split(" "))))


def trim(value: Value, values: list[Value], meter: Meter) -> Value:
    """Without white space at the ends; a string only."""
    return like(value, text_of(value).strip(WHITESPACE))


def string(value: Value, values: list[Value], meter: Meter) -> Value:
    """What the value prints; undefined and null are refused."""
    if value is UNDEFINED or value is None:
        raise failure("string requires a value")
    return value if isinstance(value, SafeText) else printed(value, meter)


def _capitalized(text: str) -> str:
    text = lower(text)
    return upper(text[:1]) + text[1:]


CASING_FILTERS: Final[Mapping[str, BuiltinFilter]] = {
    "capitalize": capitalize,
    "lower": lower_,
    "string": string,
    "title": title,
    "trim": trim,
    "upper": upper_,
}
