"""Says which repository an entity comes from, as frontend plugins want to know it."""

from __future__ import annotations

from typing import ClassVar

from app.interfaces import Reading
from catalog.interfaces import CatalogProcessor, Emit, Entity, LocationSpec, ProcessorCache
from plugins.github.processors.settings import SlugSettings

PROJECT_SLUG = "github.com/project-slug"


def repository_at(reading: Reading, location: LocationSpec) -> tuple[str, str, str] | None:
    """Host, owner and name of the GitHub repository that a location is in; None for one elsewhere."""
    integration = reading.integration_for(location.target) if location.type == "url" else None
    if integration is None or integration.type != "github":
        return None
    file = integration.repository(location.target)
    return (file.host, file.owner, file.name) if file is not None else None


class GithubProjectSlugProcessor(CatalogProcessor):
    """As the reference's AnnotateScmSlugEntityProcessor does for GitHub. What an entity says itself stays."""

    name: ClassVar[str] = "GithubProjectSlugProcessor"

    def __init__(self, reading: Reading, settings: SlugSettings) -> None:
        self._reading = reading
        self._kinds = {kind.lower() for kind in settings.kinds}

    async def pre_process(
        self, entity: Entity, location: LocationSpec, emit: Emit, origin: LocationSpec, cache: ProcessorCache
    ) -> Entity:
        annotations = entity["metadata"].get("annotations") or {}
        if entity["kind"].lower() not in self._kinds or PROJECT_SLUG in annotations:
            return entity
        found = repository_at(self._reading, location)
        if found is None:
            return entity
        _, owner, name = found
        slug = {**annotations, PROJECT_SLUG: f"{owner}/{name}"}
        return {**entity, "metadata": {**entity["metadata"], "annotations": slug}}
