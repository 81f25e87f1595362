"""Sources and what they emit, brought together with what is stored. Source: spec/catalog.md §4.3, §4.9."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from catalog.ingestion.mutation import adopt
from catalog.interfaces import Cause
from catalog.store.conflicts import hand_over, store_conflicts
from catalog.store.references import Edge, edges_from, edges_to, store_edges, unreachable
from catalog.store.removal import remove_entities
from catalog.store.stitch_queue import request_stitching
from catalog.store.unprocessed import Ahead, Claim, Conflict, Unprocessed, known_by_refs, make_due, store_adoption
from catalog.store.writing import CatalogWrite, cause_json

log = logging.getLogger(__name__)

OrphanStrategy = Literal["delete", "keep"]
ORPHANED = cause_json(Cause("orphan"))
NONE_AHEAD: Mapping[tuple[str, str], Ahead] = {}


@dataclass(frozen=True, slots=True)
class Emission:
    """All that one source emits now. `source_ref` is an entity's, `source_key` a provider's.

    `complete`: what the source does not emit any more loses its edge.
    """

    cause: str
    entities: Sequence[Unprocessed]
    source_ref: str | None = None
    source_key: str | None = None
    complete: bool = True
    fresh: bool = False
    """The source has never emitted anything."""

    @property
    def source(self) -> str:
        return f"entity:{self.source_ref}" if self.source_ref is not None else f"provider:{self.source_key}"


@dataclass(slots=True)
class Brought:
    """What bringing emissions in has done. `loose` are refs that have lost an edge: who sees to them decides when."""

    added: int = 0
    updated: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    loose: dict[str, str] = field(default_factory=dict)
    processed: dict[tuple[str, str], int] = field(default_factory=dict)
    """Numbers of new entities, by ref and hash, that were stored as processed already."""


async def bring_in(
    write: CatalogWrite,
    emissions: Sequence[Emission],
    *,
    force: bool = False,
    ahead: Mapping[tuple[str, str], Ahead] = NONE_AHEAD,
) -> Brought:
    """Store what sources emit: new and changed entities, edges, conflicts. Nothing is deleted yet.

    `ahead`: what passes over some of them gave, by ref and hash; taken for those that are new.
    """
    claims = [Claim(number, one) for number, emission in enumerate(emissions) for one in emission.entities]
    known = await known_by_refs(write, {claim.entity.ref for claim in claims})
    before = await _edges_of(write, emissions)
    partial = {(one.source_key, one.source_ref) for one in emissions if not one.complete}
    replaceable = {edge for edge in before if (edge.source_key, edge.source_ref) not in partial}
    emitted = {Edge(one.source_key, one.source_ref, child.ref) for one in emissions for child in one.entities}
    plan = adopt(claims, known, force=force)
    if plan.conflicts and not force:
        freed = await _freed(write, plan.conflicts, claims, replaceable - emitted, emissions)
        if freed:
            plan = adopt(claims, known, freed=freed)
    processed = await store_adoption(write, plan, lambda number: emissions[number].cause, ahead)
    accepted = {Edge(emissions[number].source_key, emissions[number].source_ref, ref) for number, ref in plan.accepted}
    removed = replaceable - accepted
    await store_edges(write, accepted - before, removed)
    adopted = {edge.target_ref for edge in accepted - before} & known.keys()
    if adopted:
        # An orphan that is emitted again has to lose its annotation.
        await _stitch_former_orphans(write, adopted, accepted - before, plan.update.keys())
    news = await store_conflicts(
        write,
        {(emissions[one.source].source, one.entity.ref, one.entity.location_key or ""): one for one in plan.conflicts},
        asked={one.source for one in emissions},
        complete={one.source for one in emissions if one.complete},
    )
    for one in news:
        log.warning(
            "conflict over %s: held by %s, also claimed by %s", one.entity.ref, one.held_by, one.entity.location_key
        )
    causes = {(one.source_key, one.source_ref): one.cause for one in emissions}
    loose = {edge.target_ref: causes[edge.source_key, edge.source_ref] for edge in removed}
    return Brought(len(plan.insert), len(plan.update), news, loose, processed)


async def _edges_of(write: CatalogWrite, emissions: Sequence[Emission]) -> set[Edge]:
    refs = {one.source_ref for one in emissions if one.source_ref is not None and not one.fresh}
    keys = {one.source_key for one in emissions if one.source_key is not None}
    return await edges_from(write, "source_ref", refs) | await edges_from(write, "source_key", keys)


async def _freed(
    write: CatalogWrite,
    conflicts: Sequence[Conflict],
    claims: Sequence[Claim],
    removed: Collection[Edge],
    emissions: Sequence[Emission],
) -> set[str]:
    """Refs that another key may take: all that hold them let go in this batch, or are the very sources that claim them.

    A file was moved, not claimed twice. While anybody still emits a ref under the key that holds it, it is.
    """
    still_held = {(claim.entity.ref, claim.entity.location_key) for claim in claims}
    refs = {one.entity.ref for one in conflicts if (one.entity.ref, one.held_by) not in still_held}
    own = {(emissions[claim.source].source_ref, claim.entity.ref) for claim in claims}
    remaining = {
        edge.target_ref
        for edge in await edges_to(write, refs)
        if edge not in removed and (edge.source_ref is None or (edge.source_ref, edge.target_ref) not in own)
    }
    return refs - remaining


async def _stitch_former_orphans(
    write: CatalogWrite, refs: Collection[str], added: Collection[Edge], due: Collection[str]
) -> None:
    others = {edge.target_ref for edge in await edges_to(write, refs) if edge not in added}
    await request_stitching(write, {ref: ORPHANED for ref in refs if ref not in others and ref not in due})


async def settle_loose(
    write: CatalogWrite, loose: Mapping[str, str], strategy: OrphanStrategy, *, eager: bool = False
) -> int:
    """Delete what nothing keeps alive any more, or mark it as orphaned.

    Args:
        loose: refs that have lost an edge → JSON of the cause.
        eager: whatever the strategy is; for what a provider or a client took away. Source: §4.9.

    Returns:
        How many entities went.
    """
    if not loose:
        return 0
    dead = await unreachable(write, loose.keys())
    if strategy == "keep" and not eager:
        await request_stitching(write, {ref: cause for ref, cause in loose.items() if ref in dead})
        return 0
    if dead and await hand_over(write, dead):
        dead = await unreachable(write, loose.keys())
    return await _remove(write, dead, lambda ref: loose.get(ref))


async def _remove(write: CatalogWrite, dead: Iterable[str], cause_for: Callable[[str], str | None]) -> int:
    by_cause: dict[str, set[str]] = {}
    fallback: str | None = None
    refs = sorted(dead)
    for ref in refs:
        fallback = fallback or cause_for(ref)
    for ref in refs:
        by_cause.setdefault(cause_for(ref) or fallback or ORPHANED, set()).add(ref)
    removed = 0
    for cause, some in sorted(by_cause.items()):
        removed += await remove_entities(write, some, cause)
    return removed


async def delete_one(write: CatalogWrite, ref: str, cause: str, *, grace_ms: int) -> bool:
    """Delete one entity at a client's word. Its parents are processed again, and bring it back if they still have it.

    Its children are given some time to be adopted by the entity that comes back: then they are looked at.
    """
    edges = await edges_to(write, [ref])
    children = {edge.target_ref for edge in await edges_from(write, "source_ref", [ref])}
    if not await remove_entities(write, {ref}, cause):
        return False
    rows = await write.bulk.select(
        "SELECT entity_id, entity_ref FROM catalog_refresh_state",
        "entity_ref",
        "text",
        {edge.source_ref for edge in edges if edge.source_ref is not None} | children,
    )
    await make_due(write, [row[0] for row in rows if row[1] not in children], cause, forget=True)
    at = write.now + grace_ms
    await make_due(write, [row[0] for row in rows if row[1] in children], ORPHANED, at=at)
    return True
