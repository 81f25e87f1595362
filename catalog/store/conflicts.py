"""Which sources were turned away from which refs. Source: spec/catalog.md §4.3."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from catalog.store.unprocessed import Conflict
from catalog.store.writing import CatalogWrite

Identity = tuple[str, str, str]
"""Source (`entity:<ref>` or `provider:<name>`), entity ref, location key."""


async def store_conflicts(
    write: CatalogWrite, conflicts: Mapping[Identity, Conflict], *, asked: Collection[str], complete: Collection[str]
) -> list[Conflict]:
    """Bring what is stored about conflicts up to date.

    Args:
        asked: sources that have just emitted something.
        complete: those of them that have emitted all they have: conflicts not among `conflicts` are over.

    Returns:
        Those conflicts that are news.
    """
    rows = await write.bulk.select(
        "SELECT source, entity_ref, location_key FROM catalog_conflict", "source", "text", asked
    )
    before: set[Identity] = {(source, ref, key) for source, ref, key in rows}
    over = sorted((ref, key) for source, ref, key in before - conflicts.keys() if source in complete)
    await write.bulk.delete_rows("catalog_conflict", (("entity_ref", "text"), ("location_key", "text")), over)
    news = {identity: one for identity, one in conflicts.items() if identity not in before}
    # Two sources without a key may be turned away from one ref: one row tells of both.
    rows_of = {(ref, key): (ref, key, one.held_by or "", source, write.now) for (source, ref, key), one in news.items()}
    await write.bulk.insert_new(
        "catalog_conflict",
        (
            ("entity_ref", "text"),
            ("location_key", "text"),
            ("held_by", "text"),
            ("source", "text"),
            ("at", "bigint"),
        ),
        [rows_of[identity] for identity in sorted(rows_of)],
        conflict="(entity_ref, location_key) DO UPDATE SET held_by = excluded.held_by, source = excluded.source, "
        "at = excluded.at",
    )
    return list(news.values())
