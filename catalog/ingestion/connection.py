"""What providers write through. Source: spec/catalog.md §4.2."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from app.interfaces import Event, Events
from catalog import metrics
from catalog.ingestion.guard import GuardSettings
from catalog.ingestion.mutation import prepare_all
from catalog.ingestion.providers import Applied, apply_delta, apply_full, apply_removal, is_current
from catalog.interfaces import Cause, DeltaMutation, Entity, FullMutation, MutationResult
from catalog.store.documents import load_entity
from catalog.store.held import is_held
from catalog.store.refreshing import refresh_by_keys
from catalog.store.texts import storable
from catalog.store.unprocessed import Conflict
from catalog.store.writing import CatalogStore, cause_json

log = logging.getLogger(__name__)

CONFLICT_TOPIC = "experimental.catalog.conflict"
ERRORS_TOPIC = "experimental.catalog.errors"
HELD_TOPIC = "callboard.catalog.held"
"""A provider's answer was held back: `{provider, id, wouldRemove, owned}`. Additive."""
Json = Any


async def publish_conflicts(events: Events, conflicts: Iterable[Conflict]) -> None:
    """Source: spec/catalog.md §4.3."""
    for one in conflicts:
        metrics.conflicts.inc()
        payload = {
            "unprocessedEntity": orjson.loads(one.entity.json),
            "entityRef": one.entity.ref,
            "newLocationKey": one.entity.location_key,
            "existingLocationKey": one.held_by,
            "lastConflictAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        await events.publish(Event(CONFLICT_TOPIC, payload))


class Connection:
    """One provider's way in. See `catalog.interfaces.ProviderConnection`."""

    def __init__(self, store: CatalogStore, events: Events, provider: str, guard: GuardSettings | None) -> None:
        self._store = store
        self._events = events
        self._provider = provider
        self._guard = guard

    async def apply_mutation(
        self, mutation: FullMutation | DeltaMutation, *, cause: Mapping[str, Json] | None = None
    ) -> MutationResult:
        because = self._cause(cause)
        if isinstance(mutation, FullMutation):
            incoming = prepare_all(mutation.entities)
            if await is_current(self._store.database, self._provider, incoming):
                return MutationResult()
            async with self._store.write() as write:
                applied = await apply_full(write, self._provider, incoming, because, guard=self._guard)
        else:
            added = prepare_all(mutation.added)
            removed = {storable(ref.lower()) for ref in mutation.removed}
            async with self._store.write() as write:
                applied = await apply_delta(write, self._provider, added, removed, because)
        await self._tell(applied)
        return applied.result

    async def remove(self, refs: Collection[str]) -> MutationResult:
        """Take out what a source that was read to its end has not named; held back where that were too much."""
        if not refs and not await is_held(self._store.database, self._provider):
            return MutationResult()
        async with self._store.write() as write:
            applied = await apply_removal(write, self._provider, refs, self._cause(None), guard=self._guard)
        await self._tell(applied)
        return applied.result

    async def refresh(self, keys: Iterable[str], *, cause: Mapping[str, Json] | None = None) -> int:
        async with self._store.write() as write:
            return await refresh_by_keys(write, keys, self._cause(cause))

    async def held(self) -> list[Entity]:
        rows = await self._store.database.read(
            "SELECT s.unprocessed FROM catalog_refresh_reference r "
            "JOIN catalog_refresh_state s ON s.entity_ref = r.target_ref WHERE r.source_key = ? ORDER BY r.target_ref",
            self._provider,
        )
        return [load_entity(row[0]) for row in rows]

    def _cause(self, detail: Mapping[str, Json] | None) -> str:
        return cause_json(Cause("provider", {"provider": self._provider, **(detail or {})}))

    async def _tell(self, applied: Applied) -> None:
        await publish_conflicts(self._events, applied.conflicts)
        result = applied.result
        if result.held is not None:
            metrics.held.inc()
            log.error(
                "provider %s would remove %d of its %d entities: held back as %s until it is released or discarded",
                self._provider,
                applied.would_remove,
                applied.owned,
                result.held,
            )
            payload = {
                "provider": self._provider,
                "id": result.held,
                "wouldRemove": applied.would_remove,
                "owned": applied.owned,
            }
            await self._events.publish(Event(HELD_TOPIC, payload))
        elif result.added or result.updated or result.removed:
            log.info(
                "provider %s: %d added, %d updated, %d removed",
                self._provider,
                result.added,
                result.updated,
                result.removed,
            )


Connect = Callable[[str], Connection]
