"""Where to draw the nodes of a graph: a column a depth, and in each the order that crosses fewest lines.

Layers are given (the depth of each node), so what is left of the usual layered method is its ordering by the
mean of the neighbours, swept forth and back a few times. Deterministic, linear in nodes and edges for each sweep.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from catalog.graph.drawing import one_line
from catalog.graph.model import Edge, Node

SWEEPS: Final = 6
ROW: Final = 56
"""From one node's top to the next one's, in pixels."""
HEIGHT: Final = 40
GAP: Final = 110
"""Between two columns: room for the lines and their labels."""
MARGIN: Final = 16
CHARACTER: Final = 7.2
"""The width of an average character at 12 px, with some to spare."""
LABEL: Final = 32
"""Most characters of a label."""


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float = HEIGHT


@dataclass(frozen=True, slots=True)
class Layout:
    boxes: Mapping[str, Box]
    width: float
    height: float


def label_of(node: Node) -> str:
    return one_line(node.label, LABEL)


def lay_out(nodes: Sequence[Node], edges: Sequence[Edge]) -> Layout:
    """A box for every node; none overlap."""
    columns: dict[int, list[str]] = defaultdict(list)
    for node in nodes:
        columns[node.depth].append(node.ref)
    near: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        near[edge.source].append(edge.target)
        near[edge.target].append(edge.source)
    depth_of = {node.ref: node.depth for node in nodes}
    depths = sorted(columns)
    row = {ref: index for depth in depths for index, ref in enumerate(columns[depth])}
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        for depth in depths if forth else reversed(depths):
            _order(columns[depth], near, row, depth_of, depth - 1 if forth else depth + 1)
    widths = {node.ref: max(len(label_of(node)), len(node.kind)) * CHARACTER + 24 for node in nodes}
    tallest = max((len(column) for column in columns.values()), default=0)
    boxes: dict[str, Box] = {}
    x = float(MARGIN)
    for depth in depths:
        column = columns[depth]
        width = max(widths[ref] for ref in column)
        top = MARGIN + (tallest - len(column)) * ROW / 2
        for index, ref in enumerate(column):
            boxes[ref] = Box(x, top + index * ROW, width)
        x += width + GAP
    return Layout(boxes, max(x - GAP + MARGIN, 2 * MARGIN), tallest * ROW - (ROW - HEIGHT) + 2 * MARGIN)


def _order(
    column: list[str], near: Mapping[str, list[str]], row: dict[str, int], depth_of: Mapping[str, int], beside: int
) -> None:
    """Order a column by where its neighbours in the column beside it stand; who has none stays where it is."""

    def mean(ref: str) -> float:
        rows = [row[other] for other in near.get(ref, ()) if depth_of[other] == beside]
        return sum(rows) / len(rows) if rows else float(row[ref])

    column.sort(key=lambda ref: (mean(ref), row[ref]))
    row.update({ref: index for index, ref in enumerate(column)})
