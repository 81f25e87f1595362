"""Which sources were turned away from which refs. Source: spec/catalog.md §4.3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from catalog.store.unprocessed import Conflict
from catalog.store.writing import CatalogWrite


async def store_conflicts(
    write: CatalogWrite, sources: Mapping[int, str], conflicts: Iterable[Conflict]
) -> list[Conflict]:
    """Replace what is known of these sources' conflicts.

    Args:
        sources: position in the batch → `entity:<ref>` or `provider:<name>`; all whose emissions are complete.

    Returns:
        Those conflicts that are news.
    """
    rows = await write.bulk.select(
        "SELECT source, entity_ref, location_key FROM catalog_conflict", "source", "text", set(sources.values())
    )
    before = {(source, ref, key) for source, ref, key in rows}
    now = {(sources[one.source], one.entity.ref, one.entity.location_key or ""): one for one in conflicts}
    gone = sorted((ref, key) for source, ref, key in before if (source, ref, key) not in now)
    await write.bulk.delete_rows("catalog_conflict", (("entity_ref", "text"), ("location_key", "text")), gone)
    news = {identity: one for identity, one in now.items() if identity not in before}
    await write.bulk.insert_new(
        "catalog_conflict",
        (
            ("entity_ref", "text"),
            ("location_key", "text"),
            ("held_by", "text"),
            ("source", "text"),
            ("at", "bigint"),
        ),
        [(ref, key, one.held_by or "", source, write.now) for (source, ref, key), one in sorted(news.items())],
        conflict="(entity_ref, location_key) DO UPDATE SET held_by = excluded.held_by, source = excluded.source, "
        "at = excluded.at",
    )
    return list(news.values())
