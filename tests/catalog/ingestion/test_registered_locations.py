"""Registering, trying out, changing and listing locations. Source: spec/catalog.md §1.4."""

from __future__ import annotations

import pytest

from app.errors import ConflictError, InputError, NotFoundError
from catalog.interfaces import LocationSpec
from catalog.model.refs import ref_of
from tests.catalog.world import SOMEBODY, World, component, location, open_world
from tests.conftest import AnyDatabase

URL = "https://git.example/a.yaml"


def at(target: str, kind: str = "url") -> LocationSpec:
    return LocationSpec(kind, target)


async def test_a_location_is_registered_once(world: World) -> None:
    world.sources.put(URL, component("svc"))
    first = await world.locations.create(at(URL), on_conflict=None, actor=SOMEBODY)
    assert first.entity_ref == "location:default/generated-" + first.entity_ref.rpartition("-")[2]
    with pytest.raises(ConflictError, match=f"Location url:{URL} already exists"):
        await world.locations.create(at(URL), on_conflict=None, actor=SOMEBODY)
    await world.settle()
    reads = len(world.sources.reads)
    again = await world.locations.create(at(URL), on_conflict="refresh", actor=SOMEBODY)
    await world.settle()
    assert again == first
    assert len(world.sources.reads) == reads + 1
    assert await world.locations.list() == [first]
    assert await world.locations.get(first.id) == first
    assert await world.locations.find(type="url", target=URL) == first


async def test_refreshing_what_exists_may_be_the_configured_way(database: AnyDatabase) -> None:
    async with open_world(database, settings={"defaultLocationConflictStrategy": "refresh"}) as world:
        first = await world.locations.create(at(URL), on_conflict=None, actor=SOMEBODY)
        assert await world.locations.create(at(URL), on_conflict=None, actor=SOMEBODY) == first
        with pytest.raises(ConflictError):
            await world.locations.create(at(URL), on_conflict="reject", actor=SOMEBODY)


@pytest.mark.parametrize("target", ["", "  ", "javascript:alert(1)", "java\nscript:alert(1)"])
async def test_a_target_that_must_never_be_stored_is_refused_and_leaves_nothing(world: World, target: str) -> None:
    with pytest.raises(InputError):
        await world.locations.create(at(target), on_conflict=None, actor=SOMEBODY)
    with pytest.raises(InputError):
        await world.locations.dry_run(at(target))
    assert await world.locations.list() == []


async def test_only_allowed_types_may_be_registered(world: World) -> None:
    for spec in (at("/etc/passwd", "file"), at("file:///srv/secret.git", "git"), at("/srv/secret.git", "git")):
        with pytest.raises(InputError):
            await world.locations.create(spec, on_conflict=None, actor=SOMEBODY)
    world.extensions.allowed_location_types.add("ftp")
    with pytest.raises(InputError, match=r'of an allowed type \["url","ftp"\]'):
        await world.locations.create(at("/etc/passwd", "file"), on_conflict=None, actor=SOMEBODY)


async def test_a_dry_run_writes_nothing_and_lists_last_in_first_out(world: World) -> None:
    world.sources.put(URL, component("a"), location("inner", "./b.yaml"), component("c"))
    world.sources.put("https://git.example/b.yaml", component("b1"), component("b2"))
    exists, row, entities = await world.locations.dry_run(at(URL))
    assert not exists
    assert row.id == f"url:{URL}"
    assert [ref_of(entity) for entity in entities] == [
        row.entity_ref,
        "component:default/c",
        "location:default/inner",
        "component:default/b2",
        "component:default/b1",
        "component:default/a",
    ]
    assert all("uid" not in entity["metadata"] for entity in entities)
    assert await world.refs() == []
    assert await world.locations.list() == []
    await world.register(URL)
    assert (await world.locations.dry_run(at(URL)))[0]


async def test_a_dry_run_fails_for_any_error_and_for_a_name_that_comes_twice(world: World) -> None:
    with pytest.raises(InputError, match="NotFoundError: Unable to read url, no matching files found for"):
        await world.locations.dry_run(at(URL))
    world.sources.put(URL, component("bad", owner=5))
    with pytest.raises(InputError, match="/spec/owner must be string"):
        await world.locations.dry_run(at(URL))
    world.sources.put(URL, component("twice"), component("Twice"))
    with pytest.raises(InputError, match="Duplicate nested entity: component:default/twice"):
        await world.locations.dry_run(at(URL))


async def test_a_changed_target_swaps_the_entities_and_keeps_the_identity(world: World) -> None:
    other = "https://git.example/other.yaml"
    world.sources.put(URL, component("old"))
    world.sources.put(other, component("new"))
    location_id = await world.register(URL)
    before = await world.locations.get(location_id)
    after = await world.locations.update(location_id, at(other), actor=SOMEBODY)
    assert (after.id, after.entity_ref, after.target) == (before.id, before.entity_ref, other)
    await world.settle()
    assert await world.refs("component:") == ["component:default/new"]
    entity = await world.present(before.entity_ref)
    assert entity["spec"] == {"type": "url", "target": other}
    await world.start()
    await world.settle()
    assert await world.refs("component:") == ["component:default/new"]


async def test_a_target_may_not_be_taken_from_another_location(world: World) -> None:
    first = await world.register(URL)
    await world.register("https://git.example/b.yaml")
    with pytest.raises(ConflictError, match=r"Location url:https://git\.example/b\.yaml already exists"):
        await world.locations.update(first, at("https://git.example/b.yaml"), actor=SOMEBODY)
    assert (await world.locations.update(first, at(URL), actor=SOMEBODY)).target == URL


async def test_what_is_not_there_is_not_found(world: World) -> None:
    for location_id in ("7f000000-0000-4000-8000-00000000abcd", "nope"):
        with pytest.raises(NotFoundError, match=f"Found no location with ID {location_id}"):
            await world.locations.get(location_id)
        with pytest.raises(NotFoundError):
            await world.locations.update(location_id, at(URL), actor=SOMEBODY)
        with pytest.raises(NotFoundError):
            await world.locations.delete(location_id, actor=SOMEBODY)


async def test_the_location_of_an_entity_is_found_by_its_origin(world: World) -> None:
    world.sources.put(URL, location("inner", "./b.yaml"))
    world.sources.put("https://git.example/b.yaml", component("b"))
    location_id = await world.register(URL)
    assert (await world.locations.by_entity(await world.present("component:default/b"))).id == location_id
    with pytest.raises(NotFoundError):
        await world.locations.by_entity(component("elsewhere"))
