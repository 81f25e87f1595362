from __future__ import annotations

from typing import Any

import pytest

from catalog.interfaces import LocationSpec, Relation
from catalog.model.errors import FormError
from catalog.processing.steps.builtin_kinds import BuiltinKindsEntityProcessor

PLACE = LocationSpec("url", "https://x.example/catalog-info.yaml")


class Collected:
    """An `Emit` that keeps relations; nothing else is expected of this step."""

    def __init__(self) -> None:
        self.relations: list[Relation] = []

    def relation(self, relation: Relation) -> None:
        self.relations.append(relation)

    def entity(self, location: LocationSpec, entity: dict[str, Any], location_key: str | None = None) -> None:
        raise AssertionError("no entity is emitted")

    def location(self, location: LocationSpec) -> None:
        raise AssertionError("no location is emitted")

    def error(self, error: Exception) -> None:
        raise AssertionError("no error is emitted")

    def refresh_key(self, key: str) -> None:
        raise AssertionError("no refresh key is emitted")


class NoCache:
    def get(self, key: str) -> Any:
        return None

    def set(self, key: str, value: Any) -> None:
        raise AssertionError("nothing is kept")


def component(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "till", "namespace": "default"},
        "spec": {"type": "service", "lifecycle": "production", "owner": "crew", **spec},
    }


async def test_a_component_goes_through_all_steps() -> None:
    step, emit = BuiltinKindsEntityProcessor(), Collected()
    entity = await step.pre_process(component(providesApis=["b", "a"]), PLACE, emit, PLACE, NoCache())
    assert entity["spec"]["providesApis"] == ["a", "b"]
    assert await step.validate_entity_kind(entity)
    assert await step.post_process(entity, PLACE, emit, NoCache()) is entity
    assert emit.relations == [
        Relation("component:default/till", "ownedBy", "group:default/crew"),
        Relation("group:default/crew", "ownerOf", "component:default/till"),
        Relation("component:default/till", "providesApi", "api:default/a"),
        Relation("api:default/a", "apiProvidedBy", "component:default/till"),
        Relation("component:default/till", "providesApi", "api:default/b"),
        Relation("api:default/b", "apiProvidedBy", "component:default/till"),
    ]


async def test_an_invalid_component_is_refused_and_a_foreign_kind_is_not_known() -> None:
    step = BuiltinKindsEntityProcessor()
    with pytest.raises(FormError, match="/spec/owner must be string - type: string"):
        await step.validate_entity_kind(component(owner=5))
    assert not await step.validate_entity_kind({**component(), "kind": "Gizmo"})
