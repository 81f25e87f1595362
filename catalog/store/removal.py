"""Takes entities out of the catalog, with all that belongs to them. Source: spec/catalog.md §4.9."""

from __future__ import annotations

from array import array
from collections.abc import Collection
from sys import byteorder

from catalog.interfaces import Cause
from catalog.store.bulk import Columns
from catalog.store.stitch_queue import request_stitching
from catalog.store.unprocessed import make_due
from catalog.store.writing import CatalogWrite, cause_json

POSTING: Columns = (("term_id", "bigint"), ("entity_id", "bigint"))


def term_ids(blob: bytes) -> array[int]:
    """The term ids in a final entity's `terms`."""
    ids = array("I")
    ids.frombytes(blob)
    if byteorder == "big":
        ids.byteswap()
    return ids


def terms_blob(ids: array[int]) -> bytes:
    """Term ids as little-endian uint32."""
    if byteorder == "big":
        ids = array("I", ids)
        ids.byteswap()
    return ids.tobytes()


async def remove_entities(write: CatalogWrite, refs: Collection[str], cause: str) -> int:
    """Delete the entities at these refs, if there are any: rows, edges, relations, terms; and number the change.

    Entities whose relations came from a deleted one are stitched again. A source that was turned away from one of the
    refs is processed again and takes it over. `cause` is JSON. Gives how many rows of unprocessed entities went.
    """
    if not refs:
        return 0
    bulk = write.bulk
    rows = await bulk.select("SELECT entity_id, entity_ref FROM catalog_refresh_state", "entity_ref", "text", refs)
    ids = sorted(row[0] for row in rows)
    gone = {row[1] for row in rows}
    finals = await bulk.select("SELECT id, entity_ref, hash, terms FROM catalog_entity", "entity_ref", "text", refs)
    neighbours = await bulk.select("SELECT DISTINCT source_ref FROM catalog_relation", "origin_id", "bigint", ids)

    await bulk.delete("catalog_relation", "origin_id", "bigint", ids)
    await bulk.delete("catalog_refresh_key", "entity_id", "bigint", ids)
    write.edges_changed()
    await bulk.delete("catalog_refresh_reference", "source_ref", "text", gone)
    await bulk.delete("catalog_refresh_reference", "target_ref", "text", gone)
    await bulk.delete("catalog_stitch_queue", "entity_ref", "text", refs)
    await bulk.delete("catalog_refresh_state", "entity_id", "bigint", ids)
    await bulk.delete("catalog_entity", "id", "bigint", [row[0] for row in finals])
    pairs = sorted((term, entity_id) for entity_id, _, _, blob in finals for term in term_ids(blob))
    await bulk.delete_rows("catalog_posting", POSTING, pairs)
    for entity_id, ref, digest, _ in sorted(finals, key=lambda row: row[1]):
        write.record(entity_id, ref, "deleted", cause, digest)
    write.deleted += len(finals)

    await request_stitching(write, {row[0]: cause for row in neighbours if row[0] not in gone})
    await bulk.delete("catalog_conflict", "source", "text", [f"entity:{ref}" for ref in gone])
    await _hand_over(write, gone)
    return len(gone)


async def _hand_over(write: CatalogWrite, freed: Collection[str]) -> None:
    """Whoever was turned away from a freed ref gets another chance."""
    rows = await write.bulk.select("SELECT entity_ref, source FROM catalog_conflict", "entity_ref", "text", freed)
    if not rows:
        return
    await write.bulk.delete("catalog_conflict", "entity_ref", "text", {row[0] for row in rows})
    sources = {source.removeprefix("entity:") for _, source in rows if source.startswith("entity:")}
    ids = await write.bulk.select("SELECT entity_id FROM catalog_refresh_state", "entity_ref", "text", sources)
    cause = cause_json(Cause("location", {"handOver": sorted({row[0] for row in rows})[:10]}))
    await make_due(write, [row[0] for row in ids], cause, forget=True)
