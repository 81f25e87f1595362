"""What the catalog does when a repository changes. Source: spec/catalog.md §6.4."""

from __future__ import annotations

from typing import Any

import pytest

from app.interfaces import Event
from catalog.interfaces import ScmPush, ScmRepositoryChange
from catalog.scm_events import ScmReactions
from catalog.settings import ScmEventSettings
from tests.catalog.world import World, component, location

REPOSITORY = "https://git.example/org/repo"
BLOB = f"{REPOSITORY}/blob/main/catalog-info.yaml"
TREE = f"{REPOSITORY}/tree/main/catalog-info.yaml"


def reactions(world: World, **settings: bool) -> ScmReactions:
    return ScmReactions(world.store, world.control, world.locations, ScmEventSettings(**settings))


def push(**changes: Any) -> ScmPush:
    known: dict[str, Any] = {
        "repository_urls": (REPOSITORY,),
        "remotes": (f"{REPOSITORY}.git",),
        "branch": "main",
        "default_branch": True,
        "commit": "c0ffee",
    }
    return ScmPush(**{**known, **changes})


async def hear(world: World, change: Any, **settings: bool) -> list[str]:
    """The URLs that are read because of it."""
    world.sources.reads.clear()
    await reactions(world, **settings).heard(Event("scm.push", change))
    await world.settle()
    return sorted(world.sources.reads)


@pytest.fixture
async def registered(world: World) -> str:
    world.sources.put(TREE, component("svc"))
    world.sources.put(f"{REPOSITORY}/blob/main/other.yaml", component("other"))
    await world.register(f"{REPOSITORY}/blob/main/other.yaml")
    return await world.register(TREE)


async def test_a_push_reads_just_the_files_it_names(world: World, registered: str) -> None:
    world.sources.put(TREE, component("svc", lifecycle="deprecated"))
    assert await hear(world, push(modified=((BLOB, TREE),))) == [TREE]
    assert (await world.present("component:default/svc"))["spec"]["lifecycle"] == "deprecated"
    rows = await world.database.read("SELECT cause FROM catalog_revision ORDER BY n DESC LIMIT 1")
    assert '"c0ffee"' in rows[0][0]
    assert '"webhook"' in rows[0][0]


async def test_a_push_of_other_files_reads_nothing(world: World, registered: str) -> None:
    assert await hear(world, push(modified=((f"{REPOSITORY}/blob/main/README.md",),))) == []


async def test_the_same_push_twice_does_no_harm(world: World, registered: str) -> None:
    world.sources.put(TREE, component("svc", lifecycle="deprecated"))
    await hear(world, push(modified=((TREE,),)))
    before = await world.revision()
    await hear(world, push(modified=((TREE,),)))
    assert await world.revision() == before


async def test_a_push_that_does_not_name_its_files_reads_all_of_the_repository(world: World, registered: str) -> None:
    world.sources.put("https://git.example/org/another/blob/main/a.yaml", component("another"))
    await world.register("https://git.example/org/another/blob/main/a.yaml")
    assert await hear(world, push(complete=False)) == [f"{REPOSITORY}/blob/main/other.yaml", TREE]


async def test_a_new_file_that_a_glob_could_match_is_found(world: World) -> None:
    glob = f"{REPOSITORY}/tree/main/*.yaml"
    world.sources.put(f"{REPOSITORY}/tree/main/a.yaml", component("a"))
    await world.register(glob)
    new = f"{REPOSITORY}/tree/main/b.yaml"
    world.sources.put(new, component("b"))
    assert await hear(world, push(added=((new,),))) == [glob]
    assert await world.refs("component:") == ["component:default/a", "component:default/b"]
    assert await hear(world, push(added=((f"{REPOSITORY}/tree/main/deep/c.yaml",),))) == []


async def test_a_removed_descriptor_is_reported_and_forgotten_only_if_so_configured(
    world: World, registered: str
) -> None:
    world.sources.remove(TREE)
    assert await hear(world, push(removed=((BLOB, TREE),))) == [TREE]
    assert "component:default/svc" in await world.refs()
    await hear(world, push(removed=((BLOB, TREE),)), unregister=True)
    assert "component:default/svc" not in await world.refs()
    assert [one.target for one in await world.locations.list()] == [f"{REPOSITORY}/blob/main/other.yaml"]


async def test_a_moved_descriptor_is_followed_if_so_configured(world: World, registered: str) -> None:
    new = f"{REPOSITORY}/tree/main/deep/catalog-info.yaml"
    world.sources.put(new, component("svc"))
    world.sources.remove(TREE)
    await hear(world, push(moved=((TREE, new),)), move=True)
    assert (await world.locations.get(registered)).target == new
    entity = await world.present("component:default/svc")
    assert entity["metadata"]["annotations"]["backstage.io/managed-by-location"] == f"url:{new}"


async def test_reactions_may_be_switched_off(world: World, registered: str) -> None:
    assert await hear(world, push(modified=((TREE,),)), refresh=False) == []


async def test_a_moved_repository_takes_its_locations_along(world: World, registered: str) -> None:
    new = "https://git.example/org/renamed"
    change = ScmRepositoryChange("moved", new, previous_url=REPOSITORY)
    world.sources.put(TREE.replace(REPOSITORY, new), component("svc"))
    world.sources.put(f"{new}/blob/main/other.yaml", component("other"))
    await hear(world, change, move=True)
    assert {one.target for one in await world.locations.list()} == {
        TREE.replace(REPOSITORY, new),
        f"{new}/blob/main/other.yaml",
    }
    assert await world.refs("component:") == ["component:default/other", "component:default/svc"]


async def test_a_deleted_repository_takes_its_locations_with_it_if_so_configured(world: World, registered: str) -> None:
    await hear(world, ScmRepositoryChange("deleted", REPOSITORY))
    assert len(await world.locations.list()) == 2
    await hear(world, ScmRepositoryChange("deleted", REPOSITORY), unregister=True)
    assert await world.locations.list() == []
    assert await world.refs() == []


async def test_a_glob_of_very_many_stars_costs_no_time(world: World) -> None:
    glob = f"{REPOSITORY}/" + "*a" * 40
    await world.register(glob)
    assert await hear(world, push(modified=((f"{REPOSITORY}/" + "a" * 200,),))) == [glob]


async def test_what_comes_by_a_nested_location_is_refreshed_alone(world: World) -> None:
    root = "https://git.example/root.yaml"
    world.sources.put(root, location("inner", TREE))
    world.sources.put(TREE, component("svc"))
    await world.register(root)
    assert await hear(world, push(modified=((TREE,),))) == [TREE]
