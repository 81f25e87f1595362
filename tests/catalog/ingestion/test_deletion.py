"""What goes when something is deleted, and what comes back. Source: spec/catalog.md §4.9."""

from __future__ import annotations

from datetime import timedelta

from catalog.interfaces import Cause
from tests.catalog.world import SOMEBODY, World, component, group, location

URL = "https://git.example/a.yaml"
ASKED = Cause("api", {"operation": "delete"}, "user:default/somebody")


async def uid_of(world: World, ref: str) -> str:
    return str((await world.present(ref))["metadata"]["uid"])


async def test_an_unregistered_location_takes_all_it_brought_with_it_at_once(world: World) -> None:
    world.sources.put(URL, component("a"), location("inner", "./b.yaml"))
    world.sources.put("https://git.example/b.yaml", component("b"))
    registered = await world.register(URL)
    assert len(await world.refs()) == 4
    await world.locations.delete(registered, actor=SOMEBODY)
    assert await world.refs() == []
    await world.settle()


async def test_a_deleted_entity_comes_back_under_a_new_uid_while_its_source_has_it(world: World) -> None:
    world.sources.put(URL, component("svc"))
    await world.register(URL)
    uid = await uid_of(world, "component:default/svc")
    await world.control.delete_by_uid(uid.upper(), cause=ASKED)
    assert await world.refs("component:") == []
    await world.settle()
    assert await uid_of(world, "component:default/svc") != uid
    rows = await world.database.read("SELECT actor FROM catalog_revision WHERE change = 'deleted'")
    assert rows == [("user:default/somebody",)]


async def test_deleting_a_location_leaves_its_children_as_they_are_when_it_comes_back(world: World) -> None:
    world.sources.put(URL, location("inner", "./b.yaml"))
    world.sources.put("https://git.example/b.yaml", component("b"))
    await world.register(URL)
    uid = await uid_of(world, "component:default/b")
    await world.control.delete_by_uid(await uid_of(world, "location:default/inner"), cause=ASKED)
    await world.settle()
    await world.later(timedelta(minutes=1))
    assert await uid_of(world, "component:default/b") == uid


async def test_its_children_go_within_half_a_minute_when_it_does_not(world: World) -> None:
    world.sources.put(URL, location("inner", "./b.yaml"))
    world.sources.put("https://git.example/b.yaml", component("b"))
    await world.register(URL)
    uid = await uid_of(world, "location:default/inner")
    world.sources.put(URL, component("instead"))
    await world.control.delete_by_uid(uid, cause=ASKED)
    await world.settle()
    await world.later(timedelta(seconds=30))
    assert await world.refs("component:") == ["component:default/instead"]


async def test_an_unknown_uid_is_no_error(world: World) -> None:
    for uid in ("7f000000-0000-4000-8000-00000000abcd", "nope", "", "\0"):
        await world.control.delete_by_uid(uid, cause=ASKED)


async def test_peers_of_a_deleted_entity_lose_their_relations_to_it(world: World) -> None:
    world.sources.put(URL, component("svc"))
    world.sources.put("https://git.example/b.yaml", group("team-a"))
    registered = await world.register(URL)
    await world.register("https://git.example/b.yaml")
    assert await world.relations("group:default/team-a") == [("ownerOf", "component:default/svc")]
    await world.locations.delete(registered, actor=SOMEBODY)
    await world.settle()
    assert await world.relations("group:default/team-a") == []


async def test_an_entity_that_failed_from_birth_can_be_deleted(world: World) -> None:
    world.sources.put(URL, component("bad", owner=5))
    await world.register(URL)
    (row,) = await world.control.unprocessed("failed", None)
    assert row["entity_ref"] == "component:default/bad"
    assert row["unprocessed_entity"]["spec"]["owner"] == 5
    world.sources.put(URL, component("good"))
    await world.control.delete_unprocessed(row["entity_id"], cause=ASKED)
    await world.settle()
    await world.look_again()
    assert await world.control.unprocessed("failed", None) == []


async def test_unprocessed_entities_are_told_apart_by_owner_and_by_whether_they_failed(world: World) -> None:
    world.sources.put(URL, component("bad", lifecycle=5, owner="team-b"))
    await world.register(URL)
    assert await world.control.unprocessed("pending", None) == []
    assert len(await world.control.unprocessed("failed", "team-b")) == 1
    assert await world.control.unprocessed("failed", "team-c") == []


async def test_entities_that_emit_one_another_in_a_circle_do_not_keep_each_other(world: World) -> None:
    world.sources.put(URL, location("a", "./b.yaml"))
    world.sources.put("https://git.example/b.yaml", location("b", "./c.yaml"))
    world.sources.put("https://git.example/c.yaml", location("a", "./b.yaml"), component("svc"))
    registered = await world.register(URL)
    await world.locations.delete(registered, actor=SOMEBODY)
    await world.settle()
    assert await world.refs() == []
