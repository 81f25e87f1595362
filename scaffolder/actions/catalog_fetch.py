"""`catalog:fetch`. Source: spec/scaffolder.md §5.2."""

from __future__ import annotations

from app.errors import CallboardError
from app.interfaces import Json
from catalog.model.refs import parse_ref
from scaffolder.actions.catalog_ports import CatalogAccess
from scaffolder.actions.example_steps import example
from scaffolder.actions.schemas import ANY, BOOLEAN, STRING, described, listed, record
from scaffolder.interfaces import Action, ActionContext


class CatalogFetch(Action):
    """Gives entities of the catalog as outputs."""

    id = "catalog:fetch"
    description = "Returns entity or entities from the catalog by entity reference(s)"
    supports_dry_run = True
    idempotent = True
    examples = (
        example("catalog:fetch", "Fetch entity by reference", entityRef="component:default/name"),
        example("catalog:fetch", "Fetch multiple entities", entityRefs=["component:default/name"], optional=True),
    )
    input_schema = record(
        {
            "entityRef": described(STRING, "Entity reference of the entity to get"),
            "entityRefs": described(listed(STRING), "Entity references of the entities to get"),
            "optional": described(BOOLEAN, "Allow the entity or entities to optionally exist. Default: false"),
            "defaultKind": described(STRING, "The default kind"),
            "defaultNamespace": described(STRING, "The default namespace"),
        }
    )
    output_schema = record({"entity": ANY, "entities": listed()})

    def __init__(self, catalog: CatalogAccess) -> None:
        self._catalog = catalog

    async def run(self, context: ActionContext) -> None:
        given = context.input
        one, many, optional = given.get("entityRef"), given.get("entityRefs"), bool(given.get("optional"))
        if not one and not many:
            if optional:
                return
            raise CallboardError("Missing entity reference or references")
        if one:
            context.output("entity", (await self._found(context, [one], optional))[0])
        if many:
            context.output("entities", await self._found(context, many, optional))

    async def _found(self, context: ActionContext, refs: list[str], optional: bool) -> list[Json | None]:
        given = context.input
        wanted = [
            str(parse_ref(ref, default_kind=given.get("defaultKind"), default_namespace=given.get("defaultNamespace")))
            for ref in refs
        ]
        found = await self._catalog.entities(wanted, context.initiator)
        for ref, entity in zip(refs, found, strict=True):
            if entity is None and not optional:
                raise CallboardError(f"Entity {ref} not found")
        return found
