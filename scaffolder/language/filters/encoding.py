"""Filters that write JSON and URLs."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from scaffolder.language.errors import failure
from scaffolder.language.filters.calling import BuiltinFilter, text_of
from scaffolder.language.json_text import json_text
from scaffolder.language.limits import Meter
from scaffolder.language.methods.signature import argument
from scaffolder.language.units import from_units
from scaffolder.language.values import UNDEFINED, SafeText, Value, to_text

_UNRESERVED: Final = "!'()*-._~"


def dump(value: Value, values: list[Value], meter: Meter) -> Value:
    """`JSON.stringify(value, null, indent)`; undefined for undefined."""
    return json_text(value, _indentation(argument(values, 0)), meter)


def urlencode(value: Value, values: list[Value], meter: Meter) -> Value:
    """A string percent-encoded; a record or a list of pairs as a query."""
    if isinstance(value, (str, SafeText)):
        return _encoded(text_of(value))
    pairs: list[tuple[Value, Value]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = [_pair(item) for item in value]
    return "&".join([f"{_encoded(to_text(key, meter))}={_encoded(to_text(item, meter))}" for key, item in pairs])


def _indentation(value: Value) -> str:
    if isinstance(value, str):
        return value[:10]
    if isinstance(value, float) and value > 0:
        return " " * int(min(10.0, value))
    return ""


def _encoded(text: str) -> str:
    """`encodeURIComponent(text)`."""
    try:
        return quote(from_units(text), safe=_UNRESERVED)
    except UnicodeEncodeError:
        raise failure("URI malformed") from None


def _pair(item: Value) -> tuple[Value, Value]:
    if item is UNDEFINED or item is None:
        raise failure("urlencode sequence entries cannot be nullish")
    if isinstance(item, SafeText):
        item = item.text
    if isinstance(item, dict):
        return item.get("0", UNDEFINED), item.get("1", UNDEFINED)
    if isinstance(item, (list, str)):
        return (item[0] if item else UNDEFINED), (item[1] if len(item) > 1 else UNDEFINED)
    return UNDEFINED, UNDEFINED


ENCODING_FILTERS: Final[Mapping[str, BuiltinFilter]] = {"dump": dump, "urlencode": urlencode}
