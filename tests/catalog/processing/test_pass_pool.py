"""Passes in the child process give what passes here give, and nothing that the child cannot know."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest

from catalog.ingestion.child import Child
from catalog.ingestion.mutation import prepare
from catalog.ingestion.parse_pool import ParsePool
from catalog.ingestion.rules import parse_rules
from catalog.interfaces import (
    CatalogExtensions,
    CatalogProcessor,
    DeferredEntity,
    Emit,
    Entity,
    LocationSpec,
    ProcessorCache,
)
from catalog.processing.outcome import outcome_of
from catalog.processing.pass_pool import MANY, PassPool, answer_passes
from catalog.processing.pipeline import Pipeline
from catalog.settings import CatalogSettings
from catalog.steps import processing_steps
from catalog.store.documents import load_entity
from catalog.store.outcomes import DueRow
from scaffolder.template.kind import ScaffolderEntitiesProcessor
from tests.catalog.world import SOMEBODY, Sources, World, component, located

URL = "https://git.example/team/repo/blob/main/catalog-info.yaml"
CAUSE = '{"kind":"location"}'
TEMPLATE = {
    "apiVersion": "scaffolder.backstage.io/v1beta3",
    "kind": "Template",
    "metadata": {"name": "tool"},
    "spec": {"type": "service", "owner": "group:team", "steps": [{"id": "one", "action": "debug:log"}]},
}
USER = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "User",
    "metadata": {"name": "somebody"},
    "spec": {"memberOf": ["zebras", "apes"]},
}
GOOD: list[dict[str, Any]] = [
    TEMPLATE,
    USER,
    component("odd", weight=123456789012345680000, note="ends in 000,", unicode="żółw \u2028"),
    *(component(f"svc-{number}", dependsOn=["resource:b", "component:a"]) for number in range(MANY)),
]
BAD: list[dict[str, Any]] = [
    component("no-owner", owner=5),
    {**component("foreign"), "kind": "Nonsense"},
    component("bad ref", dependsOn=["no kind"]),
]


class Told(Sources):
    """Knows where things are edited."""

    def resolve_edit_url(self, url: str) -> str | None:
        return url.replace("/blob/", "/edit/")


class Keeping(CatalogProcessor):
    name: ClassVar[str] = "Keeping"

    async def post_process(self, entity: Entity, location: LocationSpec, emit: Emit, cache: ProcessorCache) -> Entity:
        return entity


@pytest.fixture
async def child() -> AsyncIterator[Child]:
    one = Child()
    yield one
    await one.close()


def pipeline(child: Child, *steps: CatalogProcessor) -> Pipeline:
    sources, extensions = Told(), CatalogExtensions()
    extensions.add_processor(ScaffolderEntitiesProcessor(), *steps)
    return Pipeline(
        lambda: processing_steps(sources, ParsePool(child), CatalogSettings(), extensions),
        parse_rules(None, ()),
        sources,
        extensions.allowed_location_types,
    )


def rows(entities: list[dict[str, Any]], where: str = f"url:{URL}") -> list[DueRow]:
    prepared = [prepare(DeferredEntity(located(entity, where))) for entity in entities]
    return [DueRow(0, one.ref, one.json, one.hash, None, False, "[]", "{}", 0, 1, CAUSE) for one in prepared]


async def test_the_child_gives_what_a_pass_here_gives(child: Child) -> None:
    here, asked = pipeline(child), rows([*GOOD, *BAD])
    given = await PassPool(child, here).run(asked)
    expected = [outcome_of(row, await here.run(load_entity(row.unprocessed))) for row in asked]
    assert [one.ok for one in expected] == [True] * len(GOOD) + [False] * len(BAD)
    for one, other in zip(given[: len(GOOD)], expected, strict=False):
        assert one is not None
        assert one.processed == other.processed
        assert one == other
    assert given[len(GOOD) :] == [None] * len(BAD)
    assert '"backstage.io/edit-url":"https://git.example/team/repo/edit/main' in str(given[0] and given[0].processed)


@pytest.mark.parametrize("where", ["file:/srv/a.yaml", "url:https://git.example/a\"b'c.yaml", "odd:"])
async def test_locations_of_all_sorts(child: Child, where: str) -> None:
    here, asked = pipeline(child), rows(GOOD, where)
    for row, one in zip(asked, await PassPool(child, here).run(asked), strict=True):
        assert one in (None, outcome_of(row, await here.run(load_entity(row.unprocessed))))


async def test_a_step_that_is_not_portable_keeps_everything_here(child: Child) -> None:
    assert await PassPool(child, pipeline(child, Keeping())).run(rows(GOOD)) == [None] * len(GOOD)


async def test_what_a_step_remembers_stays_here(child: Child) -> None:
    asked = [row._replace(cache='{"Step":{"":{"seen":1}}}') for row in rows(GOOD)]
    assert await PassPool(child, pipeline(child)).run(asked) == [None] * len(GOOD)


async def test_few_are_not_worth_a_question(child: Child) -> None:
    assert await PassPool(child, pipeline(child)).run(rows(GOOD[: MANY - 1])) == [None] * (MANY - 1)


def test_a_question_that_does_not_fit_is_an_error_of_the_answer_alone() -> None:
    question = {"told": {}, "steps": [("catalog.processing.steps.builtin_kinds", "BuiltinKindsEntityProcessor", 20)]}
    assert answer_passes({**question, "pass": ["{}", "no json", ""]}) == [None, None, None]


async def test_a_child_that_fails_is_made_up_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_self: Child, _question: bytes) -> None:
        return None

    monkeypatch.setattr(Child, "ask", fails)
    world.sources.put(URL, *(component(f"svc-{number}", text="x" * 2000) for number in range(MANY)))
    await world.register(URL)
    assert len(await world.refs("component:")) == MANY


async def test_children_are_processed_once_and_stored_with_their_parent(world: World) -> None:
    world.sources.put(URL, *(component(f"svc-{number}") for number in range(MANY)))
    await world.locations.create(LocationSpec("url", URL), on_conflict=None, actor=SOMEBODY)
    while not await world.database.read("SELECT 1 FROM catalog_refresh_state WHERE entity_ref LIKE 'component:%'"):
        await world.leader.loop.step()
    rows = await world.database.read(
        "SELECT count(*) FROM catalog_refresh_state "
        "WHERE entity_ref LIKE 'component:%' AND processed IS NOT NULL AND due_at IS NULL"
    )
    assert rows == [(MANY,)]
    await world.settle()
    await world.check()


async def test_a_pass_ahead_of_a_claim_that_is_turned_away_is_void(world: World) -> None:
    other = "https://git.example/other.yaml"
    world.sources.put(URL, component("svc", lifecycle="production"))
    world.sources.put(other, component("svc", lifecycle="experimental"))
    world.sources.gate = None
    for url in (URL, other):
        await world.locations.create(LocationSpec("url", url), on_conflict=None, actor=SOMEBODY)
    await world.settle()
    rows = await world.database.read("SELECT count(*) FROM catalog_conflict")
    assert rows == [(1,)]
    await world.check()
