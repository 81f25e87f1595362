"""The stitch queue: refs whose final entity is to be put together anew. Asking twice is asking once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from catalog.store.writing import CatalogWrite

# A moment later than the one before, whatever the clock says: who is just stitching notices the new request.
_AGAIN = (
    "(entity_ref) DO UPDATE SET requested_at = CASE "
    "WHEN catalog_stitch_queue.requested_at >= excluded.requested_at THEN catalog_stitch_queue.requested_at + 1 "
    "ELSE excluded.requested_at END"
)


async def request_stitching(write: CatalogWrite, causes: Mapping[str, str]) -> None:
    """Ref → JSON of the cause. The cause of an earlier request stands."""
    await write.bulk.insert_new(
        "catalog_stitch_queue",
        (("entity_ref", "text"), ("requested_at", "bigint"), ("cause", "text")),
        [(ref, write.now, cause) for ref, cause in sorted(causes.items())],
        conflict=_AGAIN,
    )
    if causes:
        write.wake()


async def finish_requests(write: CatalogWrite, seen: Iterable[tuple[str, int]]) -> None:
    """Forget requests, `(ref, requested_at)`, unless they were made again meanwhile."""
    await write.bulk.delete_rows(
        "catalog_stitch_queue", (("entity_ref", "text"), ("requested_at", "bigint")), sorted(seen)
    )
