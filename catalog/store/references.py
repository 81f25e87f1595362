"""Who emitted whom: edges from providers and entities to entities. Source: spec/catalog.md §4.1, §4.9."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal, NamedTuple

from app.interfaces import Database
from catalog.store.writing import CatalogWrite

MAX_DEPTH = 1000
"""Generations followed downwards; the walk ends by itself where nothing new turns up."""


class Edge(NamedTuple):
    """From a provider (`source_key`) or an entity (`source_ref`), never both."""

    source_key: str | None
    source_ref: str | None
    target_ref: str


async def edges_from(
    write: CatalogWrite, side: Literal["source_key", "source_ref"], sources: Iterable[str]
) -> set[Edge]:
    rows = await write.bulk.select(
        "SELECT source_key, source_ref, target_ref FROM catalog_refresh_reference", side, "text", sources
    )
    return {Edge(*row) for row in rows}


async def edges_to(write: CatalogWrite, refs: Iterable[str]) -> set[Edge]:
    rows = await write.bulk.select(
        "SELECT source_key, source_ref, target_ref FROM catalog_refresh_reference", "target_ref", "text", refs
    )
    return {Edge(*row) for row in rows}


async def store_edges(write: CatalogWrite, added: Collection[Edge], removed: Collection[Edge]) -> None:
    if added or removed:
        write.edges_changed()
    for column in ("source_key", "source_ref"):
        gone = sorted((source, edge.target_ref) for edge in removed if (source := getattr(edge, column)) is not None)
        await write.bulk.delete_rows("catalog_refresh_reference", ((column, "text"), ("target_ref", "text")), gone)
    await write.bulk.insert(
        "catalog_refresh_reference",
        ("source_key", "source_ref", "target_ref"),
        sorted((tuple(edge) for edge in added), key=lambda edge: str(edge[2])),
    )


async def unreachable(write: CatalogWrite, candidates: Iterable[str]) -> set[str]:
    """Those of the candidates and of all they emitted that nothing else keeps alive.

    An entity lives while a provider names it or a living entity emits it: entities that only emit one another in a
    circle do not keep each other.
    """
    below: set[str] = set(candidates)
    frontier = below
    for _ in range(MAX_DEPTH):
        rows = await write.bulk.select(
            "SELECT DISTINCT target_ref FROM catalog_refresh_reference", "source_ref", "text", frontier
        )
        frontier = {row[0] for row in rows} - below
        if not frontier:
            break
        below |= frontier
    inside: dict[str, list[str]] = {}
    alive: list[str] = []
    for edge in await edges_to(write, below):
        if edge.source_ref is None or edge.source_ref not in below:
            alive.append(edge.target_ref)
        else:
            inside.setdefault(edge.source_ref, []).append(edge.target_ref)
    living = set(alive)
    while alive:
        for target in inside.get(alive.pop(), ()):
            if target not in living:
                living.add(target)
                alive.append(target)
    return below - living


async def provider_names(database: Database) -> list[str]:
    """All providers that own entities."""
    # One look-up a name, not one an entity: the index is walked from name to name.
    rows = await database.read(
        "WITH RECURSIVE names(name) AS ("
        "SELECT MIN(source_key) FROM catalog_refresh_reference WHERE source_key IS NOT NULL UNION ALL "
        "SELECT (SELECT MIN(r.source_key) FROM catalog_refresh_reference r WHERE r.source_key > names.name) "
        "FROM names WHERE names.name IS NOT NULL) SELECT name FROM names WHERE name IS NOT NULL"
    )
    return [row[0] for row in rows]
