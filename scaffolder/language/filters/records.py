"""Filters of records and of values in general."""

from collections.abc import Mapping
from functools import cmp_to_key
from typing import Final

from scaffolder.language.errors import failure
from scaffolder.language.filters.calling import BuiltinFilter, text_of
from scaffolder.language.limits import Meter, refuse_size
from scaffolder.language.methods.signature import argument
from scaffolder.language.units import upper
from scaffolder.language.values import UNDEFINED, SafeText, Value, order, strictly_equal, truthy


def default(value: Value, values: list[Value], meter: Meter) -> Value:
    """The argument for undefined, or with a second argument for everything falsy."""
    missing = not truthy(value) if truthy(argument(values, 1)) else value is UNDEFINED
    return argument(values, 0) if missing else value


def dictsort(value: Value, values: list[Value], meter: Meter) -> Value:
    """Pairs of a record, sorted by 'key' or 'value'."""
    if not isinstance(value, dict):
        raise failure("dictsort requires a record")
    by = argument(values, 1)
    if by is not UNDEFINED and by not in ("key", "value"):
        raise failure("dictsort can only sort by key or value")
    exact = truthy(argument(values, 0))
    part = 1 if by == "value" else 0
    pairs: list[tuple[Value, Value]] = list(value.items())
    meter.charge(len(pairs) * len(pairs).bit_length())

    def compared(one: Value, two: Value) -> int:
        if not exact:
            one, two = _upper(one), _upper(two)
        return 1 if order(one, two, meter) == 1 else 0 if strictly_equal(one, two) else -1

    by_part = cmp_to_key(compared)
    return [list(pair) for pair in sorted(pairs, key=lambda pair: by_part(pair[part]))]


def length(value: Value, values: list[Value], meter: Meter) -> Value:
    """How long a string or array is, how many keys a record has, 0 for nothing."""
    if isinstance(value, (str, list, dict)):
        return float(len(value))
    if isinstance(value, SafeText):
        return float(len(value.text))
    return 0.0 if value is UNDEFINED or value is None or value is False else UNDEFINED


def list_(value: Value, values: list[Value], meter: Meter) -> Value:
    """An array of a string's characters or of a record's `{key, value}`."""
    if isinstance(value, list):
        return value
    if isinstance(value, (str, SafeText)):
        refuse_size(len(text_of(value)))
        return list[Value](text_of(value))
    if isinstance(value, dict):
        return [{"key": key, "value": item} for key, item in value.items()]
    raise failure("list requires an iterable value")


def _upper(value: Value) -> Value:
    return upper(text_of(value)) if isinstance(value, (str, SafeText)) else value


RECORD_FILTERS: Final[Mapping[str, BuiltinFilter]] = {
    "d": default,
    "default": default,
    "dictsort": dictsort,
    "length": length,
    "list": list_,
}
