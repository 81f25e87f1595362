"""Who owns a ref, who is turned away, and who takes over. Source: spec/catalog.md §4.3."""

from __future__ import annotations

from catalog.ingestion.adoption import Emission, bring_in
from catalog.ingestion.mutation import prepare
from catalog.interfaces import Cause, DeferredEntity, LocationSpec
from catalog.store.writing import cause_json
from tests.catalog.world import SOMEBODY, World, component, located, location

FIRST = "https://git.example/first.yaml"
SECOND = "https://git.example/second.yaml"


async def test_the_first_source_keeps_the_name_and_the_second_brings_in_its_others(world: World) -> None:
    world.sources.put(FIRST, component("shared", version=1))
    world.sources.put(SECOND, component("Shared", version=2), component("own"))
    await world.register(FIRST)
    await world.register(SECOND)
    assert (await world.present("component:default/shared"))["spec"]["version"] == 1
    assert "component:default/own" in await world.refs()
    (told,) = world.events.of("experimental.catalog.conflict")
    assert told["entityRef"] == "component:default/shared"
    assert told["existingLocationKey"] == f"url:{FIRST}"
    assert told["newLocationKey"] == f"url:{SECOND}"
    assert told["unprocessedEntity"]["spec"]["version"] == 2
    (conflict,) = (await world.control.explain(ref="component:default/shared"))["conflicts"]
    assert conflict["locationKey"] == f"url:{SECOND}"


async def test_a_conflict_is_told_once_and_not_with_every_look(world: World) -> None:
    world.sources.put(FIRST, component("shared"))
    world.sources.put(SECOND, component("shared"))
    await world.register(FIRST)
    await world.register(SECOND)
    for version in range(3):
        world.sources.put(SECOND, component("shared"), component("other", version=version))
        await world.look_again()
    assert len(world.events.of("experimental.catalog.conflict")) == 1


async def test_the_second_takes_over_when_the_first_is_unregistered(world: World) -> None:
    world.sources.put(FIRST, component("shared", version=1))
    world.sources.put(SECOND, component("shared", version=2))
    first = await world.register(FIRST)
    await world.register(SECOND)
    await world.locations.delete(first, actor=SOMEBODY)
    await world.settle()
    assert (await world.present("component:default/shared"))["spec"]["version"] == 2
    assert (await world.control.explain(ref="component:default/shared"))["conflicts"] == []


async def test_the_second_takes_over_when_the_first_emits_it_no_more(world: World) -> None:
    world.sources.put(FIRST, component("shared", version=1), component("other"))
    world.sources.put(SECOND, component("shared", version=2))
    await world.register(FIRST)
    await world.register(SECOND)
    world.sources.put(FIRST, component("other"))
    await world.look_again()
    assert (await world.present("component:default/shared"))["spec"]["version"] == 2


async def test_an_entity_that_moves_between_two_files_keeps_its_uid(world: World) -> None:
    world.sources.put(FIRST, component("moving"), component("a"))
    world.sources.put(SECOND, component("b"))
    world.sources.put("https://git.example/all.yaml", location("one", FIRST), location("two", SECOND))
    await world.register("https://git.example/all.yaml")
    uid = (await world.present("component:default/moving"))["metadata"]["uid"]
    world.sources.put(FIRST, component("a"))
    world.sources.put(SECOND, component("b"), component("moving"))
    await world.look_again()
    moved = await world.present("component:default/moving")
    assert moved["metadata"]["annotations"]["backstage.io/managed-by-location"] == f"url:{SECOND}"
    assert moved["metadata"]["uid"] == uid
    # Which of the two files is stored first is open; a conflict seen in between is over.
    assert (await world.control.explain(ref="component:default/moving"))["conflicts"] == []


async def test_what_moves_within_one_batch_is_no_conflict_at_any_time(world: World) -> None:
    world.sources.put(FIRST, component("moving"), component("a"))
    world.sources.put(SECOND, component("b"))
    await world.register(FIRST)
    await world.register(SECOND)
    cause = cause_json(Cause("operator"))

    async def emits(holds: str, *names: str) -> Emission:
        rows = await world.database.read(
            "SELECT source_ref FROM catalog_refresh_reference WHERE target_ref = ?", f"component:default/{holds}"
        )
        key = f"url:{FIRST if holds == 'a' else SECOND}"
        children = [prepare(DeferredEntity(located(component(name), key), key)) for name in names]
        return Emission(cause, children, source_ref=rows[0][0])

    takes, leaves = await emits("b", "b", "moving"), await emits("a", "a")
    async with world.store.write() as write:
        brought = await bring_in(write, [takes, leaves])
    await world.settle()
    assert brought.conflicts == []
    moved = await world.present("component:default/moving")
    assert moved["metadata"]["annotations"]["backstage.io/managed-by-location"] == f"url:{SECOND}"


async def test_two_locations_of_one_file_share_what_it_holds(world: World) -> None:
    shared = "https://git.example/shared.yaml"
    world.sources.put(shared, component("svc"))
    world.sources.put(FIRST, location("a", "./shared.yaml"))
    world.sources.put(SECOND, location("b", "./shared.yaml"))
    first = await world.register(FIRST)
    await world.register(SECOND)
    parents = await world.control.lineage("component:default/svc")
    assert sorted(parents["component:default/svc"]) == ["location:default/a", "location:default/b"]
    await world.locations.delete(first, actor=SOMEBODY)
    await world.settle()
    assert "component:default/svc" in await world.refs()


async def test_the_last_of_two_documents_with_one_name_in_a_file_counts(world: World) -> None:
    world.sources.put(FIRST, component("twice", version=1), component("Twice", version=2))
    await world.register(FIRST)
    assert (await world.present("component:default/twice"))["spec"]["version"] == 2
    assert world.events.of("experimental.catalog.conflict") == []


async def test_an_entity_stays_the_same_when_another_location_takes_it_over(world: World) -> None:
    """A repository was renamed: its new location is known before the old one goes."""
    world.sources.put(FIRST, component("kept", version=1), component("left"))
    world.sources.put(SECOND, component("kept", version=2))
    first = await world.register(FIRST)
    uid = (await world.present("component:default/kept"))["metadata"]["uid"]
    await world.register(SECOND)
    await world.locations.delete(first, actor=SOMEBODY)
    await world.settle()
    kept = await world.present("component:default/kept")
    assert (kept["metadata"]["uid"], kept["spec"]["version"]) == (uid, 2)
    assert kept["metadata"]["annotations"]["backstage.io/managed-by-location"] == f"url:{SECOND}"
    assert "component:default/left" not in await world.refs()
    await world.check()
    world.sources.put(SECOND, component("other"))
    await world.look_again()
    assert await world.refs("component") == ["component:default/other"]


async def test_what_an_heir_does_not_emit_any_more_goes_after_all(world: World) -> None:
    world.sources.put(FIRST, component("shared"))
    world.sources.put(SECOND, component("shared"))
    first = await world.register(FIRST)
    await world.register(SECOND)
    world.sources.put(SECOND, component("own"))
    await world.locations.delete(first, actor=SOMEBODY)
    await world.settle()
    assert await world.refs("component") == ["component:default/own"]
    await world.check()


async def test_entities_stay_the_same_when_their_location_gets_another_target(world: World) -> None:
    world.sources.put(FIRST, component("kept"), component("left"))
    world.sources.put(SECOND, component("kept"))
    first = await world.register(FIRST)
    uid = (await world.present("component:default/kept"))["metadata"]["uid"]
    await world.locations.update(first, LocationSpec("url", SECOND), actor=SOMEBODY)
    await world.settle()
    assert (await world.present("component:default/kept"))["metadata"]["uid"] == uid
    assert "component:default/left" not in await world.refs()
    assert world.events.of("experimental.catalog.conflict") == []
    await world.check()


async def test_an_entity_that_moves_within_a_glob_stays_the_same(world: World) -> None:
    old, new = "https://git.example/a/b.yaml", "https://git.example/a/a.yaml"
    world.sources.put(old, component("moving"))
    await world.register("https://git.example/a/*.yaml")
    uid = (await world.present("component:default/moving"))["metadata"]["uid"]
    world.sources.put(new, component("moving", version=2))
    await world.look_again()
    assert "version" not in (await world.present("component:default/moving"))["spec"]  # the old one still has it
    world.sources.remove(old)
    await world.look_again()
    moved = await world.present("component:default/moving")
    assert (moved["metadata"]["uid"], moved["spec"]["version"]) == (uid, 2)
    await world.check()
