"""A graph as a picture of its own, without scripts or anything fetched from elsewhere.

Every text comes from catalog files and so from anybody: it is escaped here and nowhere else.
"""

from __future__ import annotations

from html import escape

from catalog.graph.drawing import lines, one_line
from catalog.graph.layout import MARGIN, Box, label_of, lay_out
from catalog.graph.model import Graph

STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1b2733}.k{font-size:10px;fill:#5b6b7a}"
    ".n{fill:#f4f7fa;stroke:#8aa0b4}.r{stroke:#0b5cad;stroke-width:2}.m{stroke-dasharray:4 3;fill:#fff}"
    ".e{fill:none;stroke:#9aaabb}.l{font-size:9px;fill:#5b6b7a;text-anchor:middle}"
)


def svg(graph: Graph) -> str:
    drawn = lines(graph)
    layout = lay_out(graph.nodes, drawn)
    note = 20 if graph.truncated_at is not None else 0
    width, height = round(layout.width), round(layout.height) + note
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img"><title>{escape(one_line(", ".join(graph.roots), 200))}</title><style>{STYLE}</style>'
        '<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#9aaabb"/></marker></defs>'
    ]
    for edge in drawn:
        path, x, y = _curve(layout.boxes[edge.source], layout.boxes[edge.target])
        out.append(f'<path class="e" d="{path}" marker-end="url(#a)"/>')
        out.append(f'<text class="l" x="{x:.0f}" y="{y:.0f}">{escape(one_line(edge.type, 24))}</text>')
    for node in graph.nodes:
        box = layout.boxes[node.ref]
        marks = "n" + (" r" if node.ref in graph.roots else "") + ("" if node.exists else " m")
        out.append(
            f"<g><title>{escape(one_line(node.ref, 200))}</title>"
            f'<rect class="{marks}" x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}" '
            f'rx="6"/><text x="{box.x + 12:.0f}" y="{box.y + 17:.0f}">{escape(label_of(node))}</text>'
            f'<text class="k" x="{box.x + 12:.0f}" y="{box.y + 32:.0f}">{escape(one_line(node.kind, 24))}</text></g>'
        )
    if graph.truncated_at is not None:
        out.append(
            f'<text class="k" x="{MARGIN}" y="{height - 8}">'
            f"More entities at depth {graph.truncated_at} than the limit allows</text>"
        )
    return "".join([*out, "</svg>"])


def _curve(source: Box, target: Box) -> tuple[str, float, float]:
    """A line from one box to another and the place of its label; a loop where both stand in one column."""
    y1, y2 = source.y + source.height / 2, target.y + target.height / 2
    if source.x < target.x:
        x1, x2 = source.x + source.width, target.x
        bend = (x2 - x1) / 2
        return _path(x1, y1, x1 + bend, x2 - bend, x2, y2), (x1 + x2) / 2, (y1 + y2) / 2 - 4
    if source.x > target.x:
        x1, x2 = source.x, target.x + target.width
        bend = (x1 - x2) / 2
        return _path(x1, y1, x1 - bend, x2 + bend, x2, y2), (x1 + x2) / 2, (y1 + y2) / 2 - 4
    x1, x2 = source.x + source.width, target.x + target.width
    if source == target:
        y1, y2 = source.y + 10, source.y + source.height - 10
    return _path(x1, y1, x1 + 45, x2 + 45, x2, y2), max(x1, x2) + 40, (y1 + y2) / 2 - 4


def _path(x1: float, y1: float, c1: float, c2: float, x2: float, y2: float) -> str:
    return f"M{x1:.0f} {y1:.0f}C{c1:.0f} {y1:.0f} {c2:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
