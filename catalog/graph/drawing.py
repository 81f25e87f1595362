"""What a drawing shows of a graph: one line for a relation and its inverse, which say the same thing twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from catalog.graph.model import Edge, Graph

INVERSE: Final[Mapping[str, str]] = {
    "ownerOf": "ownedBy",
    "apiConsumedBy": "consumesApi",
    "apiProvidedBy": "providesApi",
    "dependencyOf": "dependsOn",
    "childOf": "parentOf",
    "hasMember": "memberOf",
    "hasPart": "partOf",
}
"""Relation types that are drawn as their inverse. Source: spec/catalog.md §3.5."""


def lines(graph: Graph) -> Sequence[Edge]:
    """The relations to draw, each pair once, in a stable order."""
    drawn = dict.fromkeys(
        Edge(edge.target, INVERSE[edge.type], edge.source) if edge.type in INVERSE else edge for edge in graph.edges
    )
    return list(drawn)


def one_line(text: str, limit: int = 60) -> str:
    """Text without control characters, shortened to what a label can hold."""
    clean = "".join(" " if char.isspace() or not char.isprintable() else char for char in text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
