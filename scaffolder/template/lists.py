"""Steps and pages that several templates share: a list within a list of them is taken for its members.

`steps: [{$yaml: ../shared/publish.yaml}]` may point to one step or to a list of them: placeholders put the list where
they stand. Everybody who reads the template finds one plain list, as the reference has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from catalog.interfaces import CatalogProcessor, Emit, Entity, LocationSpec, ProcessorCache
from scaffolder.template.kind import API_VERSION, TEMPLATE

Json = Any
Path = tuple[str | int, ...]
LISTS: Final = ("parameters", "steps")
"""The lists of a template's spec that may hold others."""
MAX_DEPTH: Final = 10
"""Lists within lists; deeper ones stay as they are, and are refused by the kind's schema."""


def flat_members(items: list[Json], path: Path = (), depth: int = 0) -> Iterator[tuple[Path, Json]]:
    """The members of a list and of the lists in it, each with where it stands."""
    for index, item in enumerate(items):
        if isinstance(item, list) and depth < MAX_DEPTH:
            yield from flat_members(item, (*path, index), depth + 1)
        else:
            yield (*path, index), item


def with_flat_lists(template: Entity) -> Entity:
    """The template with plain lists; itself where it has none but those."""
    spec = template.get("spec")
    if not isinstance(spec, Mapping):
        return template
    flat = {
        name: [item for _, item in flat_members(spec[name])]
        for name in LISTS
        if isinstance(spec.get(name), list) and any(isinstance(item, list) for item in spec[name])
    }
    return {**template, "spec": {**spec, **flat}} if flat else template


class TemplateListsProcessor(CatalogProcessor):
    """Runs once placeholders are replaced, and before the kind is checked."""

    name: ClassVar[str] = "TemplateListsProcessor"
    priority = 30
    portable = True

    async def pre_process(
        self, entity: Entity, location: LocationSpec, emit: Emit, origin: LocationSpec, cache: ProcessorCache
    ) -> Entity:
        if entity["kind"] != TEMPLATE.name or entity["apiVersion"] != API_VERSION:
            return entity
        return with_flat_lists(entity)
