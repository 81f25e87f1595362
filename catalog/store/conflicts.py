"""Which sources were turned away from which refs. Source: spec/catalog.md §4.3."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from catalog.interfaces import Cause
from catalog.store.references import Edge, edges_to, store_edges
from catalog.store.unprocessed import Conflict, make_due
from catalog.store.writing import CatalogWrite, cause_json

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


async def hand_over(write: CatalogWrite, dying: Collection[str]) -> set[str]:
    """Give refs that nothing keeps alive any more to entities that were turned away from them: the same entity, uid and
    all, from another place. What was moved is so neither deleted nor made anew.

    An heir is processed at once, and says what the entity is now, or that it is no more. Gives the refs that live on.
    """
    rows = await write.bulk.select(
        "SELECT entity_ref, location_key, source FROM catalog_conflict", "entity_ref", "text", dying
    )
    claimed = sorted((ref, source[7:], key) for ref, key, source in rows if source.startswith("entity:"))
    wanted = {heir for _, heir, _ in claimed if heir not in dying}
    found = await write.bulk.select(
        "SELECT entity_ref, entity_id FROM catalog_refresh_state", "entity_ref", "text", wanted
    )
    ids: dict[str, int] = {row[0]: row[1] for row in found}
    heirs: dict[str, tuple[str, str]] = {}
    for ref, heir, key in claimed:
        if heir in ids:
            heirs.setdefault(ref, (heir, key))
    if not heirs:
        return set()
    gone = {edge for edge in await edges_to(write, heirs) if edge.source_ref is None or edge.source_ref in dying}
    await store_edges(write, {Edge(None, heir, ref) for ref, (heir, _) in heirs.items()}, gone)
    await write.bulk.update(
        "catalog_refresh_state",
        ("entity_ref", "text"),
        (("location_key", "text"),),
        [(ref, key or None) for ref, (_, key) in sorted(heirs.items())],
    )
    over = sorted((ref, key) for ref, (_, key) in heirs.items())
    await write.bulk.delete_rows("catalog_conflict", (("entity_ref", "text"), ("location_key", "text")), over)
    cause = cause_json(Cause("location", {"handOver": sorted(heirs)[:10]}))
    await make_due(write, sorted({ids[heir] for heir, _ in heirs.values()}), cause, forget=True)
    return set(heirs)
