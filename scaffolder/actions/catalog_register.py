"""`catalog:register`. Source: spec/scaffolder.md §5.2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import CallboardError, InputError
from app.interfaces import Json, Reading
from catalog.model.refs import canonical
from scaffolder.actions.catalog_ports import CatalogAccess
from scaffolder.actions.example_steps import example
from scaffolder.actions.schemas import BOOLEAN, STRING, closed, described, whole
from scaffolder.interfaces import Action, ActionContext

_OPTIONAL = described(BOOLEAN, "Permit the registered location to optionally exist. Default: false")


class CatalogRegister(Action):
    """Registers a descriptor's URL as a location."""

    id = "catalog:register"
    description = "Registers entities from a catalog descriptor file in the workspace into the software catalog."
    examples = (
        example(
            "catalog:register",
            "Register with the catalog",
            catalogInfoUrl="http://github.com/backstage/backstage/blob/master/catalog-info.yaml",
        ),
        example(
            "catalog:register",
            "Register what was just published",
            repoContentsUrl="${{ steps.publish.output.repoContentsUrl }}",
            catalogInfoPath="/catalog-info.yaml",
        ),
    )
    input_schema = whole(
        {
            "anyOf": [
                closed(
                    {
                        "catalogInfoUrl": described(
                            STRING, "An absolute URL pointing to the catalog info file location"
                        ),
                        "optional": _OPTIONAL,
                    },
                    ["catalogInfoUrl"],
                ),
                closed(
                    {
                        "repoContentsUrl": described(
                            STRING, "An absolute URL pointing to the root of a repository directory tree"
                        ),
                        "catalogInfoPath": described(
                            STRING, "A relative path from the repo root pointing to the catalog info file"
                        ),
                        "optional": _OPTIONAL,
                    },
                    ["repoContentsUrl"],
                ),
            ]
        }
    )

    def __init__(self, catalog: CatalogAccess, reading: Reading) -> None:
        self._catalog = catalog
        self._reading = reading

    async def run(self, context: ActionContext) -> None:
        given = context.input
        target, optional = self._target(given), bool(given.get("optional"))
        await context.log.info(f"Registering {target} in the catalog")

        async def register() -> list[Json]:
            return await self._catalog.register(target, context.initiator)

        try:
            # Stored once done: a task that goes on after a crash must not meet its own location as a conflict.
            entities = await context.checkpoint(f"create.location.{target}", register)
        except CallboardError:
            if not optional:
                raise
            entities = await self._what_is_there(target, context)
        chosen = main_entity(entities)
        if chosen is not None:
            metadata = chosen["metadata"]
            ref = canonical(chosen["kind"], metadata.get("namespace") or "default", metadata["name"])
            context.output("entityRef", ref)
        context.output("catalogInfoUrl", target)

    async def _what_is_there(self, target: str, context: ActionContext) -> list[Json]:
        try:
            return await self._catalog.found_at(target, context.initiator)
        except CallboardError:
            return []

    def _target(self, given: Mapping[str, Any]) -> str:
        if "catalogInfoUrl" in given:
            return str(given["catalogInfoUrl"])
        contents = given["repoContentsUrl"]
        integration = self._reading.integration_for(contents)
        if integration is None:
            raise InputError(f"No integration found for host {contents}")
        return integration.resolve_url(given.get("catalogInfoPath") or "/catalog-info.yaml", contents)


def main_entity(entities: Sequence[Json]) -> Json | None:
    """What the registration was about: the first Component that is not generated, else what else is not, else any."""
    written = [one for one in entities if not one["metadata"]["name"].startswith("generated-")]
    components = [one for one in written if one.get("kind") == "Component"]
    return next(iter([*components, *written, *entities]), None)
