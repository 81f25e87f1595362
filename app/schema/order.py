"""The order in which ajv finds problems, so that the first of ours is the first of the reference's.

ajv runs the keywords of a schema in a fixed order, whatever order they are written in: `$ref`, the type, then the
keywords for numbers, for strings, for all types, for arrays and for objects; within a group as listed below.
`properties` go in the order of the schema, items and additional properties in the order of the value. A lone type
that has keywords of its own group is checked when that group's turn comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jsonschema_rs

_GROUPS: tuple[tuple[str | None, tuple[str, ...]], ...] = (
    ("number", ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf")),
    ("string", ("maxLength", "minLength", "pattern", "format")),
    (None, ("const", "enum", "not", "anyOf", "oneOf", "allOf", "if", "then", "else")),
    ("array", ("maxItems", "minItems", "uniqueItems", "additionalItems", "items", "contains")),
    (
        "object",
        (
            "maxProperties",
            "minProperties",
            "required",
            "propertyNames",
            "additionalProperties",
            "dependencies",
            "properties",
            "patternProperties",
        ),
    ),
)
_GROUP_OF = {name: index + 1 for index, (name, _) in enumerate(_GROUPS) if name}
_RANKS = {
    keyword: (index + 1, rank) for index, (_, keywords) in enumerate(_GROUPS) for rank, keyword in enumerate(keywords)
}
_RANKS["$ref"] = (0, 0)
_TYPE_FIRST = (0, 1)
_LAST = (len(_GROUPS) + 1, 0)

Key = tuple[tuple[int, ...], ...]


class Order:
    """Sorts findings about one schema."""

    def __init__(self, document: Mapping[str, Any] | bool) -> None:
        self._root = document

    def sorted(
        self, errors: Iterable[jsonschema_rs.ValidationError], value: Any
    ) -> list[jsonschema_rs.ValidationError]:
        return sorted(errors, key=lambda error: self._key(error, value))

    def written(self, error: jsonschema_rs.ValidationError) -> Any:
        """The failing keyword's value as the schema has it: jsonschema-rs sorts lists of types."""
        schema: Any = self._root
        for part in error.evaluation_path:
            schema = self._resolve(schema[part]) if part == "$ref" else schema[part]
        return schema

    def _key(self, error: jsonschema_rs.ValidationError, value: Any) -> Key:
        key: list[tuple[int, ...]] = []
        schema: Any = self._root
        where = list(error.instance_path)
        path = list(error.evaluation_path)
        if error.kind.name == "additionalProperties":
            path = [*path, "additionalProperties"] if path[-1:] != ["additionalProperties"] else path
        while path and isinstance(schema, Mapping):
            keyword = str(path.pop(0))
            key.append(self._rank(schema, keyword))
            below = schema.get(keyword)
            if keyword == "$ref":
                schema = self._resolve(below)
            elif keyword in {"properties", "patternProperties"} and path and isinstance(below, Mapping):
                name = str(path.pop(0))
                key.append((list(below).index(name) if name in below else -1,))
                schema = below.get(name)
                value = self._step(where, value, key if keyword == "patternProperties" else None)
            elif keyword == "items" and isinstance(below, list) and path:
                schema = below[int(path.pop(0))]
                value = self._step(where, value, key)
            elif keyword in {"items", "additionalItems", "additionalProperties", "contains"}:
                schema = below
                value = self._step(where, value, key)
            elif keyword in {"anyOf", "oneOf", "allOf"} and path and isinstance(below, list):
                index = int(path.pop(0))
                key.append((index,))
                schema = below[index]
            else:
                schema = below
        return tuple(key)

    def _rank(self, schema: Mapping[str, Any], keyword: str) -> tuple[int, ...]:
        if keyword != "type":
            return _RANKS.get(keyword, _LAST)
        kind = schema.get("type")
        group = _GROUP_OF.get(kind) if isinstance(kind, str) else None
        if group is not None and any(other in schema for other in _GROUPS[group - 1][1]):
            return group, 0
        return _TYPE_FIRST

    @staticmethod
    def _step(where: list[str | int], value: Any, key: list[tuple[int, ...]] | None) -> Any:
        """Descends into the value; with `key`, the place among its siblings becomes part of the order."""
        if not where:
            return value
        part = where.pop(0)
        if isinstance(part, int):
            if key is not None:
                key.append((part,))
            return value[part] if isinstance(value, list) and part < len(value) else None
        if key is not None:
            key.append((list(value).index(part) if isinstance(value, dict) and part in value else -1,))
        return value.get(part) if isinstance(value, dict) else None

    def _resolve(self, ref: Any) -> Any:
        schema: Any = self._root
        if not isinstance(ref, str) or not ref.startswith("#"):
            return None
        for part in ref[1:].split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            schema = schema.get(name) if isinstance(schema, Mapping) else None
        return schema
