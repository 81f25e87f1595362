"""Drawings of the graph: whatever a catalog file says, a drawing stays a drawing."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from catalog.graph.dot import dot
from catalog.graph.drawing import lines
from catalog.graph.layout import HEIGHT, lay_out
from catalog.graph.mermaid import mermaid
from catalog.graph.model import Edge, Graph, Node, canonical, node_of
from catalog.graph.svg import svg

SVG = "{http://www.w3.org/2000/svg}"


def a_node(name: str, depth: int = 0, *, title: str | None = None, exists: bool = True) -> Node:
    return Node(f"component:default/{name}", "Component", "default", name, depth, exists, title)


def an_edge(source: str, kind: str, target: str) -> Edge:
    return Edge(f"component:default/{source}", kind, f"component:default/{target}")


SMALL = Graph(
    ("component:default/a",),
    [a_node("a"), a_node("b", 1, title="Bee"), a_node("c", 1, exists=False)],
    [an_edge("a", "dependsOn", "b"), an_edge("b", "dependencyOf", "a"), an_edge("a", "hasPart", "c")],
    truncated_at=2,
)


def test_a_relation_and_its_inverse_are_one_line() -> None:
    assert lines(SMALL) == [an_edge("a", "dependsOn", "b"), an_edge("c", "partOf", "a")]


def test_a_graph_as_mermaid() -> None:
    assert mermaid(SMALL) == (
        "flowchart LR\n"
        '  n0["a<br/><small>Component</small>"]\n'
        '  n1["Bee<br/><small>Component</small>"]\n'
        '  n2["c<br/><small>Component</small>"]\n'
        '  n0 -->|"dependsOn"| n1\n'
        '  n2 -->|"partOf"| n0\n'
        "  classDef missing stroke-dasharray: 4 3,color:#777\n"
        "  class n2 missing\n"
        "  classDef root stroke-width: 3px\n"
        "  class n0 root\n"
        "  %% more entities at depth 2 than the limit allows\n"
    )


def test_a_graph_as_dot() -> None:
    assert dot(SMALL) == (
        "digraph catalog {\n"
        "  rankdir=LR;\n"
        "  node [shape=box, style=rounded];\n"
        '  n0 [label="a\\nComponent", penwidth=2];\n'
        '  n1 [label="Bee\\nComponent"];\n'
        '  n2 [label="c\\nComponent", style="rounded,dashed"];\n'
        '  n0 -> n1 [label="dependsOn"];\n'
        '  n2 -> n0 [label="partOf"];\n'
        "  // more entities at depth 2 than the limit allows\n"
        "}\n"
    )


def test_a_graph_as_a_picture() -> None:
    picture = ElementTree.fromstring(svg(SMALL))
    texts = [text.text for text in picture.iter(f"{SVG}text")]
    assert [text for text in texts if text != "Component"] == [
        "dependsOn",
        "partOf",
        "a",
        "Bee",
        "c",
        "More entities at depth 2 than the limit allows",
    ]
    assert len(list(picture.iter(f"{SVG}rect"))) == 3


evil = st.text(max_size=40) | st.sampled_from(
    [
        '"]; rm',
        "</text><script>alert(1)</script>",
        "`x`",
        "#quot;",
        "\\",
        '\\"',
        "a\nb",
        "%% c",
        "\x00\ud800",
        "]]>",
        "&lt;",
    ]
)


@given(st.lists(st.tuples(evil, evil), min_size=1, max_size=6))
def test_no_name_breaks_out_of_its_label(given_names: list[tuple[str, str]]) -> None:
    nodes = [
        Node(f"k:n/{index}", kind, "n", str(index), index % 3, title=title or "x")
        for index, (title, kind) in enumerate(given_names)
    ]
    edges = [Edge(nodes[0].ref, kind, node.ref) for node, (_, kind) in zip(nodes, given_names, strict=True)]
    graph = Graph((nodes[0].ref,), nodes, edges)
    picture = ElementTree.fromstring(svg(graph))
    assert {element.tag.removeprefix(SVG) for element in picture.iter()} <= {
        "svg", "title", "style", "defs", "marker", "path", "text", "g", "rect"
    }  # fmt: skip
    flowchart = mermaid(graph).splitlines()
    assert len(flowchart) == 3 + len(nodes) + len(lines(graph))
    for line in flowchart[1:-2]:
        assert re.fullmatch(r'  n\d+(\["[^"`]*"\]| -->\|"[^"`|]*"\| n\d+)', line)
    drawn = dot(graph).splitlines()
    assert len(drawn) == 4 + len(nodes) + len(lines(graph))
    for line in drawn[3:-1]:
        assert re.fullmatch(r'  n\d+( -> n\d+)? \[label="(?:[^"\\]|\\.)*"(, penwidth=2)?\];', line)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.data())
def test_no_two_boxes_overlap_and_all_are_inside(depths: list[int], data: st.DataObject) -> None:
    nodes = [a_node(f"n{index}" * (1 + index % 9), depth) for index, depth in enumerate(depths)]
    ref = st.sampled_from([node.ref for node in nodes])
    edges = [Edge(*edge) for edge in data.draw(st.lists(st.tuples(ref, st.just("x"), ref), max_size=40))]
    layout = lay_out(nodes, edges)
    boxes = [layout.boxes[node.ref] for node in nodes]
    for index, box in enumerate(boxes):
        assert 0 <= box.x <= box.x + box.width <= layout.width
        assert 0 <= box.y <= box.y + HEIGHT <= layout.height
        for other in boxes[index + 1 :]:
            apart = box.x + box.width <= other.x or other.x + other.width <= box.x
            assert apart or box.y + HEIGHT <= other.y or other.y + HEIGHT <= box.y


def test_lines_that_can_be_drawn_without_crossing_are() -> None:
    nodes = [a_node("a"), a_node("b"), *(a_node(name, 1) for name in "wxyz")]
    edges = [an_edge("a", "x", "y"), an_edge("a", "x", "z"), an_edge("b", "x", "w"), an_edge("b", "x", "x")]
    boxes = lay_out(nodes, edges).boxes
    rows = {ref.partition("/")[2]: box.y for ref, box in boxes.items()}
    assert (rows["a"] < rows["b"]) == (max(rows["y"], rows["z"]) < min(rows["w"], rows["x"]))


def test_a_node_speaks_in_its_entitys_words() -> None:
    document = (
        b'{"kind":"User","metadata":{"name":"Mia","namespace":"Default"},"spec":{"profile":{"displayName":"Mia M."}}}'
    )
    node = node_of("user:default/mia", document, 2)
    assert (node.kind, node.name, node.label, node.depth, node.exists) == ("User", "Mia", "Mia M.", 2, True)
    missing = node_of("user:default/mia", None, 1)
    assert (missing.kind, missing.label, missing.exists) == ("user", "mia", False)


@pytest.mark.parametrize(
    ("text", "ref"),
    [("Component:Default/Web", "component:default/web"), (" component:web ", "component:default/web")],
)
def test_a_ref_is_understood_as_people_write_it(text: str, ref: str) -> None:
    assert canonical(text) == ref


@pytest.mark.parametrize("text", ["", "web", "default/web", ":web", "component:", "component:/web", "component:a/"])
def test_a_ref_needs_a_kind_and_a_name(text: str) -> None:
    with pytest.raises(InputError):
        canonical(text)
