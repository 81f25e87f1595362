"""What clients and operators may do to the catalog beside registering locations. See `interfaces.CatalogControl`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Literal

from app.interfaces import Principal
from catalog.ingestion.adoption import delete_one
from catalog.ingestion.explanation import explain_entity, explain_url, iso
from catalog.ingestion.providers import apply_full, mutation_from_json
from catalog.interfaces import Cause, Entity, LocationSpec, MutationResult, ProcessingResult
from catalog.processing.pipeline import Pipeline
from catalog.processing.trace import Trace
from catalog.store.held import list_held, take_held
from catalog.store.inspection import (
    State,
    children_of,
    conflicts_of,
    is_settled,
    parents_of,
    refs_by_key,
    revisions_of,
    state_of,
    unseen,
)
from catalog.store.lineage import Lineage
from catalog.store.refreshing import refresh_by_keys, refresh_with_locations
from catalog.store.texts import refresh_key, storable
from catalog.store.writing import CatalogStore, cause_json

log = logging.getLogger(__name__)

ADOPTION_GRACE_MS = 10_000
"""Children of a deleted entity wait so long for it to come back before they count as orphans."""
POLL_S = 0.05
MAX_SHOWN = 100
Json = Any


class CatalogControls:
    """`interval_s`: how often what reads outside is looked at, for explanations."""

    def __init__(self, store: CatalogStore, pipeline: Pipeline, *, interval_s: float | None) -> None:
        self._store = store
        self._pipeline = pipeline
        self._interval_s = interval_s
        self.reading: int = 0

    async def refresh(self, entity_ref: str, *, cause: Cause) -> None:
        async with self._store.write() as write:
            await refresh_with_locations(write, storable(entity_ref), cause_json(cause))

    async def refresh_by_keys(self, keys: Iterable[str], *, cause: Cause) -> int:
        async with self._store.write() as write:
            return await refresh_by_keys(write, keys, cause_json(cause))

    async def delete_by_uid(self, uid: str, *, cause: Cause) -> None:
        rows = await self._store.database.read(
            "SELECT entity_ref FROM catalog_refresh_state WHERE uid = ?", storable(uid.lower())
        )
        if rows:
            async with self._store.write() as write:
                await delete_one(write, rows[0][0], cause_json(cause), grace_ms=ADOPTION_GRACE_MS)

    async def process(self, entity: Entity, location: LocationSpec) -> ProcessingResult:
        return (await self._pipeline.run(entity)).result

    async def lineage(self, ref: str) -> Lineage:
        return await self._store.lineages.of(ref)

    # --------------------------------------------------------------------------------------- what is not there

    async def unprocessed(self, state: Literal["failed", "pending"], owner: str | None) -> list[dict[str, Json]]:
        wanted = [one for one in await unseen(self._store.database) if bool(one.problems) == (state == "failed")]
        return [_wire(one) for one in wanted if owner is None or _owner(one) == owner]

    async def delete_unprocessed(self, entity_id: str, *, cause: Cause) -> None:
        await self.delete_by_uid(entity_id, cause=cause)

    async def explain(self, *, ref: str | None = None, url: str | None = None) -> dict[str, Json]:
        if url is not None:
            keys = {f"url:{url}", f"url:{url.replace('/blob/', '/tree/')}", f"file:{url}", f"git:{url}", url}
            readers = await refs_by_key(self._store.database, [refresh_key(key) for key in sorted(keys)])
            return explain_url(url, [await self._story(one) for one in readers[:MAX_SHOWN]])
        return await self._story(storable((ref or "").lower()))

    async def _story(self, ref: str) -> dict[str, Json]:
        database = self._store.database
        state = await state_of(database, ref)
        return explain_entity(
            ref,
            state,
            steps=[] if state is None else await self._steps_of(state),
            path=await self._path(ref),
            parents=await parents_of(database, ref),
            children=await children_of(database, ref),
            conflicts=await conflicts_of(database, ref),
            revisions=await revisions_of(database, ref),
            interval_s=self._interval_s,
        )

    async def _steps_of(self, state: State) -> list[dict[str, Json]]:
        """What each step does to it. Tried out now, unless that would read something outside."""
        if state.reads_outside or state.ref.startswith("location:") or not self._pipeline.pure:
            return []
        trace: Trace = []
        await self._pipeline.run(state.unprocessed, trace=trace)
        return [one.wire for one in trace]

    async def _path(self, ref: str) -> list[str]:
        """From the provider down to the parent, along the oldest edges."""
        path: list[str] = []
        while len(path) < MAX_SHOWN:
            parents = await parents_of(self._store.database, ref)
            if not parents:
                break
            provider, source = next((one for one in parents if one[0] is not None), parents[0])
            if source is None:
                path.append(f"provider:{provider}")
                break
            if source in path:
                break
            path.append(source)
            ref = source
        return path[::-1]

    # ------------------------------------------------------------------------------------------ held mutations

    async def held_mutations(self) -> list[dict[str, Json]]:
        return [
            {
                "id": held.id,
                "provider": held.provider,
                "at": iso(held.at),
                "owned": held.total,
                "wouldRemove": len(held.removed),
                "removed": held.removed[:MAX_SHOWN],
            }
            for held in await list_held(self._store.database)
        ]

    async def release_mutation(self, mutation_id: str, *, actor: Principal) -> MutationResult:
        async with self._store.write() as write:
            provider, entities = await take_held(write, mutation_id)
            cause = Cause("operator", {"released": mutation_id, "provider": provider}, actor.subject or None)
            applied = await apply_full(write, provider, mutation_from_json(entities), cause_json(cause), guard=None)
        log.info("held mutation %s of %s released by %s", mutation_id, provider, actor.subject or actor.kind)
        return applied.result

    async def discard_mutation(self, mutation_id: str, *, actor: Principal) -> None:
        async with self._store.write() as write:
            provider, _ = await take_held(write, mutation_id)
        log.info("held mutation %s of %s discarded by %s", mutation_id, provider, actor.subject or actor.kind)

    async def settled(self, *, timeout: timedelta) -> bool:
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                while not await is_settled(self._store.database, self._store.now()):  # noqa: ASYNC110 -- any process
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return False
        return True


def _owner(state: State) -> Json:
    spec = state.unprocessed.get("spec")
    return spec.get("owner") if isinstance(spec, dict) else None


def _wire(state: State) -> dict[str, Json]:
    """A row as the unprocessed-entities module gives it. Source: §1.5. Its entity id is the uid, as in Backstage."""
    row: dict[str, Json] = {
        "entity_id": state.uid,
        "entity_ref": state.ref,
        "unprocessed_entity": state.unprocessed,
        "unprocessed_hash": state.unprocessed_hash,
        "result_hash": state.result_hash,
        "errors": state.problems,
        "cache": state.cache,
        "next_update_at": iso(state.due_at or state.last_pass_at or state.discovered_at),
        "last_discovery_at": iso(state.discovered_at),
        "location_key": state.location_key,
        "hash": state.final_hash,
        "final_entity": None,
        "last_updated_at": iso(state.updated_at),
    }
    if state.processed is not None:
        row["processed_entity"] = state.processed
    return row
