"""Filters of arrays, and of strings and array-like records taken for one."""

import secrets
from collections.abc import Mapping
from functools import cmp_to_key
from typing import Final

from scaffolder.language.boundary import RESERVED
from scaffolder.language.errors import failure
from scaffolder.language.filters.attributes import (
    at_path,
    attribute_key,
    attribute_path,
    attributes,
)
from scaffolder.language.filters.calling import (
    BuiltinFilter,
    folded,
    indexed,
    like,
    mapped,
    positive_integer,
    sequence,
    text_of,
)
from scaffolder.language.limits import Meter
from scaffolder.language.members import property_key
from scaffolder.language.methods.signature import argument
from scaffolder.language.values import UNDEFINED, SafeText, Value, add, order, record, to_number, to_text, truthy


def batch(value: Value, values: list[Value], meter: Meter) -> Value:
    """Rows of so many items, the last one filled up if there is something to fill it with."""
    _refuse_nothing(value, "batch")
    width = positive_integer(argument(values, 0), "Batch size", meter)
    items = indexed(value, meter) if isinstance(value, dict) else sequence(value) or []
    rows: list[list[Value]] = [items[start : start + width] for start in range(0, len(items), width)]
    fill = argument(values, 1)
    if rows and truthy(fill) and len(rows[-1]) < width:
        meter.entries(width)
        rows[-1] += [fill] * (width - len(rows[-1]))
    return list[Value](rows)


def first(value: Value, values: list[Value], meter: Meter) -> Value:
    """The first item."""
    _refuse_nothing(value, "first")
    if isinstance(value, dict):
        return value.get("0", UNDEFINED)
    items = text_of(value) if isinstance(value, (str, SafeText)) else value
    return items[0] if isinstance(items, (str, list)) and items else UNDEFINED


def last(value: Value, values: list[Value], meter: Meter) -> Value:
    """The last item."""
    _refuse_nothing(value, "last")
    if isinstance(value, dict):
        index = to_number(value.get("length", UNDEFINED), meter) - 1
        return value.get(property_key(index, meter), UNDEFINED)
    items = text_of(value) if isinstance(value, (str, SafeText)) else value
    return items[-1] if isinstance(items, (str, list)) and items else UNDEFINED


def groupby(value: Value, values: list[Value], meter: Meter) -> Value:
    """A record from the text of an attribute to the items that have it."""
    _refuse_nothing(value, "groupby")
    items = indexed(value, meter) if isinstance(value, dict) else sequence(value) or []
    path = attribute_path(argument(values, 0), meter) if items else []
    groups: dict[str, Value] = {}
    for item in items:
        key = property_key(at_path(item, path), meter)
        if key in RESERVED:
            raise failure(f"Template record key {key} is reserved")
        group = groups.setdefault(key, [])
        if isinstance(group, list):
            group.append(item)
    return record(groups)


def join(value: Value, values: list[Value], meter: Meter) -> Value:
    """The texts of items, or of one attribute of theirs, with a separator between."""
    separator = to_text(values[0], meter) if truthy(argument(values, 0)) else ""
    items = _attributes(value, argument(values, 1), "join", meter)
    meter.text(len(separator) * len(items))
    return separator.join(["" if item is None or item is UNDEFINED else to_text(item, meter) for item in items])


def random(value: Value, values: list[Value], meter: Meter) -> Value:
    """Any one item."""
    _refuse_nothing(value, "random")
    if isinstance(value, dict):
        length = to_number(value.get("length", UNDEFINED), meter)
        index = float(secrets.randbelow(int(length))) if 1 <= length < 2.0**53 else length
        return value.get(property_key(index, meter), UNDEFINED)
    items = sequence(value)
    return secrets.choice(items) if items else UNDEFINED


def reverse(value: Value, values: list[Value], meter: Meter) -> Value:
    """The other way round."""
    if isinstance(value, (str, SafeText)):
        return like(value, text_of(value)[::-1])
    if isinstance(value, dict):
        return mapped(value, meter)[::-1]
    return value[::-1] if isinstance(value, list) else []


def slice_(value: Value, values: list[Value], meter: Meter) -> Value:
    """So many columns of about equal length."""
    items: list[Value] | str
    if isinstance(value, (str, SafeText)):
        items = text_of(value)
    elif isinstance(value, list):
        items = value
    else:
        raise failure("slice requires a sequence")
    count = positive_integer(argument(values, 0), "Slice count", meter)
    meter.entries(count)
    size, extra = divmod(len(items), count)
    fill = argument(values, 1)
    columns: list[Value] = []
    start = 0
    for index in range(count):
        end = start + size + (index < extra)
        column = items[start:end]
        start = end
        if truthy(fill) and index >= extra:
            if isinstance(column, str):
                raise failure("slice cannot append a fill value to a string")
            column.append(fill)
        columns.append(column)
    return columns


def sort(value: Value, values: list[Value], meter: Meter) -> Value:
    """Sorted; `reverse`, `case_sensitive` and `attribute` say how."""
    items = mapped(value, meter) if isinstance(value, dict) else sequence(value) or []
    backwards, exact = truthy(argument(values, 0)), truthy(argument(values, 1))
    path = attribute_path(argument(values, 2), meter) if items else []
    meter.charge(len(items) * len(items).bit_length())

    def compared(left: Value, right: Value) -> int:
        one, two = at_path(left, path), at_path(right, path)
        if not exact and isinstance(one, (str, SafeText)) and isinstance(two, (str, SafeText)):
            one, two = folded(one), folded(two)
        result = order(one, two, meter) or 0
        return -result if backwards else result

    defined = [item for item in items if item is not UNDEFINED]
    # Sorting never asks about undefined items: they come last, in either direction.
    defined.sort(key=cmp_to_key(compared))
    return defined + [UNDEFINED] * (len(items) - len(defined))


def sum_(value: Value, values: list[Value], meter: Meter) -> Value:
    """The sum of items, or of one attribute of theirs, on top of a start value."""
    total: Value = 0.0
    for item in _attributes(value, argument(values, 0), "sum", meter):
        total = add(total, item, meter)
    start = argument(values, 1)
    return add(0.0 if start is UNDEFINED else start, total, meter)


def _attributes(value: Value, key: Value, what: str, meter: Meter) -> list[Value]:
    if truthy(key):
        return attributes(value, attribute_key(key, meter), meter)
    if not isinstance(value, list):
        raise failure(f"{what} requires an array")
    return value


def _refuse_nothing(value: Value, what: str) -> None:
    if value is UNDEFINED or value is None:
        raise failure(f"{what} requires a sequence")


SEQUENCE_FILTERS: Final[Mapping[str, BuiltinFilter]] = {
    "batch": batch,
    "first": first,
    "groupby": groupby,
    "join": join,
    "last": last,
    "random": random,
    "reverse": reverse,
    "slice": slice_,
    "sort": sort,
    "sum": sum_,
}
