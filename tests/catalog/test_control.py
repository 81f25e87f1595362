"""Explaining, refreshing, parents: what clients ask beside reading and registering. Source: spec/catalog.md §1.4."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.errors import CallboardError, NotFoundError
from catalog.interfaces import Cause
from tests.catalog.world import SOMEBODY, World, component, location

URL = "https://git.example/a.yaml"
ASKED = Cause("api", {"operation": "refresh"}, "user:default/somebody")


async def test_an_explanation_tells_where_an_entity_came_from_and_what_shaped_it(world: World) -> None:
    world.sources.put(URL, component("svc", dependsOn=["component:other"]))
    await world.register(URL)
    story = await world.control.explain(ref="Component:Default/SVC")
    assert story["found"] is True
    assert story["summary"][0].startswith(f"component:default/svc comes from url:{URL}, by way of provider:")
    assert story["state"]["originLocation"] == f"url:{URL}"
    assert [one["change"] for one in story["revisions"]] == ["created"]
    assert story["revisions"][0]["cause"]["detail"]["location"] == f"url:{URL}"
    steps = {(one["step"], one["phase"]): one for one in story["steps"]}
    assert steps["AnnotateLocationEntityProcessor", "pre-process"]["changed"] == [
        "metadata.annotations.backstage.io/view-url"
    ]
    assert ("BuiltinKindsEntityProcessor", "validate") in steps
    assert steps["BuiltinKindsEntityProcessor", "post-process"]["emitted"] == 4


async def test_what_is_gone_is_explained_by_its_history(world: World) -> None:
    world.sources.put(URL, component("svc"))
    registered = await world.register(URL)
    await world.locations.delete(registered, actor=SOMEBODY)
    await world.settle()
    story = await world.control.explain(ref="component:default/svc")
    assert story["found"] is False
    assert story["summary"][0] == "component:default/svc is not in the catalog, and no source has it."
    assert "a client asked for it, user:default/somebody" in story["summary"][1]


async def test_a_url_is_explained_by_who_reads_it(world: World) -> None:
    world.sources.put(URL, component("a"), "b: [")
    await world.register(URL)
    story = await world.control.explain(url=URL)
    assert story["found"] is True
    assert any("YAML error" in sentence for sentence in story["summary"])
    story = await world.control.explain(url="https://git.example/never.yaml")
    assert story["found"] is False
    assert story["summary"][0] == "No location in the catalog reads https://git.example/never.yaml."


async def test_what_nothing_emits_cannot_be_refreshed(world: World) -> None:
    for ref in ("component:default/none", "none", ""):
        with pytest.raises(NotFoundError, match=f"Entity {ref} not found"):
            await world.control.refresh(ref, cause=ASKED)


async def test_an_ancestry_deeper_than_any_real_one_is_refused(world: World) -> None:
    for number in range(40):
        world.sources.put(f"https://git.example/{number}.yaml", location(f"at-{number}", f"./{number + 1}.yaml"))
    world.sources.put("https://git.example/40.yaml", component("deep"))
    await world.register("https://git.example/0.yaml")
    with pytest.raises(CallboardError, match="deeper than 32"):
        await world.control.refresh("component:default/deep", cause=ASKED)


async def test_it_is_said_when_nothing_is_left_to_do(world: World) -> None:
    world.sources.put(URL, component("svc"))
    await world.register(URL)
    assert await world.control.settled(timeout=timedelta(seconds=1))
    (ref,) = await world.refs("location:")
    await world.control.refresh(ref, cause=ASKED)
    assert not await world.control.settled(timeout=timedelta(milliseconds=200))
    await world.settle()
    assert await world.control.settled(timeout=timedelta(seconds=1))
