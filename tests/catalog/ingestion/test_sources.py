"""Locations are read, and what they hold comes in, changes and goes. Source: spec/catalog.md §4.4, §4.6, §4.9."""

from __future__ import annotations

from datetime import timedelta

from app.errors import CallboardError
from catalog.interfaces import Cause, LocationSpec
from tests.catalog.world import Sources, World, component, group, location, open_world, user
from tests.conftest import AnyDatabase

ASKED = Cause("api", {"operation": "refresh"}, "user:default/somebody")
URL = "https://git.example/a/catalog-info.yaml"


async def test_entities_of_a_registered_location_come_in_with_their_origin(world: World) -> None:
    world.sources.put(URL, component("Svc-One"), component("svc-two", namespace="other"))
    await world.register(URL)
    entity = await world.present("component:default/svc-one")
    assert entity["metadata"]["name"] == "Svc-One"
    assert entity["metadata"]["namespace"] == "default"
    assert entity["metadata"]["annotations"] == {
        "backstage.io/managed-by-location": f"url:{URL}",
        "backstage.io/managed-by-origin-location": f"url:{URL}",
        "backstage.io/view-url": URL,
    }
    assert await world.refs("component:") == ["component:default/svc-one", "component:other/svc-two"]


async def test_nested_locations_are_followed_relative_to_their_own(world: World) -> None:
    world.sources.put("https://git.example/all.yaml", location("all", "./b.yaml", "https://other.example/c.yaml"))
    world.sources.put("https://git.example/b.yaml", location("inner", "./d.yaml"))
    world.sources.put("https://git.example/d.yaml", component("deep"))
    world.sources.put("https://other.example/c.yaml", component("far"))
    await world.register("https://git.example/all.yaml")
    assert await world.refs("component:") == ["component:default/deep", "component:default/far"]
    story = await world.control.explain(ref="component:default/deep")
    assert story["path"][0] == "provider:DefaultLocationStore"
    assert story["path"][-2:] == ["location:default/all", "location:default/inner"]


async def test_a_location_that_emits_itself_is_left_alone(world: World) -> None:
    world.sources.put(URL, location("loop", "./catalog-info.yaml"))
    await world.register(URL)
    assert "location:default/loop" in await world.refs()


async def test_relations_show_on_both_sides_and_go_with_their_source(world: World) -> None:
    world.sources.put(URL, component("svc", dependsOn=["component:other"]), component("other"), group("team-a"))
    await world.register(URL)
    assert await world.relations("component:default/other") == [
        ("dependencyOf", "component:default/svc"),
        ("ownedBy", "group:default/team-a"),
    ]
    world.sources.put(URL, component("svc"), component("other"), group("team-a"))
    await world.look_again()
    assert await world.relations("component:default/other") == [("ownedBy", "group:default/team-a")]
    assert await world.relations("component:default/svc") == [("ownedBy", "group:default/team-a")]


async def test_a_relation_waits_for_an_entity_that_comes_later(world: World) -> None:
    world.sources.put(URL, component("svc", dependsOn=["component:late"]))
    await world.register(URL)
    world.sources.put("https://git.example/b.yaml", component("late"))
    await world.register("https://git.example/b.yaml")
    assert ("dependencyOf", "component:default/svc") in await world.relations("component:default/late")


async def test_uid_and_etag_stay_while_nothing_changes_and_the_etag_moves_with_the_content(world: World) -> None:
    world.sources.put(URL, component("svc"))
    await world.register(URL)
    first = (await world.present("component:default/svc"))["metadata"]
    for ref in ("component:default/svc", "location:default/" + (await world.refs("location:"))[0].rpartition("/")[2]):
        await world.control.refresh(ref, cause=ASKED)
    await world.settle()
    second = (await world.present("component:default/svc"))["metadata"]
    assert second == first
    world.sources.put(URL, component("svc", lifecycle="deprecated"))
    await world.look_again()
    third = (await world.present("component:default/svc"))["metadata"]
    assert third["uid"] == first["uid"]
    assert third["etag"] != first["etag"]


async def test_one_bad_document_keeps_everything_of_its_location_as_it_was(world: World) -> None:
    world.sources.put(URL, component("one"), component("two"))
    await world.register(URL)
    world.sources.put(URL, component("one", lifecycle="new"), "kind: [unclosed", component("three"))
    await world.look_again()
    assert (await world.present("component:default/one"))["spec"]["lifecycle"] == "production"
    assert await world.refs("component:") == ["component:default/one", "component:default/two"]
    (ref,) = await world.refs("location:")
    (item,) = (await world.present(ref))["status"]["items"]
    assert item["level"] == "error"
    assert URL in item["message"]
    world.sources.put(URL, component("one", lifecycle="new"), component("three"))
    await world.look_again()
    assert "status" not in await world.present(ref)
    assert await world.refs("component:") == ["component:default/one", "component:default/three"]
    assert (await world.present("component:default/one"))["spec"]["lifecycle"] == "new"


async def test_a_child_that_is_not_valid_hinders_nobody_else(world: World) -> None:
    world.sources.put(URL, component("good"), component("bad", owner=5))
    await world.register(URL)
    assert await world.refs("component:") == ["component:default/good"]
    (problem,) = await world.problems("component:default/bad")
    assert "/spec/owner must be string" in problem


async def test_a_child_that_turns_bad_keeps_its_last_good_version_and_says_so(world: World) -> None:
    world.sources.put(URL, component("svc", version=1))
    await world.register(URL)
    world.sources.put(URL, component("svc", version=2, owner=5))
    await world.look_again()
    entity = await world.present("component:default/svc")
    assert entity["spec"]["version"] == 1
    assert "/spec/owner must be string" in entity["status"]["items"][0]["message"]


async def test_a_failing_host_takes_nothing_away(world: World) -> None:
    world.sources.put(URL, component("svc"))
    await world.register(URL)
    for failure in (CallboardError("500 Internal Server Error"), OSError("half a body")):
        world.sources.broken[URL] = failure
        await world.look_again()
        assert await world.refs("component:") == ["component:default/svc"]
    (ref,) = await world.refs("location:")
    assert "half a body" in (await world.present(ref))["status"]["items"][0]["message"]
    world.sources.broken.clear()
    await world.look_again()
    assert "status" not in await world.present(ref)


async def test_children_of_a_file_that_vanished_stay_unless_it_was_optional(world: World) -> None:
    needed, wanted = "https://git.example/needed.yaml", "https://git.example/wanted.yaml"
    world.sources.put(needed, component("needed"))
    world.sources.put(wanted, component("wanted"))
    world.sources.put(URL, location("a", needed), location("b", wanted, presence="optional"))
    await world.register(URL)
    world.sources.remove(needed)
    world.sources.remove(wanted)
    await world.look_again()
    assert await world.refs("component:") == ["component:default/needed"]
    assert "no matching files found" in (await world.present("location:default/a"))["status"]["items"][0]["message"]
    assert "status" not in await world.present("location:default/b")


async def test_a_web_location_reads_no_file_of_the_server(world: World) -> None:
    world.sources.put(URL, location("escape", "/etc/passwd", type="file"))
    await world.register(URL)
    assert await world.problems("location:default/escape") == [
        'InputError: Registered locations must be of an allowed type ["url"]'
    ]
    assert "/etc/passwd" not in world.sources.reads


async def test_a_web_location_reads_no_repository_of_the_server(world: World) -> None:
    world.sources.put(URL, location("escape", "file:///srv/git/secret.git", type="git"))
    await world.register(URL)
    (problem,) = await world.problems("location:default/escape")
    assert "may only be named by the configuration" in problem


async def test_kinds_come_only_from_where_rules_allow(database: AnyDatabase) -> None:
    async with open_world(database, rules=None) as world:
        world.sources.put(URL, component("svc"), user("guest"))
        await world.register(URL)
        assert await world.refs("component:") == []
        (ref,) = [row[0] for row in await world.database.read("SELECT entity_ref FROM catalog_refresh_state")]
        assert await world.problems(ref) == [
            f"NotAllowedError: Entity user:default/guest at url:{URL}, originated at url:{URL}, is not of an allowed "
            "kind for that location"
        ]


async def test_entities_whose_keys_differ_only_in_case_stay_out_and_it_is_said_why(world: World) -> None:
    world.sources.put(URL, component("clash", Foo=1, foo=2), component("fine"))
    await world.register(URL)
    assert await world.refs("component:") == ["component:default/fine"]
    (problem,) = await world.problems("component:default/clash")
    assert "vary only in casing" in problem
    failed = await world.control.unprocessed("failed", None)
    assert [row["entity_ref"] for row in failed] == ["component:default/clash"]
    world.sources.put(URL, component("clash", foo=2), component("fine"))
    await world.look_again()
    assert await world.problems("component:default/clash") == []
    assert "component:default/clash" in await world.refs()


async def test_what_databases_cannot_hold_hinders_nobody(world: World) -> None:
    odd = component("odd", owner="nul\0led", text="a\0b", tags=["x\0y"])
    long = component("long", owner="o" * 5000)
    world.sources.put(URL, odd, long, component("fine"))
    await world.register(URL)
    assert await world.refs("component:") == ["component:default/fine", "component:default/odd"]
    assert (await world.present("component:default/odd"))["spec"]["text"] == "a\0b"
    (problem,) = await world.problems("component:default/long")
    assert "too long" in problem


async def test_a_group_with_very_many_members_is_put_together_a_few_times_only(world: World) -> None:
    members = [user(f"member-{number}", "crowd") for number in range(3000)]
    world.sources.put(URL, group("crowd"), *members)
    await world.register(URL)
    assert len(await world.relations("group:default/crowd")) == 3000
    rows = await world.database.read(
        "SELECT count(*) FROM catalog_revision WHERE entity_ref = ?", "group:default/crowd"
    )
    assert rows[0][0] <= 5


async def test_configured_locations_come_in_at_the_start_and_go_when_they_are_configured_no_more(
    database: AnyDatabase,
) -> None:
    sources = Sources()
    sources.put("/etc/catalog/a.yaml", component("from-a"))
    sources.put("/etc/catalog/b.yaml", component("from-b"))
    both = [LocationSpec("file", "/etc/catalog/a.yaml"), LocationSpec("file", "/etc/catalog/b.yaml")]
    async with open_world(database, locations=both, sources=sources) as world:
        await world.settle()
        assert await world.refs("component:") == ["component:default/from-a", "component:default/from-b"]
    async with open_world(database, locations=both[:1], sources=sources) as world:
        await world.settle()
        assert await world.refs("component:") == ["component:default/from-a"]
        await world.check()


async def test_an_orphan_is_kept_and_marked_if_so_configured(database: AnyDatabase) -> None:
    async with open_world(database, settings={"orphanStrategy": "keep"}) as world:
        world.sources.put(URL, component("stays"), component("goes"))
        await world.register(URL)
        world.sources.put(URL, component("stays"))
        await world.look_again()
        orphan = await world.present("component:default/goes")
        assert orphan["metadata"]["annotations"]["backstage.io/orphan"] == "true"
        assert (await world.control.explain(ref="component:default/goes"))["state"]["orphan"] is True
        world.sources.put(URL, component("stays"), component("goes"))
        await world.look_again()
        adopted = await world.present("component:default/goes")
        assert "backstage.io/orphan" not in adopted["metadata"]["annotations"]
        assert adopted["metadata"]["uid"] == orphan["metadata"]["uid"]
        await world.check()


async def test_time_alone_changes_nothing(world: World) -> None:
    world.sources.put(URL, component("svc"))
    await world.register(URL)
    before = await world.revision()
    await world.later(timedelta(days=30))
    assert await world.revision() == before


async def test_a_file_that_is_gone_for_good_costs_a_conditional_request_and_may_come_back(world: World) -> None:
    """Source: FIELD, row 16."""
    world.sources.knows_absences = True
    world.sources.put(URL, component("gone"))
    await world.register(URL)
    world.sources.remove(URL)
    await world.look_again()
    reads, checks = world.sources.reads.count(URL), world.sources.checks.count(URL)
    for _ in range(3):
        await world.look_again()
    assert (world.sources.reads.count(URL), world.sources.checks.count(URL)) == (reads, checks + 3)
    assert await world.refs("component:") == ["component:default/gone"]
    world.sources.put(URL, component("back"))
    await world.look_again()
    assert await world.refs("component:") == ["component:default/back"]
