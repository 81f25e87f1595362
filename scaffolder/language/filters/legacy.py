"""Filters that Nunjucks 3.2.4 lets have arguments the newest reference refuses."""

from collections.abc import Mapping
from typing import Final

from scaffolder.language.errors import failure
from scaffolder.language.filters.calling import BuiltinFilter, indexed, sequence, text_of
from scaffolder.language.filters.selection import selected
from scaffolder.language.filters.sequences import batch, slice_
from scaffolder.language.limits import Meter, refuse_size
from scaffolder.language.methods.signature import argument
from scaffolder.language.numbers import ceil, divide, floor, remainder
from scaffolder.language.values import UNDEFINED, SafeText, Value, to_number, truthy


def legacy_batch(value: Value, values: list[Value], meter: Meter) -> Value:
    """`batch` with any count: a row ends before each index it divides, so none or 0 make one row."""
    width = to_number(argument(values, 0), meter)
    items = indexed(value, meter) if isinstance(value, dict) else sequence(value)
    if width >= 1 or value is UNDEFINED or value is None or items is None:
        return batch(value, values, meter) if width >= 1 or value is UNDEFINED or value is None else []
    rows: list[Value] = []
    row: list[Value] = []
    for index, item in enumerate(items):
        if row and remainder(float(index), width) == 0:
            rows.append(row)
            row = []
        row.append(item)
    return [*rows, row] if row else rows


def legacy_slice(value: Value, values: list[Value], meter: Meter) -> Value:
    """`slice` with any count: no columns for none, and what fractions make of it."""
    count = to_number(argument(values, 0), meter)
    if count >= 1 and count.is_integer():
        return slice_(value, values, meter)
    if value is UNDEFINED or value is None:
        raise failure("slice requires a sequence")
    if not count > 0:
        return []
    if not isinstance(value, (str, SafeText, list)):
        raise failure("slice requires a sequence")
    items = value if isinstance(value, list) else text_of(value)
    meter.entries(ceil(count))
    size, extra = floor(divide(float(len(items)), count)), remainder(float(len(items)), count)
    fill, columns, offset = argument(values, 1), list[Value](), 0
    for index in range(int(ceil(count))):
        start = offset + index * size
        offset += index < extra
        column = items[int(start) : int(offset + (index + 1) * size)]
        if truthy(fill) and index >= extra:
            if isinstance(column, str):
                raise failure("slice cannot append a fill value to a string")
            column.append(fill)
        columns.append(column)
    refuse_size(len(columns))
    return columns


def legacy_select(value: Value, values: list[Value], meter: Meter) -> Value:
    """`select` with a test that takes another number of arguments."""
    return selected(value, values, meter, keep=True, exact=False)


def legacy_reject(value: Value, values: list[Value], meter: Meter) -> Value:
    """`reject` with a test that takes another number of arguments."""
    return selected(value, values, meter, keep=False, exact=False)


LEGACY_FILTERS: Final[Mapping[str, BuiltinFilter]] = {
    "batch": legacy_batch,
    "reject": legacy_reject,
    "select": legacy_select,
    "slice": legacy_slice,
}
