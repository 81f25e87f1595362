"""Attributes of items, as filters look them up."""

from scaffolder.language.boundary import RESERVED
from scaffolder.language.errors import failure
from scaffolder.language.filters.calling import mapped
from scaffolder.language.limits import Meter
from scaffolder.language.members import has_own, own, property_key
from scaffolder.language.values import UNDEFINED, SafeText, Value, truthy


def attribute_key(value: Value, meter: Meter) -> str:
    """The name of one attribute."""
    key = property_key(value, meter)
    if key in RESERVED:
        raise failure(f"Template attribute {key} is reserved")
    return key


def attribute_path(value: Value, meter: Meter) -> list[str]:
    """The names of a dotted path; none for something falsy."""
    if not truthy(value):
        return []
    path = value.split(".") if isinstance(value, str) else [property_key(value, meter)]
    for name in path:
        if name in RESERVED:
            raise failure(f"Template attribute {name} is reserved")
    return path


def attribute(item: Value, key: str) -> Value:
    """`item[key]`; null and undefined have no attributes at all."""
    if item is UNDEFINED or item is None:
        raise failure("Cannot read a template attribute from a nullish value")
    return own(item, key)


def at_path(item: Value, path: list[str]) -> Value:
    """The value at the end of a path."""
    for name in path:
        if item is UNDEFINED or item is None:
            raise failure("Cannot read a template attribute from a nullish value")
        if not has_own(item, name):
            return UNDEFINED
        item = own(item, name)
    return item


def attributes(value: Value, key: str, meter: Meter) -> list[Value]:
    """The attribute `key` of every item; none for what has no items."""
    if isinstance(value, list):
        return [attribute(item, key) for item in value]
    if isinstance(value, str):
        return [attribute(unit, key) for unit in value]
    if isinstance(value, dict):
        return [attribute(item, key) for item in mapped(value, meter)]
    if isinstance(value, SafeText) and value.text:
        raise failure("Cannot read a template attribute from a nullish value")
    return []
