"""Where in the text a member of a document stands."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.ingestion import yaml_syntax as syntax

Path = Sequence[str | int]


def position_of(root: syntax.Node, path: Path) -> int:
    """The position of the key or list item that a path leads to, or of the innermost one on the way that is there."""
    node: syntax.Node = root
    position = root.position
    for step in path:
        following = _below(node, step)
        if following is None:
            break
        position, inner = following
        if inner is None:
            break
        node = inner
    return position


def _below(node: syntax.Node, step: str | int) -> tuple[int, syntax.Node | None] | None:
    if isinstance(node, syntax.Mapping):
        for key, value in node.pairs:
            if isinstance(key, syntax.Scalar) and key.text == str(step):
                return key.position, value
    elif isinstance(node, syntax.Sequence) and isinstance(step, int) and step < len(node.items):
        item = node.items[step]
        return item.position, item
    return None
