"""Stores a batch of passes in one transaction: children, edges, relations, what is to be stitched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from catalog.ingestion.adoption import ORPHANED, Emission, OrphanStrategy, bring_in, settle_loose
from catalog.store.outcomes import Outcome, clear_due, current_rows, store_passes
from catalog.store.references import unreachable
from catalog.store.stitch_queue import request_stitching
from catalog.store.unprocessed import Ahead, Conflict
from catalog.store.writing import CatalogStore, CatalogWrite


@dataclass(slots=True)
class Saved:
    """`stored` are passes whose result was new; `conflicts` pairs the emitting entity's pass with what was refused."""

    stored: list[Outcome] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    removed: int = 0

    def __iadd__(self, other: Saved) -> Saved:
        self.stored += other.stored
        self.conflicts += other.conflicts
        self.removed += other.removed
        return self


async def save(store: CatalogStore, outcomes: Sequence[Outcome], orphans: OrphanStrategy) -> Saved:
    """Store what these passes gave; a pass over something that has changed meanwhile is dropped.

    A pass nobody asked for, and that gave what the last one gave, opens no transaction.
    """
    if not any(one.changed or one.row.due_at is not None for one in outcomes):
        return Saved()
    async with store.write() as write:
        return await _save(write, outcomes, orphans)


async def _save(write: CatalogWrite, outcomes: Sequence[Outcome], orphans: OrphanStrategy) -> Saved:
    current = await current_rows(write, outcomes)
    valid = [
        one
        for one in outcomes
        if (now := current.get(one.row.entity_id)) is not None
        and now.unprocessed_hash == one.row.unprocessed_hash
        and (now.due_at == one.row.due_at or one.row.due_at is None)
    ]
    changed = [one for one in valid if one.changed]
    await clear_due(write, [one.row.entity_id for one in valid if one.row.due_at is not None and not one.changed])
    emissions = [
        Emission(one.cause, one.children, source_ref=one.row.ref, fresh=not one.row.has_processed)
        for one in changed
        if one.ok and (one.children or one.row.has_processed)
    ]
    ahead = {(one.row.ref, one.row.unprocessed_hash): one for parent in changed for one in parent.ahead}
    brought = await bring_in(
        write,
        emissions,
        ahead={
            key: Ahead(one.processed, one.result_hash, one.cache)
            for key, one in ahead.items()
            if one.processed is not None
        },
    )
    born = _born(ahead, brought.processed)
    still_due = {one.row.entity_id: current[one.row.entity_id].due_at for one in changed if one.row.due_at is None}
    touched = await store_passes(write, changed, still_due, born)
    stored = [*changed, *born]
    await _ask_for_stitching(write, stored, touched)
    removed = await settle_loose(write, brought.loose, orphans)
    removed += await _remove_orphans(write, valid, orphans)
    return Saved(stored, brought.conflicts, removed)


def _born(ahead: Mapping[tuple[str, str], Outcome], numbers: Mapping[tuple[str, str], int]) -> list[Outcome]:
    """Those of the passes that were stored with their entities, now with the entities' numbers."""
    for key, number in numbers.items():
        ahead[key].row = ahead[key].row._replace(entity_id=number)
    return [ahead[key] for key in numbers]


async def _ask_for_stitching(write: CatalogWrite, changed: Sequence[Outcome], touched: set[str]) -> None:
    causes = {one.row.ref: one.cause for one in changed if one.ok or one.row.has_processed}
    if touched:
        cause_of_touched = {source: one.cause for one in changed for source, _, _ in one.relations}
        fallback = changed[0].cause
        for ref in touched:
            causes.setdefault(ref, cause_of_touched.get(ref, fallback))
    await request_stitching(write, causes)


async def _remove_orphans(write: CatalogWrite, passes: Sequence[Outcome], orphans: OrphanStrategy) -> int:
    """Entities whose time to be adopted again is over."""
    asked = {one.row.ref: ORPHANED for one in passes if one.row.cause == ORPHANED and one.row.due_at is not None}
    if not asked:
        return 0
    return await settle_loose(write, dict.fromkeys(await unreachable(write, asked.keys()), ORPHANED), orphans)
