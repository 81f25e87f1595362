"""A graph in Graphviz's language."""

from __future__ import annotations

from catalog.graph.drawing import lines, one_line
from catalog.graph.model import Graph


def _quoted(*parts: str) -> str:
    return '"' + "\\n".join(one_line(part).replace("\\", "\\\\").replace('"', '\\"') for part in parts) + '"'


def dot(graph: Graph) -> str:
    ids = {node.ref: f"n{index}" for index, node in enumerate(graph.nodes)}
    out = ["digraph catalog {", "  rankdir=LR;", "  node [shape=box, style=rounded];"]
    for node in graph.nodes:
        style = "" if node.exists else ', style="rounded,dashed"'
        width = ", penwidth=2" if node.ref in graph.roots else ""
        out.append(f"  {ids[node.ref]} [label={_quoted(node.label, node.kind)}{style}{width}];")
    out += [f"  {ids[edge.source]} -> {ids[edge.target]} [label={_quoted(edge.type)}];" for edge in lines(graph)]
    if graph.truncated_at is not None:
        out.append(f"  // more entities at depth {graph.truncated_at} than the limit allows")
    return "\n".join([*out, "}"]) + "\n"
