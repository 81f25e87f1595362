"""Says on each entity where it was read, and where it can be seen and edited. Source: spec/catalog.md §4.5."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from catalog.interfaces import CatalogProcessor, Emit, Entity, LocationSpec, ProcessorCache
from catalog.model.well_known import EDIT_URL, LOCATION, ORIGIN_LOCATION, SOURCE_LOCATION, VIEW_URL

if TYPE_CHECKING:
    from app.interfaces import Reading

_COMMIT = re.compile(r"\b[0-9a-f]{40,}\b", re.ASCII)


class AnnotateLocationEntityProcessor(CatalogProcessor):
    """What the entity says itself stands."""

    name: ClassVar[str] = "AnnotateLocationEntityProcessor"
    portable = True
    """As long as it is told the annotations."""

    def __init__(self, reading: Reading | None = None) -> None:
        self._reading = reading
        # Entities of one file share these.
        self.annotations: Callable[[LocationSpec], dict[str, str]] = lru_cache(maxsize=4096)(self._read_at)

    async def pre_process(
        self, entity: Entity, location: LocationSpec, emit: Emit, origin: LocationSpec, cache: ProcessorCache
    ) -> Entity:
        annotations = self.annotations(location)
        metadata = entity["metadata"]
        own = metadata.get("annotations", {})
        if not isinstance(own, dict):
            return entity
        merged = {**annotations, ORIGIN_LOCATION: str(origin), **own}
        return entity if merged == own else {**entity, "metadata": {**metadata, "annotations": merged}}

    def _read_at(self, location: LocationSpec) -> dict[str, str]:
        target = location.target
        annotations = {LOCATION: str(location)}
        if location.type != "url" or self._reading is None:
            return annotations
        annotations[VIEW_URL] = target
        if not _COMMIT.search(target) and (edit := self._reading.resolve_edit_url(target)):
            annotations[EDIT_URL] = edit
        if self._reading.integration_for(target) is not None:
            annotations[SOURCE_LOCATION] = f"url:{self._reading.resolve_url('./', target)}"
        return annotations
