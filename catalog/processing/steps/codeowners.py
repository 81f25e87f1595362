"""The owner of last resort: whom CODEOWNERS names for a descriptor without one. Off unless configured. Source: §4.5."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, ClassVar

from app.errors import CallboardError, NotFoundError
from app.interfaces import Reading
from catalog.interfaces import CatalogProcessor, Emit, Entity, LocationSpec, ProcessorCache
from catalog.model.codeowners import codeowner_for

KINDS = frozenset({"API", "Component", "Domain", "Resource", "System"})
PLACES = ("/CODEOWNERS", "/.github/CODEOWNERS", "/.gitlab/CODEOWNERS", "/.bitbucket/CODEOWNERS", "/docs/CODEOWNERS")
REMEMBER_S = 60.0
"""One look serves all entities of a repository that are processed together."""
MAX_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class _Found:
    text: str | None
    at: float


class CodeOwnersProcessor(CatalogProcessor):
    """Fills in `spec.owner`. Without a CODEOWNERS that can be read, things are left as they are."""

    name: ClassVar[str] = "CodeOwnersProcessor"
    reads_outside: ClassVar[bool] = True

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._remembered: OrderedDict[str, _Found] = OrderedDict()

    async def pre_process(
        self, entity: Entity, location: LocationSpec, emit: Emit, origin: LocationSpec, cache: ProcessorCache
    ) -> Entity:
        spec = entity.get("spec")
        if entity["kind"] not in KINDS or location.type != "url" or not isinstance(spec, dict) or spec.get("owner"):
            return entity
        owner = await self._owner(location.target)
        cache.set("owner", owner)
        return entity if owner is None else {**entity, "spec": {**spec, "owner": owner}}

    async def unchanged(self, doing: str, state: dict[str, Any]) -> bool:
        """Whom it names may have changed in any commit: a pass finds out, and writes nothing if not."""
        return False

    async def _owner(self, target: str) -> str | None:
        integration = self._reading.integration_for(target)
        file = integration.repository(target) if integration else None
        if file is None:
            return None
        text = await self._text(f"{file.host}/{file.slug}@{file.ref}", target)
        return None if text is None else codeowner_for(text, file.path or "")

    async def _text(self, repository: str, target: str) -> str | None:
        now = time.monotonic()
        found = self._remembered.get(repository)
        if found is None or now - found.at > REMEMBER_S:
            found = self._remembered[repository] = _Found(await self._read(target), now)
            self._remembered.move_to_end(repository)
            while len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return found.text

    async def _read(self, target: str) -> str | None:
        for place in PLACES:
            url = self._reading.resolve_url(place, target)
            try:
                response = await self._reading.reader_for(url).read_url(url)
            except NotFoundError:
                continue
            except CallboardError:
                return None
            return response.content.decode("utf-8", "replace")
        return None
