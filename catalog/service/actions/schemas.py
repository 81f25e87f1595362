"""Pieces of the actions' JSON Schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

DRAFT: Final = "http://json-schema.org/draft-07/schema#"
Json = dict[str, Any]


def of(properties: Json, required: Sequence[str] = ()) -> Json:
    """An object with these members. Others are let through, as zod does."""
    return {"$schema": DRAFT, "type": "object", "properties": properties, "required": list(required)}


def text(description: str) -> Json:
    return {"type": "string", "description": description}


def texts(description: str) -> Json:
    return {"type": "array", "items": {"type": "string"}, "description": description}


def truth(description: str) -> Json:
    return {"type": "boolean", "description": description}


NUMBER: Final[Json] = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]{1,9}$"}]}
"""A count; agents like to write it as text."""
ENTITY: Final[Json] = {"$schema": DRAFT, "type": "object", "additionalProperties": True}
NAMED: Final[Json] = {
    "kind": text("The kind of the entity; case does not matter"),
    "namespace": text("The namespace of the entity"),
    "name": text("The name of the entity"),
}
