"""Methods of records, which only cookiecutter templates have."""

from collections.abc import Mapping
from typing import Final

from scaffolder.language.boundary import RESERVED
from scaffolder.language.limits import Meter
from scaffolder.language.methods.signature import Signature, argument
from scaffolder.language.values import Value, to_text


def get(record: dict[str, Value], values: list[Value], meter: Meter) -> Value:
    """`get(key, default)`."""
    key = to_text(values[0], meter)
    return record[key] if key in record and key not in RESERVED else argument(values, 1)


def has_key(record: dict[str, Value], values: list[Value], meter: Meter) -> Value:
    """`has_key(key)`."""
    key = to_text(values[0], meter)
    return key in record and key not in RESERVED


def items(record: dict[str, Value], values: list[Value], meter: Meter) -> Value:
    """`items()`: pairs of key and value."""
    return [[key, value] for key, value in record.items()]


def keys(record: dict[str, Value], values: list[Value], meter: Meter) -> Value:
    """`keys()`."""
    return list(record)


def values_(record: dict[str, Value], values: list[Value], meter: Meter) -> Value:
    """`values()`."""
    return list(record.values())


COOKIECUTTER_RECORD_METHODS: Final[Mapping[str, Signature]] = {
    "get": Signature(1, 2, get),
    "has_key": Signature(1, 1, has_key),
    "items": Signature(0, 0, items),
    "keys": Signature(0, 0, keys),
    "values": Signature(0, 0, values_),
}
