"""`catalog:write`. Source: spec/scaffolder.md §5.2."""

from __future__ import annotations

import asyncio

from app.errors import InputError
from scaffolder.actions.example_steps import example
from scaffolder.actions.folders import workspace_of
from scaffolder.actions.schemas import RECORD, STRING, described, record
from scaffolder.actions.yaml_text import yaml_text
from scaffolder.interfaces import Action, ActionContext

SOURCE_TEMPLATE = "backstage.io/source-template"


class CatalogWrite(Action):
    """Writes an entity's descriptor, noting the template it came from."""

    id = "catalog:write"
    description = "Writes the catalog-info.yaml for your template"
    supports_dry_run = True
    idempotent = True
    examples = (
        example(
            "catalog:write",
            "Write a catalog yaml file",
            entity={
                "apiVersion": "backstage.io/v1alpha1",
                "kind": "Component",
                "metadata": {"name": "test", "annotations": {}},
                "spec": {"type": "service", "lifecycle": "production", "owner": "default/owner"},
            },
        ),
    )
    input_schema = record(
        {
            "filePath": described(STRING, "Defaults to catalog-info.yaml"),
            "entity": described(RECORD, "You can provide the same values used in the Entity schema."),
        },
        ["entity"],
    )

    async def run(self, context: ActionContext) -> None:
        path = context.input.get("filePath") or "catalog-info.yaml"
        entity = dict(context.input["entity"])
        await context.log.info(f"Writing {path}")
        workspace = workspace_of(context)
        target = workspace.relative(path)
        if context.template.entity_ref:
            metadata = entity.get("metadata")
            if not isinstance(metadata, dict) or not isinstance(metadata.get("annotations") or {}, dict):
                raise InputError("The entity has to have metadata, and its annotations have to be an object")
            annotations = {**(metadata.get("annotations") or {}), SOURCE_TEMPLATE: context.template.entity_ref}
            entity["metadata"] = {**metadata, "annotations": annotations}
        await asyncio.to_thread(workspace.write, target, yaml_text(entity).encode("utf-8", "replace"))
