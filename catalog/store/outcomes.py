"""What passes left behind, and how it is stored: processed entities, errors, relations, refresh keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from catalog.store.bulk import Columns
from catalog.store.unprocessed import Unprocessed
from catalog.store.writing import CatalogWrite


class DueRow(NamedTuple):
    """An unprocessed entity as claimed for a pass."""

    entity_id: int
    ref: str
    unprocessed: str
    unprocessed_hash: str
    result_hash: str | None
    has_processed: bool
    errors: str
    cache: str
    reads_outside: int
    due_at: int | None
    cause: str | None


DUE_ROW = (
    "SELECT entity_id, entity_ref, unprocessed, unprocessed_hash, result_hash, processed IS NOT NULL, errors, cache, "
    "reads_outside, due_at, cause FROM catalog_refresh_state"
)


@dataclass(slots=True)
class Outcome:
    """A pass, ready to be stored. JSON texts throughout.

    `processed` is None for a pass that failed: then only errors and the result hash are new. Its refresh keys are added
    to those there are, so that a push that mends a descriptor finds whoever could not read it.
    """

    row: DueRow
    cause: str
    result_hash: str
    errors: str
    processed: str | None = None
    cache: str = "{}"
    reads_outside: int = 0
    children: Sequence[Unprocessed] = ()
    relations: frozenset[tuple[str, str, str]] = frozenset()
    refresh_keys: frozenset[str] = frozenset()
    ahead: Sequence[Outcome] = ()
    """Good passes over children that are not known yet; their rows have no number so far."""

    @property
    def ok(self) -> bool:
        return self.processed is not None

    @property
    def changed(self) -> bool:
        return self.result_hash != self.row.result_hash or (self.ok and self.cache != self.row.cache)


class Current(NamedTuple):
    entity_id: int
    unprocessed_hash: str
    due_at: int | None


async def current_rows(write: CatalogWrite, outcomes: Sequence[Outcome]) -> dict[int, Current]:
    """The rows as they are now: a pass over something that has changed meanwhile is void."""
    rows = await write.bulk.select(
        "SELECT entity_id, unprocessed_hash, due_at FROM catalog_refresh_state",
        "entity_id",
        "bigint",
        [outcome.row.entity_id for outcome in outcomes],
    )
    return {row[0]: Current(*row) for row in rows}


async def clear_due(write: CatalogWrite, entity_ids: Sequence[int]) -> None:
    """Nothing is to be done about these any more."""
    if entity_ids:
        database = write.bulk.database
        await write.tx.execute(
            f"UPDATE catalog_refresh_state SET due_at = NULL WHERE {database.any_of('entity_id', 'bigint')}",  # noqa: S608
            database.array(entity_ids),
        )


async def store_passes(
    write: CatalogWrite, outcomes: Sequence[Outcome], still_due: Mapping[int, int | None], born: Sequence[Outcome]
) -> set[str]:
    """Write what is new of these passes. Gives the refs whose relations have changed by them.

    Args:
        still_due: when entities are due in spite of their pass.
        born: passes that were stored with their new entities: but for relations and refresh keys.
    """
    good = [outcome for outcome in outcomes if outcome.ok]
    now = write.now
    await write.bulk.update(
        "catalog_refresh_state",
        ("entity_id", "bigint"),
        (
            ("processed", "text"),
            ("result_hash", "text"),
            ("errors", "text"),
            ("cache", "text"),
            ("reads_outside", "smallint"),
            ("last_pass_at", "bigint"),
            ("due_at", "bigint"),
        ),
        [
            (
                one.row.entity_id,
                one.processed,
                one.result_hash,
                one.errors,
                one.cache,
                one.reads_outside,
                now,
                still_due.get(one.row.entity_id),
            )
            for one in sorted(good, key=lambda one: one.row.entity_id)
        ],
    )
    await write.bulk.update(
        "catalog_refresh_state",
        ("entity_id", "bigint"),
        (
            ("result_hash", "text"),
            ("errors", "text"),
            ("reads_outside", "smallint"),
            ("last_pass_at", "bigint"),
            ("due_at", "bigint"),
        ),
        [
            (
                one.row.entity_id,
                one.result_hash,
                one.errors,
                max(one.reads_outside, one.row.reads_outside),
                now,
                still_due.get(one.row.entity_id),
            )
            for one in sorted(outcomes, key=lambda one: one.row.entity_id)
            if not one.ok
        ],
    )
    touched = await _store_relations(write, [*good, *born])
    await _store_refresh_keys(write, [*outcomes, *born])
    return touched


async def _store_relations(write: CatalogWrite, outcomes: Sequence[Outcome]) -> set[str]:
    before: dict[int, set[tuple[str, str, str]]] = {}
    for origin, *relation in await write.bulk.select(
        "SELECT origin_id, source_ref, type, target_ref FROM catalog_relation",
        "origin_id",
        "bigint",
        [one.row.entity_id for one in outcomes if one.row.has_processed],
    ):
        before.setdefault(origin, set()).add((relation[0], relation[1], relation[2]))
    added: list[tuple[int, str, str, str]] = []
    removed: list[tuple[int, str, str, str]] = []
    for one in outcomes:
        origin = one.row.entity_id
        known = before.get(origin, set())
        added.extend((origin, *relation) for relation in one.relations - known)
        removed.extend((origin, *relation) for relation in known - one.relations)
    columns = ("origin_id", "source_ref", "type", "target_ref")
    await write.bulk.delete_rows(
        "catalog_relation",
        (("origin_id", "bigint"), ("source_ref", "text"), ("type", "text"), ("target_ref", "text")),
        sorted(removed),
    )
    await write.bulk.insert("catalog_relation", columns, sorted(added))
    return {relation[1] for relation in added} | {relation[1] for relation in removed}


async def _store_refresh_keys(write: CatalogWrite, outcomes: Sequence[Outcome]) -> None:
    before: dict[int, set[str]] = {}
    for entity_id, key in await write.bulk.select(
        "SELECT entity_id, key FROM catalog_refresh_key",
        "entity_id",
        "bigint",
        [one.row.entity_id for one in outcomes if one.row.has_processed or one.row.errors != "[]"],
    ):
        before.setdefault(entity_id, set()).add(key)
    added: list[tuple[int, str]] = []
    removed: list[tuple[int, str]] = []
    for one in outcomes:
        known = before.get(one.row.entity_id, set())
        added.extend((one.row.entity_id, key) for key in one.refresh_keys - known)
        if one.ok:
            removed.extend((one.row.entity_id, key) for key in known - one.refresh_keys)
    columns: Columns = (("entity_id", "bigint"), ("key", "text"))
    await write.bulk.delete_rows("catalog_refresh_key", columns, sorted(removed))
    await write.bulk.insert("catalog_refresh_key", ("entity_id", "key"), sorted(added))
