"""Makes things due on request: an entity with its locations, or whatever read a source. Source: §1.4, §4.11."""

from __future__ import annotations

from collections.abc import Iterable

from app.errors import CallboardError, NotFoundError
from catalog.store.references import edges_to
from catalog.store.texts import refresh_key
from catalog.store.unprocessed import known_by_refs, make_due
from catalog.store.writing import CatalogWrite

MAX_ANCESTORS = 32


async def refresh_with_locations(write: CatalogWrite, ref: str, cause: str) -> None:
    """The entity and every Location above it are due at once.

    Raises:
        NotFoundError: nothing emits it: it is unknown, or an orphan.
        CallboardError: its ancestry is deeper than any real one.
    """
    asked, frontier = {ref}, {ref}
    for _ in range(MAX_ANCESTORS):
        edges = await edges_to(write, frontier)
        missing = frontier - {edge.target_ref for edge in edges}
        if missing:
            raise NotFoundError(f"Entity {min(missing)} not found")
        frontier = {edge.source_ref for edge in edges if edge.source_ref is not None} - asked
        asked |= frontier
        if not frontier:
            break
    else:
        raise CallboardError(f"The ancestry of {ref} is deeper than {MAX_ANCESTORS}")
    known = await known_by_refs(write, {one for one in asked if one == ref or one.startswith("location:")})
    await make_due(write, [one.entity_id for one in known.values()], cause)


async def refresh_by_keys(write: CatalogWrite, keys: Iterable[str], cause: str) -> int:
    """Whatever emitted one of these refresh keys is due at once. Gives how many entities that were."""
    rows = await write.bulk.select(
        "SELECT DISTINCT entity_id FROM catalog_refresh_key", "key", "text", {refresh_key(key) for key in keys}
    )
    await make_due(write, [row[0] for row in rows], cause)
    return len(rows)
