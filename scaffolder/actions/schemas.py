"""The JSON Schemas of actions, put together the way the reference's look on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

DRAFT: Final = "http://json-schema.org/draft-07/schema#"

STRING: Final[Mapping[str, Any]] = {"type": "string"}
BOOLEAN: Final[Mapping[str, Any]] = {"type": "boolean"}
NUMBER: Final[Mapping[str, Any]] = {"type": "number"}
ANY: Final[Mapping[str, Any]] = {}
RECORD: Final[Mapping[str, Any]] = {"type": "object", "additionalProperties": {}}


def listed(items: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An array; of anything without `items`."""
    return {"type": "array"} if items is None else {"type": "array", "items": dict(items)}


def one_of(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def described(schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {**schema, "description": description}


def closed(properties: Mapping[str, Mapping[str, Any]], required: Sequence[str] = ()) -> dict[str, Any]:
    """An object without other keys."""
    schema: dict[str, Any] = {"type": "object", "properties": {name: dict(one) for name, one in properties.items()}}
    if required:
        schema["required"] = list(required)
    schema["additionalProperties"] = False
    return schema


def whole(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that stands for itself and says which draft it is."""
    return {**schema, "$schema": DRAFT}


def record(properties: Mapping[str, Mapping[str, Any]], required: Sequence[str] = ()) -> dict[str, Any]:
    """A closed object as an action's whole input or output."""
    return whole(closed(properties, required))
