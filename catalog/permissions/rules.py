"""The rules a policy's conditions may use: each decides for one loaded entity. Source: spec/catalog.md §7.2.

`catalog.permissions.conditions` gives the same rules as predicates over all entities.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.interfaces import PermissionRule
from catalog.interfaces import Entity
from catalog.permissions.permissions import CATALOG_ENTITY
from catalog.stitching.terms import terms_of

Params = Mapping[str, Any]
SCHEMA: Final = "http://json-schema.org/draft-07/schema#"


def _texts(required: str, described: str, *, value: str | None = None) -> dict[str, Any]:
    properties: dict[str, Any] = {required: {"type": "string", "description": described}}
    if value is not None:
        properties["value"] = {"type": "string", "description": value}
    return _schema(properties, required)


def _list(required: str, described: str) -> dict[str, Any]:
    return _schema({required: {"type": "array", "items": {"type": "string"}, "description": described}}, required)


def _schema(properties: dict[str, Any], required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [required],
        "additionalProperties": False,
        "$schema": SCHEMA,
    }


def _has_entry(entity: Entity, field: str, key: str, value: str | None) -> bool:
    """Whether a map of metadata has the key, in any case, with the value, if one is given."""
    found = (entity.get("metadata") or {}).get(field)
    if not isinstance(found, Mapping):
        return False
    wanted, text = key.lower(), None if value is None else value.lower()
    return any(name.lower() == wanted and text in (None, str(held).lower()) for name, held in found.items())


def _has_annotation(entity: Entity, params: Params) -> bool:
    return _has_entry(entity, "annotations", params["annotation"], params.get("value"))


def _has_label(entity: Entity, params: Params) -> bool:
    return _has_entry(entity, "labels", params["label"], params.get("value"))


def _has_term(entity: Entity, path: str, value: str | None) -> bool:
    """Whether the entity can be found by the path, and by the value there, if one is given."""
    wanted, text = path.lower(), None if value is None else value.lower()
    return any(term.key == wanted and text in (None, term.value) for term in terms_of(entity))


def _has_metadata(entity: Entity, params: Params) -> bool:
    return _has_term(entity, f"metadata.{params['key']}", params.get("value"))


def _has_spec(entity: Entity, params: Params) -> bool:
    return _has_term(entity, f"spec.{params['key']}", params.get("value"))


def _is_kind(entity: Entity, params: Params) -> bool:
    return str(entity["kind"]).lower() in {kind.lower() for kind in params["kinds"]}


def _is_owner(entity: Entity, params: Params) -> bool:
    claims = set(params["claims"])
    return any(
        relation["type"] == "ownedBy" and relation["targetRef"] in claims for relation in entity.get("relations") or ()
    )


RULES: Final = (
    PermissionRule(
        "HAS_ANNOTATION",
        "Allow entities with the specified annotation",
        CATALOG_ENTITY,
        _texts("annotation", "Name of the annotation to match on", value="Value of the annotation to match on"),
        _has_annotation,
    ),
    PermissionRule(
        "HAS_LABEL",
        "Allow entities with the specified label",
        CATALOG_ENTITY,
        _texts("label", "Name of the label to match on", value="Value of the label to match on"),
        _has_label,
    ),
    PermissionRule(
        "HAS_METADATA",
        "Allow entities with the specified metadata subfield",
        CATALOG_ENTITY,
        _texts("key", "Property within the entity's metadata to match on", value="Value of that property"),
        _has_metadata,
    ),
    PermissionRule(
        "HAS_SPEC",
        "Allow entities with the specified spec subfield",
        CATALOG_ENTITY,
        _texts("key", "Property within the entity's spec to match on", value="Value of that property"),
        _has_spec,
    ),
    PermissionRule(
        "IS_ENTITY_KIND",
        "Allow entities matching a specified kind",
        CATALOG_ENTITY,
        _list("kinds", "List of kinds to match at least one of"),
        _is_kind,
    ),
    PermissionRule(
        "IS_ENTITY_OWNER",
        "Allow entities owned by a specified claim",
        CATALOG_ENTITY,
        _list("claims", "List of claims to match at least one of within ownedBy"),
        _is_owner,
    ),
)
