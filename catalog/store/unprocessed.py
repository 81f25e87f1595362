"""Unprocessed entities: what sources emitted, one row to a ref. Source: spec/catalog.md §4.1, §4.3."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from catalog.store.uids import uids_of
from catalog.store.writing import CatalogWrite


class Unprocessed(NamedTuple):
    """An emitted entity as it is stored: canonical ref, stable JSON text, its SHA-1, and who owns the ref."""

    ref: str
    json: str
    hash: str
    location_key: str | None


class Ahead(NamedTuple):
    """What a pass over an entity gave before the entity itself was stored: then both are one row, written once."""

    processed: str
    result_hash: str
    cache: str


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


async def stored_unprocessed(write: CatalogWrite, refs: Collection[str]) -> list[Unprocessed]:
    """What was emitted under these refs."""
    rows = await write.bulk.select(
        "SELECT entity_ref, unprocessed, unprocessed_hash, location_key FROM catalog_refresh_state",
        "entity_ref",
        "text",
        refs,
        " ORDER BY entity_ref",
    )
    return [Unprocessed(*row) for row in rows]


_INSERTED = (
    "entity_id",
    "uid",
    "entity_ref",
    "unprocessed",
    "unprocessed_hash",
    "location_key",
    "discovered_at",
    "cause",
    "due_at",
    "last_pass_at",
    "processed",
    "result_hash",
    "cache",
    "errors",
    "reads_outside",
)


async def store_adoption(
    write: CatalogWrite,
    plan: Adoption,
    cause_of_source: Callable[[int], str],
    ahead: Mapping[tuple[str, str], Ahead],
) -> dict[tuple[str, str], int]:
    """Write new and changed unprocessed entities; they are due at once, unless they are new and were processed ahead.

    Args:
        cause_of_source: JSON of why a source was processed.
        ahead: by ref and hash of the unprocessed entity.

    Returns:
        The numbers of those that are not due, by ref and hash.
    """
    now = write.now
    fresh = sorted(plan.insert.items())
    ids = write.numbers.take("entity", len(fresh))
    processed: dict[tuple[str, str], int] = {}
    rows: list[tuple[Any, ...]] = []
    for entity_id, uid, (ref, (source, entity)) in zip(ids, uids_of(ids), fresh, strict=True):
        row = (entity_id, uid, ref, entity.json, entity.hash, entity.location_key, now, cause_of_source(source))
        done = ahead.get((ref, entity.hash))
        if done is None:
            rows.append((*row, now, None, None, None, "{}", "[]", 0))
        else:
            processed[ref, entity.hash] = entity_id
            rows.append((*row, None, now, done.processed, done.result_hash, done.cache, "[]", 0))
    await write.bulk.insert("catalog_refresh_state", _INSERTED, rows)
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
    return processed


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
