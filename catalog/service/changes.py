"""What callers may do to entities: refresh, delete, validate, forget. Source: spec/catalog.md §1.4, §1.5, §7.5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from app.errors import NotAllowedError
from app.interfaces import Principal
from catalog.interfaces import CatalogControl, Cause, EntitiesCatalog, Entity, LocationSpec, MutationResult
from catalog.model import well_known
from catalog.permissions import permissions
from catalog.service import audit
from catalog.service.authorized import Gate
from catalog.store.texts import storable


def asked_by(caller: Principal, operation: str, **detail: Any) -> Cause:
    """The cause of a change that somebody asked for over HTTP."""
    return Cause("api", {"operation": operation, **detail}, actor=caller.subject or None)


class Changes:
    def __init__(self, gate: Gate, entities: EntitiesCatalog, control: CatalogControl) -> None:
        self._gate = gate
        self._entities = entities
        self._control = control

    async def refresh(self, entity_ref: str, caller: Principal) -> None:
        """Raises NotAllowedError, and NotFoundError where nothing ever emitted the ref."""
        with audit.changing("entity-mutate", caller, actionType="refresh", entityRef=entity_ref):
            await self._gate.require(permissions.ENTITY_REFRESH, caller, entity_ref)
            await self._control.refresh(entity_ref.lower(), cause=asked_by(caller, "refresh"))

    async def delete(self, uid: str, caller: Principal) -> None:
        """No error for an unknown uid, unless a condition would have to decide about it."""
        with audit.changing("entity-mutate", caller, actionType="delete", uid=uid):
            sight = await self._gate.sight(permissions.ENTITY_DELETE, caller)
            if sight.denied:
                raise NotAllowedError()
            if sight.query is not None and await self._entities.by_uid(uid, visible=sight.query) is None:
                raise NotAllowedError()
            await self._control.delete_by_uid(uid, cause=asked_by(caller, "delete"))

    async def validate(self, entity: Entity, location: LocationSpec, caller: Principal) -> Sequence[Exception]:
        """What is wrong with an entity, if it came from there; nothing when it would be accepted."""
        with audit.changing("entity-validate", caller, location=str(location)):
            await self._gate.require(permissions.ENTITY_VALIDATE, caller)
            result = await self._control.process(located(entity, location), location)
        return result.errors

    async def unprocessed(
        self, state: Literal["failed", "pending"], owner: str | None, caller: Principal
    ) -> list[dict[str, Any]]:
        await self._gate.require(permissions.UNPROCESSED_READ, caller, refusal="Unauthorized")
        audit.fetched("entity-fetch", caller, queryType=f"unprocessed-{state}")
        return await self._control.unprocessed(state, owner)

    async def forget_unprocessed(self, entity_id: str, caller: Principal) -> None:
        with audit.changing("entity-mutate", caller, actionType="delete-unprocessed", entityId=entity_id):
            await self._gate.require(permissions.UNPROCESSED_DELETE, caller, refusal="Unauthorized")
            await self._control.delete_unprocessed(entity_id, cause=asked_by(caller, "delete-unprocessed"))

    async def held(self, caller: Principal) -> list[dict[str, Any]]:
        await self._gate.require(permissions.INGESTION_READ, caller)
        return await self._control.held_mutations()

    async def release(self, mutation_id: str, caller: Principal) -> MutationResult:
        with audit.changing("entity-mutate", caller, actionType="release-mutation", mutationId=mutation_id):
            await self._gate.require(permissions.INGESTION_MANAGE, caller)
            return await self._control.release_mutation(storable(mutation_id), actor=caller)

    async def discard(self, mutation_id: str, caller: Principal) -> None:
        with audit.changing("entity-mutate", caller, actionType="discard-mutation", mutationId=mutation_id):
            await self._gate.require(permissions.INGESTION_MANAGE, caller)
            await self._control.discard_mutation(storable(mutation_id), actor=caller)


def located(entity: Entity, location: LocationSpec) -> Entity:
    """The entity with the annotations it would have had it been read from there, unless it brings its own."""
    given = entity["metadata"].get("annotations")
    if isinstance(given, Mapping):
        own = dict(given)
    elif isinstance(given, list | str):
        # What JavaScript's spread makes of it, so that the pipeline sees what it would see there.
        own = {str(index): value for index, value in enumerate(given)}
    else:
        own = {}
    where = str(location)
    annotations = {well_known.LOCATION: where, well_known.ORIGIN_LOCATION: where, **own}
    return {**entity, "metadata": {**entity["metadata"], "annotations": annotations}}
