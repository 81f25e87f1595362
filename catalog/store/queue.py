"""What is to be processed, and what is looked at again and again because it reads outside."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import orjson

from catalog.store.outcomes import DUE_ROW, DueRow
from catalog.store.writing import CatalogStore


async def due_rows(
    store: CatalogStore, *, limit: int, besides: Collection[int], locations: bool = True
) -> list[DueRow]:
    """At most `limit` due rows, longest overdue first, without those already under way.

    Nothing is marked: a row is due until what a pass gave is stored, so a process that dies loses nothing.

    Args:
        locations: also Location entities, which take long to read.
    """
    quick = "" if locations else " AND entity_ref NOT LIKE 'location:%'"
    rows = await store.database.read(
        f"{DUE_ROW} WHERE due_at <= ?{quick} ORDER BY due_at LIMIT ?", store.now(), limit + len(besides)
    )
    return [DueRow(*row) for row in rows if row[0] not in besides][:limit]


async def next_due(store: CatalogStore) -> int | None:
    """When the next row falls due, in milliseconds."""
    rows = await store.database.read(
        "SELECT due_at FROM catalog_refresh_state WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1"
    )
    return rows[0][0] if rows else None


async def outside_ids(store: CatalogStore) -> list[int]:
    """Entities that read outside."""
    rows = await store.database.read("SELECT entity_id FROM catalog_refresh_state WHERE reads_outside = 1")
    return [row[0] for row in rows]


class Watched(NamedTuple):
    """What the last good pass of an outside-reading entity remembers of its sources."""

    entity_id: int
    cache: dict[str, dict[str, dict[str, Any]]]
    failed: bool
    due: bool


async def watched(store: CatalogStore, entity_ids: Sequence[int]) -> list[Watched]:
    rows = await store.read_in(
        "SELECT entity_id, cache, errors, due_at, reads_outside FROM catalog_refresh_state",
        "entity_id",
        "bigint",
        entity_ids,
    )
    return [Watched(row[0], orjson.loads(row[1]), row[2] != "[]", row[3] is not None) for row in rows if row[4]]


async def rows_by_id(store: CatalogStore, entity_ids: Sequence[int]) -> list[DueRow]:
    return [DueRow(*row) for row in await store.read_in(DUE_ROW, "entity_id", "bigint", entity_ids)]


async def known_refs(store: CatalogStore, refs: Sequence[str]) -> set[str]:
    """Those of the refs that have an unprocessed entity."""
    return {
        row[0]
        for row in await store.read_in("SELECT entity_ref FROM catalog_refresh_state", "entity_ref", "text", refs)
    }
