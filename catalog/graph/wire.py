"""A graph as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from catalog.graph.model import Graph, Node


def graph_document(graph: Graph) -> dict[str, Any]:
    found: dict[str, Any] = {
        "roots": list(graph.roots),
        "nodes": [_node(node) for node in graph.nodes],
        "edges": [edge._asdict() for edge in graph.edges],
        "truncated": graph.truncated_at is not None,
    }
    if graph.truncated_at is not None:
        found["truncatedAt"] = graph.truncated_at
    return found


def _node(node: Node) -> dict[str, Any]:
    return {key: value for key, value in asdict(node).items() if value is not None}
