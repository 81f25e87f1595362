"""The ingest loop: what reads slowly, what fails to be stored, what changes meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from app.errors import InputError
from catalog.interfaces import (
    CatalogProcessor,
    Cause,
    DeferredEntity,
    Emit,
    Entity,
    FullMutation,
    LocationSpec,
    ProcessorCache,
    Relation,
)
from tests.catalog.world import SOMEBODY, World, component, located, location

URL = "https://git.example/a.yaml"
ASKED = Cause("api", {}, "user:default/somebody")


class Step(CatalogProcessor):
    """A plugin's step that counts, and does what a test tells it."""

    name: ClassVar[str] = "Step"

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.value: Any = None
        self.failure: BaseException | None = None

    async def post_process(self, entity: Entity, location: LocationSpec, emit: Emit, cache: ProcessorCache) -> Entity:
        self.seen.append(entity["metadata"]["name"])
        if entity["metadata"]["name"] == "broken" and self.failure is not None:
            raise self.failure
        return entity if self.value is None else {**entity, "spec": {**entity["spec"], "added": self.value}}


class Asking(Step):
    name: ClassVar[str] = "Asking"
    reads_outside: ClassVar[bool] = True


@pytest.fixture
def step(world: World) -> Step:
    added = Step()
    world.extensions.add_processor(added)
    return added


async def test_an_unchanged_source_is_asked_and_nothing_is_processed(world: World, step: Step) -> None:
    world.sources.put(URL, component("svc"))
    await world.register(URL)
    step.seen.clear()
    world.sources.checks.clear()
    for _ in range(3):
        await world.look_again()
    assert world.sources.checks == [URL] * 3
    assert step.seen == []


async def test_a_changed_source_leads_to_what_has_changed_and_no_more(world: World, step: Step) -> None:
    world.sources.put(URL, component("one"), component("two"))
    await world.register(URL)
    step.seen.clear()
    world.sources.put(URL, component("one"), component("two", lifecycle="deprecated"), component("three"))
    await world.look_again()
    assert sorted(name for name in step.seen if "generated" not in name) == ["three", "two"]


async def test_an_asking_step_is_asked_again_and_changes_what_it_did(world: World) -> None:
    asking = Asking()
    world.extensions.add_processor(asking)
    asking.value = 1
    world.sources.put(URL, component("svc"))
    await world.register(URL)
    before = await world.revision()
    await world.look_again()
    assert await world.revision() == before
    asking.value = 2
    await world.look_again()
    assert (await world.present("component:default/svc"))["spec"]["added"] == 2


@pytest.mark.parametrize(
    "failure", [InputError("no"), KeyError("oops"), RuntimeError("what"), ExceptionGroup("all", [ValueError()])]
)
async def test_a_failing_step_of_a_plugin_breaks_one_entity_only(world: World, step: Step, failure: Exception) -> None:
    step.failure = failure
    world.sources.put(URL, component("broken"), component("fine"))
    await world.register(URL)
    assert await world.refs("component:") == ["component:default/fine"]
    (problem,) = await world.problems("component:default/broken")
    assert problem.startswith("InputError: Processor Step threw an error while postprocessing; caused by ")


@pytest.mark.parametrize("kind", [5, "\ud800"])
async def test_a_result_that_cannot_be_stored_becomes_an_error_of_its_own_entity(world: World, kind: Any) -> None:
    class Poison(CatalogProcessor):
        name: ClassVar[str] = "Poison"

        async def post_process(
            self, entity: Entity, location: LocationSpec, emit: Emit, cache: ProcessorCache
        ) -> Entity:
            if entity["metadata"]["name"] == "broken":
                emit.relation(Relation("component:default/broken", kind, "component:default/x"))
            return entity

    world.extensions.add_processor(Poison())
    world.sources.put(URL, component("broken"), *(component(f"fine-{number}") for number in range(5)))
    await world.register(URL)
    assert len(await world.refs("component:default/fine")) == 5
    (problem,) = await world.problems("component:default/broken")
    assert problem.startswith(("Error: Processing failed", "Error: The result cannot be stored"))


async def test_slow_sources_do_not_hold_up_what_needs_none(world: World) -> None:
    world.sources.put(URL, component("quick"))
    await world.register(URL)
    world.sources.gate = asyncio.Event()
    await world.locations.create(LocationSpec("url", "https://slow.example/a.yaml"), on_conflict=None, actor=SOMEBODY)
    loop = world.leader.loop
    for _ in range(5):
        await loop.step()
    assert loop.reading == 1
    directory = world.provider("directory")
    await directory.apply_mutation(FullMutation([DeferredEntity(located(component("new"), "url:x"))]))
    async with asyncio.timeout(10):
        while "component:default/new" not in await world.refs():
            await loop.step()
            await asyncio.sleep(0.001)
    assert loop.reading == 1
    world.sources.gate.set()
    world.sources.gate = None
    await world.settle()


async def test_a_pass_that_was_overtaken_by_a_change_is_void(world: World) -> None:
    world.sources.put(URL, component("old"))
    location_id = await world.register(URL)
    other = "https://git.example/b.yaml"
    world.sources.put(other, component("new"))
    world.sources.gate = asyncio.Event()
    location = await world.locations.get(location_id)
    await world.control.refresh(location.entity_ref, cause=ASKED)
    world.clock.forward(timedelta(milliseconds=5))
    loop = world.leader.loop
    await loop.step()
    assert loop.reading == 1
    await world.locations.update(location_id, LocationSpec("url", other), actor=SOMEBODY)
    world.sources.gate.set()
    world.sources.gate = None
    await world.settle()
    assert await world.refs("component:") == ["component:default/new"]


async def test_what_is_deleted_while_it_is_processed_stays_deleted(world: World) -> None:
    world.sources.put(URL, component("svc"))
    world.sources.gate = asyncio.Event()
    registered = await world.locations.create(LocationSpec("url", URL), on_conflict=None, actor=SOMEBODY)
    loop = world.leader.loop
    await loop.step()
    assert loop.reading == 1
    await world.locations.delete(registered.id, actor=SOMEBODY)
    world.sources.gate.set()
    world.sources.gate = None
    await world.settle()
    assert await world.refs() == []


async def test_many_locations_are_read_side_by_side(world: World) -> None:
    targets = [f"https://git.example/{number}.yaml" for number in range(200)]
    for number, target in enumerate(targets):
        world.sources.put(target, component(f"svc-{number}"))
    world.sources.put(URL, *(location(f"at-{number}", target) for number, target in enumerate(targets)))
    await world.register(URL)
    assert len(await world.refs("component:")) == 200


async def test_a_refresh_processes_the_entity_and_the_locations_above_it(world: World, step: Step) -> None:
    world.sources.put(URL, location("inner", "./b.yaml"))
    world.sources.put("https://git.example/b.yaml", component("svc"), component("neighbour"))
    await world.register(URL)
    step.seen.clear()
    await world.control.refresh("component:default/svc", cause=ASKED)
    await world.settle()
    assert sorted(name for name in step.seen if "generated" not in name) == ["inner", "svc"]
    assert len(step.seen) == 3


async def test_a_source_that_was_touched_but_not_changed_is_noted_once(world: World, step: Step) -> None:
    world.sources.put(URL, component("svc"))
    await world.register(URL)
    before = await world.revision()
    world.sources.documents[URL] += b"\n# a comment\n"
    await world.look_again()
    reads = len(world.sources.reads)
    await world.look_again()
    assert len(world.sources.reads) == reads
    assert await world.revision() == before


async def test_a_push_that_mends_a_descriptor_finds_the_location_that_never_could_read_it(world: World) -> None:
    world.sources.put(URL, "a: [")
    await world.register(URL)
    world.sources.put(URL, component("svc"))
    assert await world.control.refresh_by_keys([f"url:{URL}"], cause=ASKED) == 1
    await world.settle()
    assert await world.refs("component:") == ["component:default/svc"]
