"""The catalog behind the actions: its ports, with the initiator's permissions applied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import orjson

from app.errors import NotAllowedError
from app.interfaces import Decision, Json, Permission, Permissions, Principal
from catalog.interfaces import EntitiesCatalog, Locations, LocationSpec

_READ: Final = Permission("catalog.entity.read", "read", "catalog-entity")
_CREATE_LOCATION: Final = Permission("catalog.location.create", "create")
PLUGIN: Final = "catalog"


class PermittedCatalog:
    """See `CatalogAccess`. The ports are looked up when first used: the catalog may register after us."""

    def __init__(
        self,
        entities: Callable[[], EntitiesCatalog],
        locations: Callable[[], Locations],
        permissions: Permissions,
    ) -> None:
        self._entities = entities
        self._locations = locations
        self._permissions = permissions

    async def entities(self, refs: Sequence[str], caller: Principal) -> list[Json | None]:
        """See `CatalogAccess.entities`."""
        decision: Decision = await self._permissions.decide(_READ, caller, plugin=PLUGIN)
        if decision.result == "DENY":
            return [None] * len(refs)
        found = [
            None if document is None else orjson.loads(document) for document in await self._entities().by_refs(refs)
        ]
        if decision.conditions is None:
            return found
        conditions = decision.conditions
        return [
            entity if entity is not None and self._permissions.holds(conditions, entity) else None for entity in found
        ]

    async def register(self, target: str, caller: Principal) -> list[Json]:
        """See `CatalogAccess.register`."""
        await self._check(caller)
        await self._locations().create(location_of(target), on_conflict=None, actor=caller)
        return await self.found_at(target, caller)

    async def found_at(self, target: str, caller: Principal) -> list[Json]:
        """See `CatalogAccess.found_at`."""
        await self._check(caller)
        _, _, entities = await self._locations().dry_run(location_of(target))
        return [dict(entity) for entity in entities]

    async def _check(self, caller: Principal) -> None:
        if not await self._permissions.check(_CREATE_LOCATION, caller, plugin=PLUGIN):
            raise NotAllowedError("")


def location_of(target: str) -> LocationSpec:
    """What a target stands for: a URL, or with `git:` before it a file of any git remote, which is additive."""
    if target.startswith("git:"):
        return LocationSpec("git", target.removeprefix("git:"))
    return LocationSpec("url", target)
