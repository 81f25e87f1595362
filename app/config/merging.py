"""Layers of configuration become one tree: objects are merged, everything else is replaced, null is absent."""

from __future__ import annotations

from app.config.nodes import Node


def merge(lower: Node, upper: Node) -> Node:
    """`upper` over `lower`. An absent upper value lets the lower one through."""
    if upper.value is None:
        return lower
    if not isinstance(upper.value, dict) or not isinstance(lower.value, dict):
        return prune(upper)
    members = dict(lower.value)
    for key, node in upper.value.items():
        members[key] = merge(members[key], node) if key in members else prune(node)
    return Node({key: node for key, node in members.items() if node.value is not None}, upper.place)


def prune(node: Node) -> Node:
    """The node without its absent members."""
    if isinstance(node.value, dict):
        return Node({k: prune(v) for k, v in node.value.items() if v.value is not None}, node.place)
    if isinstance(node.value, list):
        return Node([prune(v) for v in node.value if v.value is not None], node.place)
    return node
