"""The graph, owners and explanations over HTTP."""

from __future__ import annotations

from xml.etree import ElementTree

import httpx
import pytest

from tests.catalog.graph.test_walk import relate
from tests.catalog.routes.world import World

WEB, TEAM = "component:default/web", "group:default/team-a"


@pytest.fixture(autouse=True)
async def related(client: httpx.AsyncClient, world: World) -> None:
    await relate(world.database, [(WEB, "ownedBy", TEAM), (TEAM, "ownerOf", WEB), (WEB, "dependsOn", "api:default/x")])


async def test_a_graph_is_one_answer(client: httpx.AsyncClient) -> None:
    found = (await client.get("/graph", params={"ref": "Component:Web", "relations": "ownedBy,dependsOn"})).json()
    assert found == {
        "roots": [WEB],
        "nodes": [
            {
                "ref": WEB,
                "kind": "Component",
                "namespace": "default",
                "name": "Web",
                "depth": 0,
                "exists": True,
                "type": "website",
            },
            {"ref": "api:default/x", "kind": "api", "namespace": "default", "name": "x", "depth": 1, "exists": False},
            {
                "ref": TEAM,
                "kind": "Group",
                "namespace": "default",
                "name": "team-a",
                "depth": 1,
                "exists": True,
                "type": "team",
            },
        ],
        "edges": [
            {"source": WEB, "type": "dependsOn", "target": "api:default/x"},
            {"source": WEB, "type": "ownedBy", "target": TEAM},
        ],
        "truncated": False,
    }


async def test_a_graph_that_is_cut_off_says_so(client: httpx.AsyncClient) -> None:
    found = (await client.get(f"/graph?ref={WEB}&limit=2")).json()
    assert (len(found["nodes"]), found["truncated"], found["truncatedAt"]) == (2, True, 1)


@pytest.mark.parametrize(
    ("form", "media_type", "start"),
    [
        ("mermaid", "text/vnd.mermaid; charset=utf-8", "flowchart LR\n"),
        ("dot", "text/vnd.graphviz; charset=utf-8", "digraph catalog {\n"),
        ("svg", "image/svg+xml; charset=utf-8", "<svg "),
    ],
)
async def test_a_graph_is_drawn(client: httpx.AsyncClient, form: str, media_type: str, start: str) -> None:
    drawn = await client.get("/graph", params={"ref": WEB, "format": form})
    assert drawn.headers["content-type"] == media_type
    assert drawn.text.startswith(start)
    if form == "svg":
        ElementTree.fromstring(drawn.text)
        assert "default-src 'none'" in drawn.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("", 400),
        ("ref=", 400),
        ("ref=web", 400),
        ("ref=component:default/none", 404),
        (f"ref={WEB}&depth=21", 400),
        (f"ref={WEB}&depth=-1", 400),
        (f"ref={WEB}&limit=0", 400),
        (f"ref={WEB}&format=png", 400),
        (f"ref={WEB}&direction=up", 400),
        ("ref=a:b/c&ref=a:b/d&limit=1", 400),
        ("&".join(["ref=a:b/c"] * 101), 400),
    ],
)
async def test_a_graph_that_cannot_be_drawn_is_refused(client: httpx.AsyncClient, asked: str, status: int) -> None:
    assert (await client.get(f"/graph?{asked}")).status_code == status


@pytest.mark.parametrize("path", [f"/owners/{TEAM}", "/owners/Group:default%2Fteam-a", "/owners/group:team-a"])
async def test_what_a_group_owns_comes_in_pages(client: httpx.AsyncClient, path: str) -> None:
    first = (await client.get(path, params={"limit": 1, "fields": "metadata.name"})).json()
    assert (first["owner"], first["owners"], first["ownersTruncated"]) == (TEAM, [{"ref": TEAM, "path": [TEAM]}], False)
    assert (first["items"], first["totalItems"]) == ([{"metadata": {"name": "Web"}}], 2)
    cursor = first["pageInfo"]["nextCursor"]
    second = (await client.get(path, params={"limit": 1, "fields": "metadata.name", "cursor": cursor})).json()
    assert (second["items"], second["pageInfo"]) == ([{"metadata": {"name": "worker"}}], {})


async def test_what_is_owned_can_be_limited_to_kinds(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/owners/{TEAM}?kinds=component,API")).json()["totalItems"] == 2
    assert (await client.get(f"/owners/{TEAM}?kinds=api")).json()["totalItems"] == 0


@pytest.mark.parametrize("cursor", ["zzz", "WzFd", "e30="])
async def test_a_cursor_of_nobody_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    assert (await client.get(f"/owners/{TEAM}", params={"cursor": cursor})).status_code == 400


async def test_nobody_owns_what_is_not_there(client: httpx.AsyncClient) -> None:
    missing = await client.get("/owners/group:default/none")
    assert (missing.status_code, missing.json()["error"]["message"]) == (404, "No such entity group:default/none")


async def test_an_explanation_is_for_machines_and_for_people(client: httpx.AsyncClient, world: World) -> None:
    world.control.stories[WEB] = {"entityRef": WEB, "found": True, "summary": ["It is there."]}
    assert (await client.get("/explain", params={"ref": "Component:Web"})).json()["summary"] == ["It is there."]
    text = await client.get("/explain", params={"ref": WEB, "format": "text"})
    assert (text.headers["content-type"], text.text) == ("text/plain; charset=utf-8", f"{WEB}\n\n  It is there.\n")


@pytest.mark.parametrize("asked", ["", f"ref={WEB}&url=https://x.example", "ref=web"])
async def test_one_thing_at_a_time_is_explained(client: httpx.AsyncClient, asked: str) -> None:
    assert (await client.get(f"/explain?{asked}")).status_code == 400


async def invoke(client: httpx.AsyncClient, action: str, given: dict[str, object]) -> httpx.Response:
    url = f"http://catalog.example/api/callboard/.backstage/actions/v1/actions/callboard:{action}/invoke"
    return await client.post(url, json=given)


async def test_agents_get_the_same_graph(client: httpx.AsyncClient) -> None:
    asked = {"entityRefs": ["Component:Web"], "relations": ["ownedBy", "dependsOn"], "limit": 2}
    output = (await invoke(client, "get-entity-graph", asked)).json()["output"]
    assert output == (await client.get("/graph?ref=Component:Web&relations=ownedBy,dependsOn&limit=2")).json()
    assert (await invoke(client, "get-entity-graph", {"entityRefs": []})).status_code == 400


async def test_agents_get_what_a_group_owns(client: httpx.AsyncClient) -> None:
    asked = {"entityRef": TEAM, "kinds": ["component"], "fields": ["metadata.name"], "limit": 1}
    output = (await invoke(client, "get-owned-entities", asked)).json()["output"]
    assert (output["owner"], output["totalItems"]) == (TEAM, 2)
    assert output["items"] == [{"metadata": {"name": "Web"}}]
    second = (await invoke(client, "get-owned-entities", {**asked, "offset": 1})).json()["output"]
    assert second["items"] == [{"metadata": {"name": "worker"}}]
    assert (await invoke(client, "get-owned-entities", {"entityRef": "group:default/nobody"})).status_code == 404


async def test_agents_get_explanations(client: httpx.AsyncClient, world: World) -> None:
    world.control.stories = {WEB: {"ref": WEB, "status": "present"}}
    output = (await invoke(client, "explain-entity", {"entityRef": "Component:Web"})).json()["output"]
    assert output == (await client.get("/explain", params={"ref": WEB})).json()
    for asked in ({}, {"entityRef": WEB, "url": "https://git.example/a"}):
        assert (await invoke(client, "explain-entity", dict(asked))).status_code == 400


async def test_agents_see_no_more_than_their_users(client: httpx.AsyncClient, world: World) -> None:
    world.policy.deny("catalog.entity.read", "catalog.entities.unprocessed.read")
    for action, given in (
        ("get-entity-graph", {"entityRefs": [WEB]}),
        ("get-owned-entities", {"entityRef": TEAM}),
        ("explain-entity", {"entityRef": WEB}),
    ):
        assert (await invoke(client, action, dict(given))).status_code in (403, 404)
