"""A graph as a Mermaid flowchart, to paste into Markdown."""

from __future__ import annotations

from catalog.graph.drawing import lines, one_line
from catalog.graph.model import Graph

# Mermaid takes `#…;` and HTML entities in quoted labels; a backtick would start its own Markdown.
_ESCAPES = str.maketrans(
    {"#": "#35;", "&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;", "\\": "#92;", "|": "#124;"}
)


def _text(text: str) -> str:
    return one_line(text).translate(_ESCAPES)


def mermaid(graph: Graph) -> str:
    ids = {node.ref: f"n{index}" for index, node in enumerate(graph.nodes)}
    out = [
        "flowchart LR",
        *(f'  {ids[node.ref]}["{_text(node.label)}<br/><small>{_text(node.kind)}</small>"]' for node in graph.nodes),
        *(f'  {ids[edge.source]} -->|"{_text(edge.type)}"| {ids[edge.target]}' for edge in lines(graph)),
    ]
    missing = [ids[node.ref] for node in graph.nodes if not node.exists]
    if missing:
        out += ["  classDef missing stroke-dasharray: 4 3,color:#777", f"  class {','.join(missing)} missing"]
    roots = [ids[ref] for ref in graph.roots if ref in ids]
    out += ["  classDef root stroke-width: 3px", f"  class {','.join(roots)} root"]
    if graph.truncated_at is not None:
        out.append(f"  %% more entities at depth {graph.truncated_at} than the limit allows")
    return "\n".join(out) + "\n"
