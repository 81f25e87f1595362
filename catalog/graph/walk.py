"""Walks relations a level at a time: two statements a level, however many entities it has.

Only entities the caller can see are walked through, and only those are in the graph. A relation to nothing stays in it
as a node that does not exist; one to what is hidden from the caller is left out, as it is in entities' documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.errors import NotFoundError
from app.interfaces import Database
from catalog.graph.model import Direction, Edge, Graph, GraphRequest, Node, node_of
from catalog.interfaces import EntitiesCatalog, Query

BATCH: Final = 1000
ROUNDS: Final = 10
"""Most times one level is asked for more, when the entities it found turn out not to be visible."""


class GraphWalker:
    def __init__(self, database: Database, entities: EntitiesCatalog) -> None:
        self._database = database
        self._entities = entities

    async def walk(self, request: GraphRequest, *, visible: Query | None = None) -> Graph:
        """Everything within `depth` relations of the roots, up to `limit` nodes, and the relations walked.

        Raises:
            NotFoundError: none of the roots exists.
        """
        roots = tuple(dict.fromkeys(request.roots))
        nodes = {node.ref: node for node in await self._load(roots, 0, visible)}
        if not any(node.exists for node in nodes.values()):
            raise NotFoundError(f"No such entity {', '.join(roots)}")
        walked: list[str] = []
        truncated_at: int | None = None
        frontier = [ref for ref in roots if nodes[ref].exists]
        for depth in range(1, request.depth + 1):
            walked += frontier
            found, complete = await self._level(request, frontier, nodes, depth, visible)
            nodes.update((node.ref, node) for node in found)
            if not complete:
                truncated_at = depth
            frontier = [node.ref for node in found if node.exists]
            if not frontier or truncated_at is not None:
                break
        edges = await self._edges(walked, nodes, request.direction, request.relations)
        return Graph(roots, list(nodes.values()), edges, truncated_at)

    async def _level(
        self, request: GraphRequest, frontier: list[str], seen: Mapping[str, Node], depth: int, visible: Query | None
    ) -> tuple[list[Node], bool]:
        """The next level, in ref order, and whether that is all of it."""
        room, last, kept = request.limit - len(seen), "", list[str]()
        batch = room + 1 if request.direction == "outgoing" else max(room + 1, BATCH)
        complete = False
        for _ in range(ROUNDS):
            found = await self._neighbours(request, frontier, seen, after=last, limit=batch)
            complete = len(found) < batch
            # A relation is told by its source: one whose source cannot be seen has not been told to this caller.
            doubtful = [ref for ref, told in found if not told]
            seen_sources = await self._entities.matching(doubtful, visible or {}) if doubtful else set()
            kept += [ref for ref, told in found if told or ref in seen_sources]
            if complete or len(kept) > room:
                break
            last = found[-1][0]
        return await self._load(kept[:room], depth, visible), complete and len(kept) <= room

    async def _load(self, refs: Iterable[str], depth: int, visible: Query | None) -> list[Node]:
        wanted = list(refs)
        documents = await self._entities.by_refs(wanted, visible=visible)
        missing = [ref for ref, document in zip(wanted, documents, strict=True) if document is None]
        hidden = await self._entities.matching(missing, {}) if visible is not None and missing else set[str]()
        return [
            node_of(ref, document, depth) for ref, document in zip(wanted, documents, strict=True) if ref not in hidden
        ]

    async def _neighbours(
        self, request: GraphRequest, frontier: list[str], seen: Iterable[str], *, after: str, limit: int
    ) -> list[tuple[str, bool]]:
        """Refs beside the frontier, ascending, and of each whether the frontier's own relations name it."""
        database = self._database
        selects, params = list[str](), list[Any]()
        for near, far in _ends(request.direction):
            where = [database.any_of(near, "text")]
            params.append(database.array(frontier))
            if request.relations:
                where.append(database.any_of("type", "text"))
                params.append(database.array(request.relations))
            told = int(near == "source_ref")
            selects.append(f"SELECT {far} AS ref, {told} AS told FROM catalog_relation WHERE {' AND '.join(where)}")  # noqa: S608
        conditions = ["ref > ?", f"NOT ({database.any_of('ref', 'text')})"]
        params += [after, database.array(seen)]
        if request.kinds:
            conditions.append("(" + " OR ".join(["substr(ref, 1, ?) = ?"] * len(request.kinds)) + ")")
            for kind in request.kinds:
                params += [len(kind) + 1, f"{kind}:"]
        rows = await database.read(
            # Materialized, or the planner may walk all relations by their other end to have them in order.
            f"WITH neighbour AS MATERIALIZED ({' UNION ALL '.join(selects)}) SELECT ref, MAX(told) FROM neighbour "  # noqa: S608
            f"WHERE {' AND '.join(conditions)} GROUP BY ref ORDER BY ref LIMIT ?",
            *params,
            limit,
        )
        return [(ref, bool(told)) for ref, told in rows]

    async def _edges(
        self, walked: list[str], nodes: Mapping[str, Node], direction: Direction, relations: tuple[str, ...]
    ) -> list[Edge]:
        database, found = self._database, set[Edge]()
        for near, far in _ends(direction):
            where = [database.any_of(near, "text"), database.any_of(far, "text")]
            params: list[Any] = [database.array(walked), database.array(nodes)]
            if relations:
                where.append(database.any_of("type", "text"))
                params.append(database.array(relations))
            rows = await database.read(
                f"SELECT DISTINCT source_ref, type, target_ref FROM catalog_relation WHERE {' AND '.join(where)}",  # noqa: S608
                *params,
            )
            found.update(Edge(*row) for row in rows if nodes[row[0]].exists)
        return sorted(found)


def _ends(direction: Direction) -> list[tuple[str, str]]:
    """The columns of the end that is known and the end that is looked for."""
    outgoing, incoming = ("source_ref", "target_ref"), ("target_ref", "source_ref")
    return {"outgoing": [outgoing], "incoming": [incoming], "both": [outgoing, incoming]}[direction]
