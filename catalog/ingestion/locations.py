"""Registered locations: rows that clients made, and the Location entities that mirror them. Source: §1.4, §4.6."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal
from uuid import uuid4

from app.errors import InputError, NotFoundError, describe
from app.interfaces import Principal
from catalog.ingestion.mutation import prepare_all
from catalog.ingestion.providers import apply_delta
from catalog.interfaces import (
    Cause,
    DeferredEntity,
    Entity,
    LocationSpec,
    RegisteredLocation,
)
from catalog.model.errors import FormError
from catalog.model.locations import location_entity, location_entity_name, parse_location_ref
from catalog.model.refs import DEFAULT_NAMESPACE, canonical, ref_of
from catalog.model.well_known import ORIGIN_LOCATION
from catalog.processing.pipeline import Pipeline
from catalog.processing.targets import GIT, is_local_remote, location_type_not_allowed
from catalog.store.locations import (
    already_exists,
    delete_location,
    find_in,
    get_in,
    insert_location,
    list_locations,
    location_at,
    location_by_id,
    move_location,
    not_found,
)
from catalog.store.unprocessed import known_by_refs, make_due
from catalog.store.writing import CatalogStore, cause_json

PROVIDER = "DefaultLocationStore"
MAX_DRY_RUN = 10_000
"""Entities that one dry run follows; beyond it the location is not something to try out."""


def entity_ref_of(spec: LocationSpec) -> str:
    return canonical("location", DEFAULT_NAMESPACE, location_entity_name(spec.type, spec.target))


def deferred(location: RegisteredLocation) -> DeferredEntity:
    """The Location entity of a registered location; it keeps its name when the target changes."""
    name = location.entity_ref.rpartition("/")[2]
    entity = location_entity(location.type, location.target, name=name)
    return DeferredEntity(entity, f"{location.type}:{location.target}")


class RegisteredLocations:
    """See `catalog.interfaces.Locations`."""

    def __init__(
        self,
        store: CatalogStore,
        pipeline: Pipeline,
        allowed_types: Collection[str],
        *,
        on_conflict: Literal["refresh", "reject"],
        is_shared: Callable[[str], bool] = lambda _target: False,
    ) -> None:
        self._is_shared = is_shared
        self._store = store
        self._pipeline = pipeline
        self._allowed_types = allowed_types
        self._on_conflict = on_conflict

    async def create(
        self, spec: LocationSpec, *, on_conflict: Literal["refresh", "reject"] | None, actor: Principal
    ) -> RegisteredLocation:
        self._check(spec)
        cause = _cause("register", spec, actor)
        async with self._store.write() as write:
            existing = await find_in(write, spec)
            if existing is not None:
                if (on_conflict or self._on_conflict) == "reject":
                    raise already_exists(spec)
                known = await known_by_refs(write, [existing.entity_ref])
                await make_due(write, [one.entity_id for one in known.values()], cause)
                return existing
            location = RegisteredLocation(str(uuid4()), spec.type, spec.target, entity_ref_of(spec))
            await insert_location(write, location)
            await apply_delta(write, PROVIDER, prepare_all([deferred(location)]), (), cause)
        return location

    async def dry_run(self, spec: LocationSpec) -> tuple[bool, RegisteredLocation, list[Entity]]:
        self._check(spec)
        exists = await location_at(self._store.database, spec) is not None
        first = location_entity(spec.type, spec.target)
        first["metadata"]["namespace"] = DEFAULT_NAMESPACE
        entities: dict[str, Entity] = {}
        pending = [DeferredEntity(first, str(spec))]
        while pending:
            done = await self._pipeline.run(pending.pop().entity)
            if not done.ok or done.entity is None:
                raise InputError(", ".join(describe(error) for error in done.errors))
            ref = ref_of(done.entity)
            if ref in entities:
                raise InputError(f"Duplicate nested entity: {ref}")
            entities[ref] = done.entity
            pending.extend(done.deferred)
            if len(entities) + len(pending) > MAX_DRY_RUN:
                raise InputError(f"The location holds more than {MAX_DRY_RUN} entities")
        row = RegisteredLocation(str(spec), spec.type, spec.target, entity_ref_of(spec))
        return exists, row, list(entities.values())

    async def list(self) -> list[RegisteredLocation]:
        return await list_locations(self._store.database)

    async def get(self, location_id: str) -> RegisteredLocation:
        location = await location_by_id(self._store.database, location_id)
        if location is None:
            raise not_found(location_id)
        return location

    async def by_entity(self, entity: Entity) -> RegisteredLocation:
        annotations = entity["metadata"].get("annotations") or {}
        origin = annotations.get(ORIGIN_LOCATION)
        if not origin:
            raise NotFoundError(f"found no origin annotation for ref {ref_of(entity)}")
        try:
            kind, target = parse_location_ref(origin)
        except FormError as error:
            raise NotFoundError(str(error)) from error
        location = await location_at(self._store.database, LocationSpec(kind, target))
        if location is None:
            raise NotFoundError(f"Found no location with type {kind} and target {target}")
        return location

    async def find(self, *, type: str, target: str) -> RegisteredLocation | None:  # noqa: A002
        return await location_at(self._store.database, LocationSpec(type, target))

    async def update(self, location_id: str, spec: LocationSpec, *, actor: Principal) -> RegisteredLocation:
        self._check(spec)
        cause = _cause("update-location", spec, actor)
        async with self._store.write() as write:
            before = await get_in(write, location_id)
            other = await find_in(write, spec)
            if other is not None and other.id != location_id:
                raise already_exists(spec)
            after = RegisteredLocation(location_id, spec.type, spec.target, before.entity_ref)
            if after != before:
                await move_location(write, location_id, spec)
                # Its entity is its own: no other key can hold it against the new one.
                await apply_delta(write, PROVIDER, prepare_all([deferred(after)]), (), cause, force=True)
        return after

    async def delete(self, location_id: str, *, actor: Principal) -> None:
        async with self._store.write() as write:
            location = await get_in(write, location_id)
            await delete_location(write, location_id)
            cause = _cause("unregister", LocationSpec(location.type, location.target), actor)
            await apply_delta(write, PROVIDER, {}, [location.entity_ref], cause)

    def _check(self, spec: LocationSpec) -> None:
        """Raises InputError for what can never be read, or must not be."""
        if spec.type != GIT and spec.type not in self._allowed_types:
            raise location_type_not_allowed(self._allowed_types)
        try:
            parse_location_ref(f"{spec.type}:{spec.target}")
        except FormError as error:
            raise InputError(str(error)) from error
        if spec.type == GIT and is_local_remote(spec.target) and not self._is_shared(spec.target):
            raise InputError("Repositories of the server itself may only be named by the configuration")


def _cause(operation: str, spec: LocationSpec, actor: Principal) -> str:
    return cause_json(Cause("api", {"operation": operation, "location": str(spec)}, actor.subject or None))


def all_deferred(locations: Sequence[RegisteredLocation]) -> Sequence[DeferredEntity]:
    """What the provider of registered locations emits as a whole."""
    return [deferred(location) for location in locations]
