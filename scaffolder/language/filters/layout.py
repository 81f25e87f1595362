"""Filters that lay text out."""

import re
from collections.abc import Mapping
from typing import Final

from scaffolder.language.filters.calling import BuiltinFilter, like, spaces, text_of, without_nothing
from scaffolder.language.limits import Meter
from scaffolder.language.methods.signature import argument
from scaffolder.language.numbers import remainder
from scaffolder.language.values import UNDEFINED, SafeText, Value, order, to_number, to_text, truthy

_WORD: Final = re.compile("[A-Za-z0-9_]+")
_LINE_BREAK: Final = re.compile("\r\n|\n")


def center(value: Value, values: list[Value], meter: Meter) -> Value:
    """Between spaces, to a width of 80."""
    value = without_nothing(value)
    width = argument(values, 0) if truthy(argument(values, 0)) else 80.0
    length = _length(value)
    if order(length, width, meter) in (0, 1):
        return value
    missing = to_number(width, meter) - to_number(length, meter)
    before = spaces(missing / 2 - remainder(missing, 2.0), meter)
    return like(value, before + to_text(value, meter) + spaces(missing / 2, meter))


def indent(value: Value, values: list[Value], meter: Meter) -> Value:
    """Every line but the first, or with the second argument every line, moved right by 4."""
    value = without_nothing(value)
    text = text_of(value)
    if value == "":
        return ""
    width = argument(values, 0) if truthy(argument(values, 0)) else 4.0
    lines = text.split("\n")
    margin = spaces(to_number(width, meter), meter)
    first = 0 if truthy(argument(values, 1)) else 1
    meter.text(len(margin) * len(lines))
    return like(value, "\n".join([line if at < first else margin + line for at, line in enumerate(lines)]))


def nl2br(value: Value, values: list[Value], meter: Meter) -> Value:
    """`<br />` before every line break."""
    text = "" if value is UNDEFINED or value is None else text_of(value)
    return like(value, _LINE_BREAK.sub("<br />\n", text))


def truncate(value: Value, values: list[Value], meter: Meter) -> Value:
    """At most 255 units, cut between words unless the second argument says otherwise, then `...`."""
    original, value = value, without_nothing(value)
    limit = argument(values, 0) if truthy(argument(values, 0)) else 255.0
    if order(_length(value), limit, meter) in (-1, 0):
        return value
    text = text_of(value)
    wanted = to_number(limit, meter)
    length = 0 if wanted != wanted else int(min(max(wanted, 0), len(text)))
    if not truthy(argument(values, 1)):
        # lastIndexOf takes NaN for the end of the text.
        space = text.rfind(" ", 0, (len(text) if wanted != wanted else length) + 1)
        length = length if space < 0 else space
    end = argument(values, 2)
    return like(original, text[:length] + ("..." if end is UNDEFINED or end is None else to_text(end, meter)))


def wordcount(value: Value, values: list[Value], meter: Meter) -> Value:
    """How many words there are; null for none."""
    value = without_nothing(value)
    if not truthy(value):
        return None
    count = sum(1 for _ in _WORD.finditer(text_of(value)))
    return float(count) if count else None


def _length(value: Value) -> Value:
    """The `length` property, where there is one."""
    if isinstance(value, (str, list)):
        return float(len(value))
    if isinstance(value, SafeText):
        return float(len(value.text))
    return value.get("length", UNDEFINED) if isinstance(value, dict) else UNDEFINED


LAYOUT_FILTERS: Final[Mapping[str, BuiltinFilter]] = {
    "center": center,
    "indent": indent,
    "nl2br": nl2br,
    "truncate": truncate,
    "wordcount": wordcount,
}
