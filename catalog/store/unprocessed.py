"""Unprocessed entities: what sources emitted, one row to a ref. Source: spec/catalog.md §4.1, §4.3."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from catalog.store.uids import uid_of
from catalog.store.writing import CatalogWrite


class Unprocessed(NamedTuple):
    """An emitted entity as it is stored: canonical ref, stable JSON text, its SHA-1, and who owns the ref."""

    ref: str
    json: str
    hash: str
    location_key: str | None


class Known(NamedTuple):
    """What is stored under a ref."""

    entity_id: int
    ref: str
    hash: str
    location_key: str | None


class Claim(NamedTuple):
    """A source's wish to have an entity in the catalog. `source` is the position of the source in its batch."""

    source: int
    entity: Unprocessed


class Conflict(NamedTuple):
    """A claim that was turned away."""

    source: int
    entity: Unprocessed
    held_by: str | None


@dataclass(slots=True)
class Adoption:
    """What is to be done about a batch of claims. `accepted` are `(source, ref)` of all that were not turned away."""

    insert: dict[str, Claim] = field(default_factory=dict)
    update: dict[str, tuple[Known, Claim]] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    accepted: list[tuple[int, str]] = field(default_factory=list)


async def known_by_refs(write: CatalogWrite, refs: Collection[str]) -> dict[str, Known]:
    rows = await write.bulk.select(
        "SELECT entity_id, entity_ref, unprocessed_hash, location_key FROM catalog_refresh_state",
        "entity_ref",
        "text",
        refs,
    )
    return {row[1]: Known(*row) for row in rows}


_INSERTED = (
    "entity_id",
    "uid",
    "entity_ref",
    "unprocessed",
    "unprocessed_hash",
    "location_key",
    "due_at",
    "discovered_at",
    "cause",
)


async def store_adoption(write: CatalogWrite, plan: Adoption, cause_of_source: Callable[[int], str]) -> None:
    """Write new and changed unprocessed entities; all of them are due at once. `cause_of_source` gives JSON."""
    now = write.now
    fresh = sorted(plan.insert.items())
    ids = write.numbers.take("entity", len(fresh))
    await write.bulk.insert(
        "catalog_refresh_state",
        _INSERTED,
        [
            (
                entity_id,
                uid_of(entity_id),
                ref,
                entity.json,
                entity.hash,
                entity.location_key,
                now,
                now,
                cause_of_source(source),
            )
            for entity_id, (ref, (source, entity)) in zip(ids, fresh, strict=True)
        ],
    )
    await write.bulk.update(
        "catalog_refresh_state",
        ("entity_id", "bigint"),
        (
            ("unprocessed", "text"),
            ("unprocessed_hash", "text"),
            ("location_key", "text"),
            ("discovered_at", "bigint"),
        ),
        [
            (known.entity_id, entity.json, entity.hash, entity.location_key, now)
            for _, (known, (_, entity)) in sorted(plan.update.items())
        ],
    )
    by_cause: dict[str, list[int]] = {}
    for known, claim in plan.update.values():
        by_cause.setdefault(cause_of_source(claim.source), []).append(known.entity_id)
    for cause, changed in by_cause.items():
        await make_due(write, changed, cause)
    if fresh:
        write.wake()


async def make_due(
    write: CatalogWrite, entity_ids: Iterable[int], cause: str, *, at: int | None = None, forget: bool = False
) -> None:
    """The entities are to be processed (again). A pass that is under way notices that it has been overtaken.

    Args:
        at: when, in milliseconds; at once if not given.
        forget: store whatever the pass gives, even if it is what the last one gave.
    """
    ids = list(entity_ids)
    if not ids:
        return
    when = write.now if at is None else at
    database = write.bulk.database
    # A moment that differs from the one before, whatever the clock says: the pass under way compares it.
    await write.tx.execute(
        "UPDATE catalog_refresh_state SET due_at = CASE WHEN due_at = ? THEN due_at + 1 ELSE ? END, cause = ?"  # noqa: S608
        f"{', result_hash = NULL' if forget else ''} WHERE {database.any_of('entity_id', 'bigint')}",
        when,
        when,
        cause,
        database.array(ids),
    )
    write.wake()
