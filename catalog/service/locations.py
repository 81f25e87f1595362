"""Registered locations, as callers may read and change them. Source: spec/catalog.md §1.4, §2.4, §7.5."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from app.errors import InputError, NotAllowedError, NotFoundError
from app.interfaces import Database, Principal
from catalog.interfaces import EntitiesCatalog, Entity, Locations, LocationSpec, Query, RegisteredLocation
from catalog.model.well_known import is_script_url
from catalog.permissions import permissions
from catalog.service import audit
from catalog.service.authorized import Gate
from catalog.service.location_query import location_test
from catalog.store.texts import storable

DEFAULT_LIMIT: Final = 1000
LARGEST: Final = 2**53
BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class LocationPage:
    items: Sequence[RegisteredLocation]
    total: int
    next_cursor: str | None = None


NO_LOCATIONS: Final = LocationPage((), 0)


class AuthorizedLocations:
    def __init__(
        self, gate: Gate, locations: Locations, entities: EntitiesCatalog, database: Database, *, readonly: bool
    ) -> None:
        self._gate = gate
        self._locations = locations
        self._entities = entities
        self._database = database
        self._readonly = readonly

    async def list(self, caller: Principal) -> Sequence[RegisteredLocation]:
        audit.fetched("location-fetch", caller, queryType="all")
        if not await self._gate.allows(permissions.LOCATION_READ, caller):
            return ()
        return await self._locations.list()

    async def get(self, location_id: str, caller: Principal) -> RegisteredLocation:
        """Raises NotFoundError, also for a caller who may not read locations."""
        audit.fetched("location-fetch", caller, queryType="by-id", id=location_id)
        if not await self._gate.allows(permissions.LOCATION_READ, caller):
            raise NotFoundError(f"Found no location with ID {location_id}")
        return await self._locations.get(storable(location_id))

    async def by_entity(self, ref: str, caller: Principal) -> RegisteredLocation:
        """The registered location that the entity originates from. Raises NotFoundError."""
        audit.fetched("location-fetch", caller, queryType="by-entity", entityRef=ref)
        if not await self._gate.allows(permissions.LOCATION_READ, caller):
            raise NotFoundError()
        document = (await self._entities.by_refs([ref]))[0]
        if document is None:
            raise NotFoundError(f"found no entity for ref {ref}")
        return await self._locations.by_entity(orjson.loads(document))

    async def create(
        self, spec: LocationSpec, on_conflict: Literal["refresh", "reject"] | None, caller: Principal
    ) -> RegisteredLocation:
        with audit.changing("location-mutate", caller, actionType="create", location=str(spec)):
            self._refuse_readonly()
            await self._gate.require(permissions.LOCATION_CREATE, caller)
            check_target(spec)
            return await self._locations.create(spec, on_conflict=on_conflict, actor=caller)

    async def dry_run(self, spec: LocationSpec, caller: Principal) -> tuple[bool, RegisteredLocation, Sequence[Entity]]:
        """Whether it is registered, what it would be, and the entities it would bring. Stores nothing."""
        with audit.changing("location-mutate", caller, actionType="create", isDryRun=True, location=str(spec)):
            await self._gate.require(permissions.LOCATION_CREATE, caller)
            check_target(spec)
            return await self._locations.dry_run(spec)

    async def update(self, location_id: str, spec: LocationSpec, caller: Principal) -> RegisteredLocation:
        with audit.changing("location-mutate", caller, actionType="update", id=location_id, location=str(spec)):
            self._refuse_readonly()
            await self._gate.require(permissions.LOCATION_CREATE, caller)
            check_target(spec)
            return await self._locations.update(storable(location_id), spec, actor=caller)

    async def delete(self, location_id: str, caller: Principal) -> None:
        with audit.changing("location-mutate", caller, actionType="delete", id=location_id):
            self._refuse_readonly()
            await self._gate.require(permissions.LOCATION_DELETE, caller)
            await self._locations.delete(storable(location_id), actor=caller)

    async def page(self, request: dict[str, Any], caller: Principal) -> LocationPage:
        """Locations by ascending id. A cursor brings its own limit and query."""
        audit.fetched("location-fetch", caller, queryType="by-query")
        if "cursor" in request:
            limit, after, query = _decoded(request["cursor"])
        else:
            limit, after, query = _limit(request.get("limit", DEFAULT_LIMIT)), "", request.get("query")
        matches = location_test(query) if query else None
        if not await self._gate.allows(permissions.LOCATION_READ, caller):
            return NO_LOCATIONS
        # What matches is decided here, since the two databases fold case differently; rows are read in batches.
        items: list[RegisteredLocation] = []
        total = 0
        async for rows in self._database.stream(
            "SELECT id, type, target, entity_ref FROM catalog_location ORDER BY id", batch=BATCH
        ):
            for row in rows:
                location = RegisteredLocation(*row)
                if matches is None or matches(location):
                    total += 1
                    if location.id > after and len(items) <= limit:
                        items.append(location)
        if len(items) <= limit:
            return LocationPage(items, total)
        return LocationPage(items[:limit], total, _encoded(limit, items[limit - 1].id, query))

    def _refuse_readonly(self) -> None:
        if self._readonly:
            raise NotAllowedError("This operation not allowed in readonly mode")


def check_target(spec: LocationSpec) -> None:
    """Raises InputError for a target that could never be read and would do harm where it is shown."""
    if "\0" in spec.type or "\0" in spec.target:
        raise InputError("A location must not contain NUL characters")
    if not spec.target.strip():
        raise InputError("The location target must not be empty")
    if is_script_url(spec.target):
        raise InputError("The location target must not be a javascript: URL")


def _limit(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int | float) or given < 1 or given != int(given):
        raise InputError("Limit must be a positive integer >= 1")
    return min(int(given), LARGEST)


def _encoded(limit: int, after: str, query: Query | None) -> str:
    wire: dict[str, Any] = {"limit": limit, "afterId": after}
    if query is not None:
        wire["query"] = query
    return b64encode(orjson.dumps(wire)).decode()


def _decoded(cursor: str) -> tuple[int, str, Query | None]:
    if not cursor:
        raise InputError("Cursor cannot be empty")
    try:
        wire = orjson.loads(b64decode(cursor))
    except (ValueError, binascii.Error) as error:
        raise InputError(f"Malformed cursor: {error}") from None
    if not isinstance(wire, dict) or not isinstance(wire.get("afterId"), str):
        raise InputError("Malformed cursor: expected limit and afterId")
    query = wire.get("query")
    if query is not None and not isinstance(query, dict):
        raise InputError("Malformed cursor: query must be an object")
    return _limit(wire.get("limit")), wire["afterId"], query
