"""Full and delta mutations, and the guard against answers that remove too much. Source: spec/catalog.md §4.2."""

from __future__ import annotations

import pytest

from app.errors import InputError, NotFoundError
from catalog.interfaces import DeferredEntity, DeltaMutation, Entity, FullMutation
from tests.catalog.world import SOMEBODY, World, component, located, location, open_world
from tests.conftest import AnyDatabase

WHERE = "url:https://directory.example/"


def emitted(*entities: Entity, key: str | None = "directory") -> list[DeferredEntity]:
    return [DeferredEntity(located(entity, WHERE), key) for entity in entities]


def full(*names: str, key: str | None = "directory") -> FullMutation:
    return FullMutation(emitted(*map(component, names), key=key))


async def test_a_full_mutation_is_all_that_a_provider_has(world: World) -> None:
    directory = world.provider("directory")
    result = await directory.apply_mutation(full("a", "b"))
    assert (result.added, result.updated, result.removed) == (2, 0, 0)
    await world.settle()
    assert await world.refs() == ["component:default/a", "component:default/b"]
    uid = (await world.present("component:default/b"))["metadata"]["uid"]
    result = await directory.apply_mutation(full("b", "c"))
    assert (result.added, result.updated, result.removed) == (1, 0, 1)
    await world.settle()
    assert await world.refs() == ["component:default/b", "component:default/c"]
    assert (await world.present("component:default/b"))["metadata"]["uid"] == uid


async def test_an_answer_like_the_last_one_writes_nothing(world: World) -> None:
    directory = world.provider("directory")
    await directory.apply_mutation(full("a", "b"))
    await world.settle()
    before = await written(world)
    assert (await directory.apply_mutation(full("b", "a"))).updated == 0
    await world.settle()
    assert await written(world) == before


async def written(world: World) -> object:
    """Something that is different after any write to the database."""
    if world.database.dialect == "sqlite":
        # Seen by a connection that is not the writer's.
        return await world.database.data_version()
    return (await world.database.read("SELECT pg_snapshot_xmax(pg_current_snapshot())::text"))[0][0]


async def test_starting_again_over_an_unchanged_catalog_writes_nothing(world: World) -> None:
    world.sources.put(
        "https://git.example/a.yaml", component("svc"), location("more", "./none.yaml", presence="optional")
    )
    await world.register("https://git.example/a.yaml")
    before = await written(world)
    await world.start()
    await world.settle()
    await world.look_again()
    assert await written(world) == before


async def test_a_delta_changes_only_what_it_names(world: World) -> None:
    directory = world.provider("directory")
    await directory.apply_mutation(full("a", "b"))
    changed = component("a", lifecycle="deprecated")
    result = await directory.apply_mutation(
        DeltaMutation(added=emitted(changed, component("c")), removed=["Component:default/B"])
    )
    assert (result.added, result.updated, result.removed) == (1, 1, 1)
    await world.settle()
    assert await world.refs() == ["component:default/a", "component:default/c"]
    assert (await world.present("component:default/a"))["spec"]["lifecycle"] == "deprecated"


async def test_a_delta_removes_nothing_of_other_providers(world: World) -> None:
    await world.provider("one").apply_mutation(full("a", key="one"))
    result = await world.provider("two").apply_mutation(DeltaMutation(removed=["component:default/a"]))
    assert result.removed == 0
    await world.settle()
    assert await world.refs() == ["component:default/a"]


async def test_an_invalid_envelope_refuses_the_whole_mutation(world: World) -> None:
    directory = world.provider("directory")
    nameless = {**component("x"), "metadata": {"annotations": {}}}
    with pytest.raises(InputError, match="must have required property 'name'"):
        await directory.apply_mutation(FullMutation([*emitted(component("a")), DeferredEntity(nameless)]))
    await world.settle()
    assert await world.refs() == []


async def test_a_new_location_key_makes_a_new_entity(world: World) -> None:
    directory = world.provider("directory")
    await directory.apply_mutation(full("a", key="old"))
    await world.settle()
    uid = (await world.present("component:default/a"))["metadata"]["uid"]
    await directory.apply_mutation(full("a", key="new"))
    await world.settle()
    assert (await world.present("component:default/a"))["metadata"]["uid"] != uid


async def test_entities_of_providers_are_not_held_against_the_rules(database: AnyDatabase) -> None:
    async with open_world(database, rules=None) as world:
        user = {**component("x"), "kind": "User", "spec": {"memberOf": []}}
        await world.provider("directory").apply_mutation(FullMutation(emitted(user)))
        await world.settle()
        assert await world.refs() == ["user:default/x"]


async def test_what_a_removed_entity_emitted_goes_with_it_unless_something_else_emits_it(world: World) -> None:
    world.sources.put("https://git.example/a.yaml", component("only-a"), location("shared", "./c.yaml"))
    world.sources.put("https://git.example/b.yaml", location("shared-b", "./c.yaml"))
    world.sources.put("https://git.example/c.yaml", component("both"))
    directory = world.provider("directory")
    first = location("a", "https://git.example/a.yaml", type="url")
    second = location("b", "https://git.example/b.yaml", type="url")
    await directory.apply_mutation(FullMutation(emitted(first, second)))
    await world.settle()
    assert await world.refs("component:") == ["component:default/both", "component:default/only-a"]
    await directory.apply_mutation(FullMutation(emitted(second)))
    assert await world.refs("component:") == ["component:default/both"]
    await world.settle()
    assert await world.refs() == ["component:default/both", "location:default/b", "location:default/shared-b"]


async def test_an_answer_that_removes_too_much_waits_for_a_word(world: World) -> None:
    directory = world.provider("directory")
    everybody = [f"person-{number}" for number in range(100)]
    await directory.apply_mutation(full(*everybody))
    await world.settle()
    result = await directory.apply_mutation(full(*everybody[:60], "newcomer"))
    assert result.held is not None
    await world.settle()
    assert len(await world.refs()) == 100
    (held,) = await world.control.held_mutations()
    assert (held["provider"], held["owned"], held["wouldRemove"]) == ("directory", 100, 40)
    assert held["removed"][0] == "component:default/person-60"
    (told,) = world.events.of("callboard.catalog.held")
    assert told == {"provider": "directory", "id": result.held, "wouldRemove": 40, "owned": 100}

    released = await world.control.release_mutation(result.held, actor=SOMEBODY)
    assert (released.added, released.removed) == (1, 40)
    await world.settle()
    assert len(await world.refs()) == 61
    assert await world.control.held_mutations() == []
    rows = await world.database.read("SELECT DISTINCT actor FROM catalog_revision WHERE change = 'deleted'")
    assert rows == [("user:default/somebody",)]


async def test_an_empty_answer_deletes_nothing_by_itself(world: World) -> None:
    directory = world.provider("directory")
    await directory.apply_mutation(full(*(f"person-{number}" for number in range(30))))
    assert (await directory.apply_mutation(full())).held is not None
    await world.settle()
    assert len(await world.refs()) == 30


async def test_a_provider_that_thinks_again_needs_no_word(world: World) -> None:
    directory = world.provider("directory")
    everybody = [f"person-{number}" for number in range(30)]
    await directory.apply_mutation(full(*everybody))
    held = (await directory.apply_mutation(full())).held
    await directory.apply_mutation(full(*everybody))
    assert await world.control.held_mutations() == []
    assert held is not None
    with pytest.raises(NotFoundError):
        await world.control.release_mutation(held, actor=SOMEBODY)
    await world.settle()


async def test_a_held_mutation_may_be_discarded(world: World) -> None:
    directory = world.provider("directory")
    await directory.apply_mutation(full(*(f"person-{number}" for number in range(30))))
    held = (await directory.apply_mutation(full())).held
    assert held is not None
    await world.control.discard_mutation(held, actor=SOMEBODY)
    assert await world.control.held_mutations() == []
    await world.settle()
    assert len(await world.refs()) == 30


async def test_a_few_may_always_go(world: World) -> None:
    directory = world.provider("directory")
    await directory.apply_mutation(full(*(f"person-{number}" for number in range(20))))
    result = await directory.apply_mutation(full())
    assert (result.held, result.removed) == (None, 20)


async def test_what_a_provider_left_behind_goes_at_the_start_when_it_is_not_installed_any_more(world: World) -> None:
    await world.provider("gone").apply_mutation(full("left-behind"))
    await world.settle()
    world.providers.discard("gone")
    await world.start()
    await world.settle()
    assert await world.refs() == []


async def test_it_stays_if_so_configured(database: AnyDatabase) -> None:
    async with open_world(database, settings={"orphanProviderStrategy": "keep"}) as world:
        await world.provider("gone").apply_mutation(full("left-behind"))
        await world.settle()
        world.providers.discard("gone")
        await world.start()
        await world.settle()
        assert await world.refs() == ["component:default/left-behind"]


async def test_imported_entities_belong_to_no_provider_that_could_be_missing(world: World) -> None:
    await world.provider("import:default").apply_mutation(full("imported"))
    world.providers.clear()
    await world.start()
    await world.settle()
    assert await world.refs() == ["component:default/imported"]


async def test_refreshing_by_key_processes_whoever_emitted_it(world: World) -> None:
    url = "https://git.example/a.yaml"
    world.sources.put(url, component("svc"))
    await world.register(url)
    world.sources.put(url, component("svc", lifecycle="deprecated"))
    directory = world.provider("directory")
    assert await directory.refresh([f"url:{url}", "url:https://nobody.example"]) == 1
    await world.settle()
    assert (await world.present("component:default/svc"))["spec"]["lifecycle"] == "deprecated"
