"""What is stored about an entity, for those who ask why it is as it is. Reads alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from app.interfaces import Database
from catalog.store.unseen import UNSEEN

MAX_REVISIONS = 20
MAX_CHILDREN = 100
Json = Any


@dataclass(frozen=True, slots=True)
class State:
    """An unprocessed entity in full. Times are milliseconds; JSON is parsed."""

    entity_id: int
    uid: str
    ref: str
    unprocessed: dict[str, Json]
    unprocessed_hash: str
    processed: dict[str, Json] | None
    result_hash: str | None
    errors: list[Json]
    cache: dict[str, Json]
    location_key: str | None
    reads_outside: bool
    due_at: int | None
    discovered_at: int
    last_pass_at: int | None
    stitch_error: dict[str, Json] | None
    final_hash: str | None
    updated_at: int | None

    @property
    def problems(self) -> list[Json]:
        return self.errors if self.stitch_error is None else [*self.errors, self.stitch_error]


_STATE = (
    "SELECT s.entity_id, s.uid, s.entity_ref, s.unprocessed, s.unprocessed_hash, s.processed, s.result_hash, s.errors, "
    "s.cache, s.location_key, s.reads_outside, s.due_at, s.discovered_at, s.last_pass_at, s.stitch_error, e.hash, "
    "e.updated_at FROM catalog_refresh_state s LEFT JOIN catalog_entity e ON e.id = s.entity_id"
)


def _state(row: tuple[Any, ...]) -> State:
    values = list(row)
    for index in (3, 7, 8):
        values[index] = orjson.loads(values[index])
    for index in (5, 14):
        values[index] = None if values[index] is None else orjson.loads(values[index])
    values[10] = bool(values[10])
    return State(*values)


async def state_of(database: Database, ref: str) -> State | None:
    rows = await database.read(f"{_STATE} WHERE s.entity_ref = ?", ref)
    return _state(rows[0]) if rows else None


async def unseen(database: Database) -> list[State]:
    """Entities without a final one."""
    conditions = " OR ".join(f"s.{part}" for part in UNSEEN.split(" OR "))
    rows = await database.read(f"{_STATE} WHERE ({conditions}) AND e.id IS NULL ORDER BY s.entity_ref")
    return [_state(row) for row in rows]


async def parents_of(database: Database, ref: str) -> list[tuple[str | None, str | None]]:
    """`(provider, entity ref)` of whatever emits it; one of each pair is None."""
    rows = await database.read(
        "SELECT source_key, source_ref FROM catalog_refresh_reference WHERE target_ref = ? ORDER BY id", ref
    )
    return [(row[0], row[1]) for row in rows]


async def children_of(database: Database, ref: str) -> list[str]:
    """The first of what it emits."""
    rows = await database.read(
        "SELECT target_ref FROM catalog_refresh_reference WHERE source_ref = ? ORDER BY target_ref LIMIT ?",
        ref,
        MAX_CHILDREN,
    )
    return [row[0] for row in rows]


async def conflicts_of(database: Database, ref: str) -> list[dict[str, Json]]:
    """Sources that were turned away from a ref, and refs that it was turned away from as a source."""
    rows = await database.read(
        "SELECT entity_ref, location_key, held_by, source, at FROM catalog_conflict WHERE entity_ref = ? OR source = ? "
        "ORDER BY at",
        ref,
        f"entity:{ref}",
    )
    return [
        {"entityRef": row[0], "locationKey": row[1] or None, "heldBy": row[2] or None, "source": row[3], "at": row[4]}
        for row in rows
    ]


async def revisions_of(database: Database, ref: str) -> list[dict[str, Json]]:
    """Its newest changes, newest first."""
    rows = await database.read(
        "SELECT n, change, cause, actor, at FROM catalog_revision WHERE entity_ref = ? ORDER BY n DESC LIMIT ?",
        ref,
        MAX_REVISIONS,
    )
    return [
        {"revision": row[0], "change": row[1], "cause": orjson.loads(row[2]), "actor": row[3], "at": row[4]}
        for row in rows
    ]


async def refs_by_key(database: Database, keys: list[str]) -> list[str]:
    """Entities that emitted one of these refresh keys."""
    rows = await database.read(
        "SELECT DISTINCT s.entity_ref FROM catalog_refresh_key k JOIN catalog_refresh_state s "  # noqa: S608
        f"ON s.entity_id = k.entity_id WHERE {database.any_of('k.key', 'text')} ORDER BY s.entity_ref",
        database.array(keys),
    )
    return [row[0] for row in rows]


async def refresh_keys_of(database: Database, entity_id: int) -> list[str]:
    rows = await database.read("SELECT key FROM catalog_refresh_key WHERE entity_id = ? ORDER BY key", entity_id)
    return [row[0] for row in rows]


async def is_settled(database: Database, now: int) -> bool:
    """Whether nothing is due and nothing waits to be stitched."""
    rows = await database.read(
        "SELECT EXISTS (SELECT 1 FROM catalog_refresh_state WHERE due_at <= ?) "
        "OR EXISTS (SELECT 1 FROM catalog_stitch_queue)",
        now,
    )
    return not rows[0][0]


async def keys_below(database: Database, prefix: str) -> list[str]:
    """Refresh keys that begin with a text, by the index."""
    rows = await database.read(
        "SELECT DISTINCT key FROM catalog_refresh_key WHERE key >= ? AND key < ?", prefix, prefix + "\U0010ffff"
    )
    return [row[0] for row in rows]
