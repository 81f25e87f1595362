"""Methods of arrays, and those cookiecutter templates add."""

import math
from collections.abc import Mapping
from typing import Final

from scaffolder.language.errors import failure
from scaffolder.language.limits import MAX_DEPTH, Meter, refuse_size
from scaffolder.language.methods.signature import Signature, argument, bound, integer
from scaffolder.language.values import UNDEFINED, Value, strictly_equal, to_text


def at(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`at`: negative positions count from the end."""
    index = integer(values[0], meter)
    index += len(items) if index < 0 else 0
    return items[int(index)] if 0 <= index < len(items) else UNDEFINED


def concat(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`concat`: arrays are spliced in, other values appended."""
    result = list(items)
    for value in values:
        if isinstance(value, list):
            result += value
        else:
            result.append(value)
        refuse_size(len(result))
    return result


def copy_within(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`copyWithin`."""
    length = len(items)
    to = bound(values[0], 0, length, meter)
    start = bound(argument(values, 1), 0, length, meter)
    end = bound(argument(values, 2), length, length, meter)
    count = min(end - start, length - to)
    if count > 0:
        items[to : to + count] = items[start : start + count]
    return items


def fill(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`fill`."""
    length = len(items)
    start = bound(argument(values, 1), 0, length, meter)
    end = bound(argument(values, 2), length, length, meter)
    if start < end:
        _refuse_cycle(items, values[:1], meter)
    for index in range(start, end):
        items[index] = values[0]
    return items


def flat(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`flat(depth = 1)`."""
    depth = 1.0 if argument(values, 0) is UNDEFINED else max(0.0, integer(values[0], meter))
    result: list[Value] = []
    _flatten(items, min(depth, MAX_DEPTH), result, meter)
    return result


def includes(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`includes`: NaN is found, unlike by `indexOf`."""
    start = bound(argument(values, 1), 0, len(items), meter)
    sought = values[0]
    if isinstance(sought, float) and math.isnan(sought):
        return any(isinstance(item, float) and math.isnan(item) for item in items[start:])
    return any(strictly_equal(item, sought) for item in items[start:])


def index_of(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`indexOf`."""
    return _index(items, values[0], bound(argument(values, 1), 0, len(items), meter))


def last_index_of(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`lastIndexOf`."""
    last = float(len(items) - 1)
    if argument(values, 1) is not UNDEFINED:
        given = integer(values[1], meter)
        last = min(given, last) if given >= 0 else len(items) + given
    for index in range(int(max(last, -1)), -1, -1):
        if strictly_equal(items[index], values[0]):
            return float(index)
    return -1.0


def join(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`join(separator = ',')`."""
    separator = "," if argument(values, 0) is UNDEFINED else to_text(values[0], meter)
    meter.text(len(separator) * len(items))
    return separator.join(["" if item is None or item is UNDEFINED else to_text(item, meter) for item in items])


def pop(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`pop`."""
    return items.pop() if items else UNDEFINED


def push(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`push`."""
    _refuse_cycle(items, values, meter)
    items += values
    refuse_size(len(items))
    return float(len(items))


def reverse(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`reverse`, in place."""
    items.reverse()
    return items


def shift(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`shift`."""
    return items.pop(0) if items else UNDEFINED


def slice_(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`slice`."""
    length = len(items)
    return items[bound(argument(values, 0), 0, length, meter) : bound(argument(values, 1), length, length, meter)]


def sort(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`sort`, in place and by text; what is undefined comes last."""
    defined = [(to_text(item, meter), item) for item in items if item is not UNDEFINED]
    missing = len(items) - len(defined)
    defined.sort(key=lambda pair: pair[0])
    items[:] = [item for _, item in defined] + [UNDEFINED] * missing
    return items


def splice(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`splice(start, count, …new)`; what was removed."""
    if argument(values, 0) is UNDEFINED:
        return []
    start = bound(values[0], 0, len(items), meter)
    count = len(items) if argument(values, 1) is UNDEFINED else max(0.0, integer(values[1], meter))
    end = start + int(min(count, len(items) - start))
    new = values[2:] if argument(values, 1) is not UNDEFINED else []
    _refuse_cycle(items, new, meter)
    removed = items[start:end]
    items[start:end] = new
    refuse_size(len(items))
    return removed


def unshift(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`unshift`."""
    _refuse_cycle(items, values, meter)
    items[:0] = values
    refuse_size(len(items))
    return float(len(items))


def count(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`count`, of cookiecutter templates."""
    return float(sum(strictly_equal(item, values[0]) for item in items))


def find(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`index` and `find`, of cookiecutter templates: -1 where Python would raise."""
    return _index(items, values[0], 0)


def insert(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`insert`, of cookiecutter templates; an empty array."""
    _refuse_cycle(items, values[1:], meter)
    items.insert(bound(values[0], 0, len(items), meter), values[1])
    refuse_size(len(items))
    return []


def remove(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`remove`, of cookiecutter templates; what was removed."""
    index = int(_index(items, values[0], 0))
    return [items.pop(index)] if index >= 0 else []


def pop_at(items: list[Value], values: list[Value], meter: Meter) -> Value:
    """`pop(index)`, of cookiecutter templates."""
    if argument(values, 0) is UNDEFINED:
        return pop(items, values, meter)
    index = integer(values[0], meter)
    index += len(items) if index < 0 else 0
    return items.pop(int(index)) if 0 <= index < len(items) else UNDEFINED


def _index(items: list[Value], sought: Value, start: int) -> float:
    for index in range(start, len(items)):
        if strictly_equal(items[index], sought):
            return float(index)
    return -1.0


def _flatten(items: list[Value], depth: float, result: list[Value], meter: Meter) -> None:
    meter.charge(len(items))
    for item in items:
        if depth > 0 and isinstance(item, list):
            _flatten(item, depth - 1, result, meter)
        else:
            result.append(item)


def _refuse_cycle(owner: list[Value], values: list[Value], meter: Meter) -> None:
    """Raise when one of `values` holds `owner`: it must not come to hold itself."""
    pending = [value for value in values if isinstance(value, (list, dict))]
    seen: set[int] = set()
    while pending:
        value = pending.pop()
        if value is owner:
            raise failure("Cyclic template values are not supported")
        if id(value) in seen:
            continue
        seen.add(id(value))
        meter.charge(len(value))
        inner = value.values() if isinstance(value, dict) else value
        pending += [item for item in inner if isinstance(item, (list, dict))]


ARRAY_METHODS: Final[Mapping[str, Signature]] = {
    "at": Signature(1, 1, at, whole=False),
    "concat": Signature(0, None, concat),
    "copyWithin": Signature(1, 3, copy_within),
    "fill": Signature(1, 3, fill),
    "flat": Signature(0, 1, flat),
    "includes": Signature(1, 2, includes),
    "indexOf": Signature(1, 2, index_of),
    "join": Signature(0, 1, join),
    "lastIndexOf": Signature(1, 2, last_index_of),
    "pop": Signature(0, 0, pop, whole=False),
    "push": Signature(0, None, push, whole=False),
    "reverse": Signature(0, 0, reverse),
    "shift": Signature(0, 0, shift),
    "slice": Signature(0, 2, slice_),
    "sort": Signature(0, 0, sort),
    "splice": Signature(0, None, splice),
    "unshift": Signature(0, None, unshift),
}
COOKIECUTTER_ARRAY_METHODS: Final[Mapping[str, Signature]] = {
    **ARRAY_METHODS,
    "append": Signature(1, 1, push, whole=False),
    "count": Signature(1, 1, count),
    "find": Signature(1, 1, find),
    "index": Signature(1, 1, find),
    "insert": Signature(2, 2, insert),
    "pop": Signature(0, 1, pop_at),
    "remove": Signature(1, 1, remove),
}
