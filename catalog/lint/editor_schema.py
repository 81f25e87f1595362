"""One JSON Schema of all kinds, for editors that complete and check while one types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from catalog.model.kinds import Kind
from catalog.model.schema import API_VERSION, KIND, METADATA

Schema = dict[str, Any]

_NAME = r"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"
_LABEL = r"^[a-z0-9]+(?:-+[a-z0-9]+)*$"
_TAG = r"^[a-z0-9:+#]+(-[a-z0-9:+#]+)*$"

_PLACEHOLDER: Schema = {
    "type": "object",
    "description": "Read from a file or URL when the entity is processed.",
    "minProperties": 1,
    "maxProperties": 1,
    "properties": {name: {"type": "string"} for name in ("$text", "$json", "$yaml", "$openapi", "$asyncapi")},
    "additionalProperties": False,
}


def editor_schema(kinds: Iterable[Kind]) -> Schema:
    """A draft-07 schema: what all entities share, and for each kind and API version what its `spec` holds."""
    kinds = list(kinds)
    versions = sorted({version for kind in kinds for version in kind.api_versions})
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Catalog entity",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": False,
        "properties": {
            "apiVersion": {**API_VERSION, "enum": versions},
            "kind": {**KIND, "enum": sorted({kind.name for kind in kinds})},
            "metadata": _metadata(),
            "spec": {"type": "object"},
        },
        "allOf": [_of_kind(kind) for kind in kinds],
    }


def _of_kind(kind: Kind) -> Schema:
    return {
        "if": {
            "required": ["apiVersion", "kind"],
            "properties": {"apiVersion": {"enum": list(kind.api_versions)}, "kind": {"const": kind.name}},
        },
        "then": {"properties": {"spec": {"description": kind.description, **_spec(kind)}}},
    }


def _spec(kind: Kind) -> Schema:
    general = _with_placeholders(kind.spec)
    if not kind.variants:
        return general
    special: Schema = {"properties": {"type": {"enum": sorted(kind.variants)}}, "required": ["type"]}
    return {
        "allOf": [
            {"if": special, "else": general},
            *(
                {
                    "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                    "then": _with_placeholders(spec),
                }
                for name, spec in kind.variants.items()
            ),
        ]
    }


def _metadata() -> Schema:
    """With the formats that the server checks beside the schema."""
    properties: Schema = dict(METADATA["properties"])
    properties["name"] = {**properties["name"], "pattern": _NAME, "maxLength": 63}
    properties["namespace"] = {**properties["namespace"], "pattern": _LABEL, "maxLength": 63}
    tags = properties["tags"]
    properties["tags"] = {**tags, "items": {**tags["items"], "pattern": _TAG, "maxLength": 63}}
    for given in ("uid", "etag"):
        properties.pop(given)
    return {**METADATA, "properties": properties}


def _with_placeholders(schema: Mapping[str, Any]) -> Schema:
    """A definition is nearly always read from a file."""
    properties = {
        name: {"anyOf": [member, _PLACEHOLDER]} if name == "definition" else member
        for name, member in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties}
