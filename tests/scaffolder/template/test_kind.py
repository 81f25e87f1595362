from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.config import load_config
from app.errors import CallboardError, name_of
from app.main import create_host
from catalog.interfaces import CatalogExtensions, LocationSpec, Relation
from scaffolder.plugin import ScaffolderPlugin
from scaffolder.template.kind import TEMPLATE, ScaffolderEntitiesProcessor
from scaffolder.template.lists import TemplateListsProcessor
from tests.catalog.processing.test_builtin_kinds import Collected, NoCache

RECORDED = [json.loads(line) for line in (Path(__file__).parent / "recorded.jsonl").read_text().splitlines()]
PLACE = LocationSpec("url", "https://x.example/template.yaml")


def template(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "scaffolder.backstage.io/v1beta3",
        "kind": "Template",
        "metadata": {"name": "service", "namespace": "tools"},
        "spec": {"type": "service", "steps": [], **spec},
    }


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: str(next(iter(case["expected"].values())))[:60])
async def test_the_verdict_is_that_of_the_reference(case: dict[str, Any]) -> None:
    try:
        answer: dict[str, Any] = {"answer": await ScaffolderEntitiesProcessor().validate_entity_kind(case["entity"])}
    except CallboardError as error:
        answer = {"error": {"name": name_of(error), "message": str(error)}}
    assert answer == case["expected"]


async def test_a_template_belongs_to_its_owner() -> None:
    emit = Collected()
    await ScaffolderEntitiesProcessor().post_process(template(owner="crew"), PLACE, emit, NoCache())
    assert emit.relations == [
        Relation("template:tools/service", "ownedBy", "group:tools/crew"),
        Relation("group:tools/crew", "ownerOf", "template:tools/service"),
    ]


async def test_a_template_without_owner_or_of_an_old_version_relates_to_nothing() -> None:
    emit = Collected()
    old = {**template(owner="crew"), "apiVersion": "scaffolder.backstage.io/v1beta2"}
    for entity in (template(), old):
        await ScaffolderEntitiesProcessor().post_process(entity, PLACE, emit, NoCache())
    assert emit.relations == []


def test_the_plugin_adds_the_kind_and_its_processor(tmp_path: Path) -> None:
    config = tmp_path / "app-config.yaml"
    config.write_text("{}")
    environment = {"CALLBOARD_DATA_DIR": str(tmp_path / "data")}
    host = create_host(load_config([config], env=environment), env=environment, plugins=[ScaffolderPlugin()])
    extensions = host.extension(CatalogExtensions)
    assert TEMPLATE in extensions.kinds
    assert [processor.name for processor in extensions.processors] == [
        "TemplateListsProcessor",
        "ScaffolderEntitiesProcessor",
    ]


async def test_lists_of_steps_and_pages_that_templates_share_become_one_list() -> None:
    """Placeholders put a file's list where they stand."""
    processor, emit = TemplateListsProcessor(), Collected()
    one, two, three = ({"action": name} for name in ("a", "b", "c"))
    given = template(steps=[one, [two, [three]], []], parameters=[[{"title": "x"}]], output={})
    made = await processor.pre_process(given, PLACE, emit, PLACE, NoCache())
    assert made == template(steps=[one, two, three], parameters=[{"title": "x"}], output={})
    plain = template(steps=[one], parameters={"title": "x"})
    assert await processor.pre_process(plain, PLACE, emit, PLACE, NoCache()) is plain
    for other in ({**given, "kind": "Component"}, {**given, "apiVersion": "backstage.io/v1"}):
        assert await processor.pre_process(other, PLACE, emit, PLACE, NoCache()) is other
    deep: Any = one
    for _ in range(30):
        deep = [deep]
    refused = await processor.pre_process(template(steps=[deep]), PLACE, emit, PLACE, NoCache())
    with pytest.raises(CallboardError, match="/spec/steps/0 must be object"):
        await ScaffolderEntitiesProcessor().validate_entity_kind(refused)
