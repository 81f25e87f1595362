"""JSON Schemas of what all entities have in common. Source: spec/catalog.md §3.1.

They are data: `catalog.validation` compiles them, `callboard schema` writes them out for editors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]


def text(description: str | None = None, **more: Any) -> dict[str, Any]:
    """A non-empty text."""
    return {"type": "string", "minLength": 1, **_described(description), **more}


def texts(description: str | None = None, **more: Any) -> dict[str, Any]:
    """A list of non-empty texts."""
    return {"type": "array", "items": text(), **_described(description), **more}


def record(
    properties: Mapping[str, Schema], *, required: tuple[str, ...] = (), description: str | None = None, **more: Any
) -> dict[str, Any]:
    """An object; members that are not named may be anything."""
    wanted = {"required": list(required)} if required else {}
    return {"type": "object", **_described(description), **wanted, "properties": dict(properties), **more}


def _described(description: str | None) -> dict[str, str]:
    return {"description": description} if description else {}


def _string_map(description: str) -> dict[str, Any]:
    return {"type": "object", "description": description, "additionalProperties": {"type": "string"}}


API_VERSION: Final = text("The format that this entity is written in, such as backstage.io/v1alpha1.")
KIND: Final = text("What sort of thing the entity describes, such as Component.")
NAME: Final = text(
    "The entity's name, unique for its kind and namespace: 1 to 63 of a-z, A-Z, 0-9, '-', '_' and '.', with a letter "
    "or digit at both ends."
)
NAMESPACE: Final = text(
    "The namespace the entity belongs to: 1 to 63 of a-z, 0-9 and '-', with a letter or digit at both ends.",
    default="default",
)

ENVELOPE: Final = record(
    {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": record({"name": NAME, "namespace": NAMESPACE}, required=("name",)),
    },
    required=("apiVersion", "kind", "metadata"),
)
"""As much as it takes to give an entity a ref."""

LINK: Final = record(
    {
        "url": text("An absolute URL."),
        "title": text("What to show instead of the URL."),
        "icon": text("The key of an icon of the user interface."),
        "type": text("A word to group links by."),
    },
    required=("url",),
)

METADATA: Final = record(
    {
        "uid": text("Given by the catalog; what stands in a descriptor is overwritten."),
        "etag": text("Changes with every change of the entity; given by the catalog unless written here."),
        "name": NAME,
        "namespace": NAMESPACE,
        "title": text("What to show instead of the name."),
        "description": {"type": "string", "description": "A short text about the entity."},
        "labels": _string_map("Values to select entities by."),
        "annotations": _string_map("Values that tools attach to entities."),
        "tags": texts("Single words, such as java: 1 to 63 of a-z, 0-9, ':', '+', '#', and '-' between them."),
        "links": {"type": "array", "items": LINK, "description": "Where to read more."},
    },
    required=("name",),
    description="Who the entity is, for all kinds alike.",
)

RELATION: Final = record(
    {"type": text(), "target": {"type": "object"}, "targetRef": text()},
    required=("type", "targetRef"),
    additionalProperties=False,
)

STATUS: Final = record(
    {
        "items": {
            "type": "array",
            "items": record(
                {
                    "type": text(),
                    "level": {"type": "string", "enum": ["info", "warning", "error"]},
                    "message": {"type": "string"},
                    "error": record({"name": text(), "message": {"type": "string"}}, required=("name", "message")),
                },
                required=("type", "level", "message"),
            ),
        }
    }
)

ENTITY: Final = record(
    {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": METADATA,
        "spec": {"type": "object", "description": "What is particular to the kind."},
        "relations": {"type": "array", "items": RELATION},
        "status": STATUS,
    },
    required=("apiVersion", "kind", "metadata"),
    additionalProperties=False,
)
"""What a stored entity may look like; descriptors may not have relations and status."""
