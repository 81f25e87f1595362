"""The graph in the database, walked on both engines, and held against a walk in plain Python."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.database.sqlite import SqliteDatabase
from app.errors import NotFoundError
from app.interfaces import Database
from catalog.graph.model import Edge, Graph, GraphRequest
from catalog.graph.ownership import Ownership
from catalog.graph.walk import GraphWalker
from tests.catalog.routes.fakes import MemoryEntities, an_entity
from tests.catalog.routes.world import make_tables
from tests.conftest import AnyDatabase

Direction = Literal["outgoing", "incoming", "both"]


async def relate(database: Database, edges: Iterable[tuple[str, str, str]]) -> None:
    async with database.write() as transaction:
        # Two origins tell the same relation, as a component and its system would.
        await transaction.execute_many(
            "INSERT INTO catalog_relation (origin_id, source_ref, type, target_ref) VALUES (?, ?, ?, ?)",
            [(origin, *edge) for edge in edges for origin in (1, 2)],
        )


async def clear(database: Database) -> None:
    async with database.write() as transaction:
        await transaction.execute("DELETE FROM catalog_relation")


def component(name: str) -> str:
    return f"component:default/{name}"


ENTITIES = MemoryEntities(
    [
        *(an_entity(f"Component:default/{name}", type="service") for name in "abcd"),
        an_entity("Group:default/team"),
        an_entity("Group:default/sub"),
        an_entity("Group:default/leaf"),
        an_entity("User:default/mia"),
    ]
)
EDGES = [
    (component("a"), "dependsOn", component("b")),
    (component("b"), "dependencyOf", component("a")),
    (component("b"), "dependsOn", component("c")),
    (component("c"), "dependsOn", component("a")),
    (component("c"), "dependsOn", component("gone")),
    (component("a"), "ownedBy", "group:default/team"),
    ("group:default/team", "ownerOf", component("a")),
    (component("gone"), "dependsOn", component("d")),
]


@pytest.fixture
async def graph(database: AnyDatabase) -> AsyncIterator[GraphWalker]:
    await make_tables(database)
    await relate(database, EDGES)
    yield GraphWalker(database, ENTITIES)


def refs(graph: Graph) -> dict[str, int]:
    return {node.ref.partition("/")[2]: node.depth for node in graph.nodes}


async def test_a_walk_goes_as_far_as_it_is_told(graph: GraphWalker) -> None:
    depths = [refs(await graph.walk(GraphRequest((component("a"),), depth=depth))) for depth in range(4)]
    assert depths == [
        {"a": 0},
        {"a": 0, "b": 1, "team": 1},
        {"a": 0, "b": 1, "team": 1, "c": 2},
        {"a": 0, "b": 1, "team": 1, "c": 2, "gone": 3},
    ]


async def test_only_relations_that_were_walked_are_told_each_once(graph: GraphWalker) -> None:
    near = await graph.walk(GraphRequest((component("a"),), depth=1))
    far = await graph.walk(GraphRequest((component("a"),), depth=2))
    assert [edge.type for edge in near.edges] == ["dependsOn", "ownedBy"]
    assert Edge("group:default/team", "ownerOf", component("a")) in far.edges
    assert len(far.edges) == len(set(far.edges)) == 5


async def test_a_cycle_ends(graph: GraphWalker) -> None:
    found = await graph.walk(GraphRequest((component("a"),), depth=20, relations=("dependsOn",)))
    assert refs(found) == {"a": 0, "b": 1, "c": 2, "gone": 3}
    assert Edge(component("c"), "dependsOn", component("a")) in found.edges


async def test_incoming_relations_are_told_by_entities_that_exist(graph: GraphWalker) -> None:
    found = await graph.walk(GraphRequest((component("a"),), depth=1, direction="incoming"))
    assert refs(found) == {"a": 0, "b": 1, "c": 1, "team": 1}
    # What does not exist tells nothing, although the store remembers a relation of it.
    nobody = await graph.walk(GraphRequest((component("d"),), depth=5, direction="incoming"))
    assert (refs(nobody), nobody.edges) == ({"d": 0}, [])


async def test_both_directions_and_several_roots(graph: GraphWalker) -> None:
    roots = (component("b"), "group:default/team", component("b"))
    found = await graph.walk(GraphRequest(roots, depth=1, direction="both"))
    assert found.roots == roots[:2]
    assert refs(found) == {"b": 0, "team": 0, "a": 1, "c": 1}


async def test_only_kinds_that_are_wanted_are_walked(graph: GraphWalker) -> None:
    found = await graph.walk(GraphRequest((component("a"),), depth=9, kinds=("group", "user")))
    assert refs(found) == {"a": 0, "team": 1}


async def test_a_relation_to_nothing_ends_in_a_node_that_does_not_exist(graph: GraphWalker) -> None:
    found = await graph.walk(GraphRequest((component("c"),), depth=9, relations=("dependsOn",), direction="outgoing"))
    exists = {node.name: node.exists for node in found.nodes}
    assert exists == {"c": True, "a": True, "gone": False, "b": True}
    assert all(edge.source != component("gone") for edge in found.edges)


async def test_there_is_no_graph_around_nothing(graph: GraphWalker) -> None:
    with pytest.raises(NotFoundError):
        await graph.walk(GraphRequest((component("nope"),)))
    mixed = await graph.walk(GraphRequest((component("nope"), component("b")), depth=0))
    assert [node.exists for node in mixed.nodes] == [False, True]


async def test_what_cannot_be_seen_is_not_walked_through(graph: GraphWalker) -> None:
    hide_b = {"$not": {"metadata.name": "b"}}
    outgoing = await graph.walk(GraphRequest((component("a"),), depth=9), visible=hide_b)
    incoming = await graph.walk(GraphRequest((component("c"),), depth=9, direction="incoming"), visible=hide_b)
    assert {node.name: node.exists for node in outgoing.nodes} == {"a": True, "team": True}
    assert "b" not in {ref.rpartition("/")[2] for edge in outgoing.edges for ref in (edge.source, edge.target)}
    assert refs(incoming) == {"c": 0}
    with pytest.raises(NotFoundError):
        await graph.walk(GraphRequest((component("b"),)), visible=hide_b)


async def test_a_graph_that_is_cut_off_says_where(graph: GraphWalker) -> None:
    cut = await graph.walk(GraphRequest((component("a"),), depth=9, limit=2))
    whole = await graph.walk(GraphRequest((component("a"),), depth=9, limit=5))
    assert (refs(cut), cut.truncated_at) == ({"a": 0, "b": 1}, 1)
    assert (len(whole.nodes), whole.truncated_at) == (5, None)


async def test_hidden_neighbours_do_not_take_the_place_of_visible_ones(database: AnyDatabase) -> None:
    await make_tables(database)
    names = [f"n{number:02}" for number in range(40)]
    await relate(database, [(component(name), "dependsOn", component("hub")) for name in names])
    entities = MemoryEntities([an_entity(f"Component:default/{name}") for name in [*names, "hub"]])
    asked = GraphRequest((component("hub"),), direction="incoming", limit=4)
    last = {"metadata.name": {"$in": ["hub", *names[-3:]]}}
    found = await GraphWalker(database, entities).walk(asked, visible=last)
    assert refs(found) == {"hub": 0, "n37": 1, "n38": 1, "n39": 1}
    assert found.truncated_at is None


class TestOwnership:
    @pytest.fixture
    async def ownership(self, database: AnyDatabase) -> Ownership:
        await make_tables(database)
        member, parent = "memberOf", "parentOf"
        await relate(
            database,
            [
                ("user:default/mia", member, "group:default/team"),
                ("group:default/team", "hasMember", "user:default/mia"),
                ("group:default/team", parent, "group:default/sub"),
                ("group:default/sub", "childOf", "group:default/team"),
                ("group:default/sub", parent, "group:default/leaf"),
                ("group:default/leaf", parent, "group:default/team"),
                ("group:default/team", member, "group:default/odd"),
            ],
        )
        return Ownership(database, ENTITIES)

    async def test_a_user_owns_through_its_groups_and_theirs(self, ownership: Ownership) -> None:
        owners, complete = await ownership.owners("user:default/mia", 20)
        assert complete
        assert [[ref.partition("/")[2] for ref in owner.path] for owner in owners] == [
            ["mia"],
            ["mia", "team"],
            ["mia", "team", "sub"],
            ["mia", "team", "sub", "leaf"],
        ]

    async def test_a_group_in_a_cycle_is_counted_once(self, ownership: Ownership) -> None:
        owners, _ = await ownership.owners("group:default/leaf", 20)
        assert [owner.ref for owner in owners] == [f"group:default/{name}" for name in ("leaf", "team", "sub")]

    @pytest.mark.parametrize(("depth", "count"), [(0, 1), (1, 2), (2, 3)])
    async def test_depth_limits_how_far_away_an_owner_may_be(
        self, ownership: Ownership, depth: int, count: int
    ) -> None:
        assert len((await ownership.owners("user:default/mia", depth))[0]) == count

    async def test_a_group_that_cannot_be_seen_leads_nowhere(self, ownership: Ownership) -> None:
        hide = {"$not": {"metadata.name": "sub"}}
        owners, _ = await ownership.owners("user:default/mia", 20, visible=hide)
        assert [owner.ref for owner in owners] == ["user:default/mia", "group:default/team"]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[str, str, str]], GraphRequest]:
    names = [component(name) for name in "abcdexyz"]  # x, y and z do not exist
    edge = st.tuples(st.sampled_from(names), st.sampled_from(["dependsOn", "partOf"]), st.sampled_from(names))
    request = GraphRequest(
        roots=tuple(draw(st.lists(st.sampled_from(names[:4]), min_size=1, max_size=3, unique=True))),
        depth=draw(st.integers(0, 5)),
        direction=draw(st.sampled_from(["outgoing", "incoming", "both"])),
        relations=draw(st.sampled_from([(), ("dependsOn",)])),
    )
    return draw(st.lists(edge, max_size=25, unique=True)), request


def walked_in_python(edges: list[tuple[str, str, str]], request: GraphRequest) -> tuple[dict[str, int], set[Edge]]:
    real = {component(name) for name in "abcde"}
    usable = [Edge(*edge) for edge in edges if edge[0] in real]
    usable = [edge for edge in usable if not request.relations or edge.type in request.relations]
    steps: list[tuple[str, str, Edge]] = []
    if request.direction != "incoming":
        steps += [(edge.source, edge.target, edge) for edge in usable]
    if request.direction != "outgoing":
        steps += [(edge.target, edge.source, edge) for edge in usable]
    depth_of = dict.fromkeys(request.roots, 0)
    for depth in range(1, request.depth + 1):
        for near, far, _ in steps:
            if near in real and depth_of.get(near) == depth - 1 and far not in depth_of:
                depth_of[far] = depth
    inner = {ref for ref, depth in depth_of.items() if depth < request.depth and ref in real}
    return depth_of, {edge for near, far, edge in steps if near in inner and far in depth_of}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("walks") / "walks.sqlite"


@given(case=graphs())
@settings(max_examples=80, deadline=None)
def test_a_walk_finds_what_plain_python_finds(
    file: Path, case: tuple[list[tuple[str, str, str]], GraphRequest]
) -> None:
    edges, request = case

    async def run() -> None:
        database = SqliteDatabase(file)
        await database.start()
        try:
            await make_tables(database)
            await clear(database)
            await relate(database, edges)
            entities = MemoryEntities([an_entity(f"Component:default/{name}") for name in "abcde"])
            found = await GraphWalker(database, entities).walk(request)
            depth_of, told = walked_in_python(edges, request)
            assert {node.ref: node.depth for node in found.nodes} == depth_of
            assert set(found.edges) == told
        finally:
            await database.close()

    asyncio.run(run())
