"""The kind Template: its schema, its owner, and the processor that brings both into the catalog.

Source: spec/scaffolder.md §2, spec/catalog.md §3.3.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from catalog.interfaces import CatalogProcessor, Emit, Entity, LocationSpec, ProcessorCache, Relation
from catalog.model.kinds import Kind
from catalog.model.relations import OWNED_BY, OWNER_OF, Reference, relations_of
from catalog.model.schema import record, text
from catalog.validation.kinds import KindValidator

API_VERSION: Final = "scaffolder.backstage.io/v1beta3"


def _string() -> dict[str, Any]:
    return {"type": "string"}


def _records(properties: dict[str, Any], description: str, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": record(properties, **more), "description": description}


_TAGS = record({"tags": {"type": "array", "items": _string()}}, description="Tags that permission rules look at.")
_PAGE = record({"backstage:permissions": _TAGS}, description="A page of the form, as a JSON Schema.")
_IF = {"type": ["string", "boolean"], "description": "Left out when this is false or renders to nothing."}
_DECORATORS = _records({"id": _string(), "input": {"type": "object"}}, "What the form's values pass through.")

TEMPLATE: Final = Kind(
    "Template",
    (API_VERSION,),
    record(
        {
            "type": text("What sort of thing the template makes."),
            "owner": text("Ref of the group or user that owns it; of a group unless it says otherwise."),
            "lifecycle": text("How far it has come."),
            "parameters": {
                "description": "The form: one page, or a list of pages, each a JSON Schema.",
                "oneOf": [_PAGE, {"type": "array", "items": _PAGE}],
            },
            "secrets": record({"schema": {"type": "object"}}, description="What secrets a task needs."),
            "presentation": record(
                {
                    "buttonLabels": record(
                        {"backButtonText": _string(), "createButtonText": _string(), "reviewButtonText": _string()}
                    )
                },
                description="How the form looks.",
            ),
            "EXPERIMENTAL_recovery": record({"EXPERIMENTAL_strategy": _string()}),
            "formDecorators": _DECORATORS,
            "EXPERIMENTAL_formDecorators": {**_DECORATORS, "deprecated": True},
            "steps": _records(
                {
                    "id": _string(),
                    "name": _string(),
                    "action": {"type": "string", "description": "The id of the action."},
                    "input": {"type": "object", "description": "What the action is given."},
                    "if": {"type": ["string", "boolean"], "description": "The step is skipped when this is false."},
                    "backstage:permissions": _TAGS,
                },
                "What is done, in this order.",
                required=("action",),
            ),
            "output": record(
                {
                    "links": _records(
                        {"if": _IF, "url": text(), "entityRef": text(), "title": text(), "icon": text()},
                        "Links to what was made.",
                    ),
                    "text": _records(
                        {"if": _IF, "title": text(), "icon": text(), "content": _string()}, "Texts to show at the end."
                    ),
                },
                description="What a finished task shows.",
                additionalProperties=_string(),
            ),
        },
        required=("type", "steps"),
    ),
    "A form and the steps that its answers go through.",
    (Reference("owner", "Group", OWNED_BY, OWNER_OF),),
)


class ScaffolderEntitiesProcessor(CatalogProcessor):
    """Validates templates and says who owns them."""

    name: ClassVar[str] = "ScaffolderEntitiesProcessor"
    portable = True

    def __init__(self) -> None:
        self._validator = KindValidator([TEMPLATE])

    async def validate_entity_kind(self, entity: Entity) -> bool:
        return self._validator.recognizes(entity)

    async def post_process(self, entity: Entity, location: LocationSpec, emit: Emit, cache: ProcessorCache) -> Entity:
        if entity["kind"] == TEMPLATE.name and entity["apiVersion"] == API_VERSION:
            for source, kind, target in relations_of(entity, TEMPLATE.references):
                emit.relation(Relation(source, kind, target))
        return entity
