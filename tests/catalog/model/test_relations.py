from __future__ import annotations

from typing import Any

import pytest

from app.errors import CallboardError
from catalog.model.relations import REFERENCES, relations_of, sort_references


def entity(kind: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": "It", "namespace": "Ns"},
        "spec": spec,
    }


# Source: spec/catalog.md §3.5.
@pytest.mark.parametrize(
    ("kind", "field", "target", "forward", "reverse"),
    [
        ("Component", "owner", "group:ns/x", "ownedBy", "ownerOf"),
        ("API", "owner", "group:ns/x", "ownedBy", "ownerOf"),
        ("Resource", "owner", "group:ns/x", "ownedBy", "ownerOf"),
        ("System", "owner", "group:ns/x", "ownedBy", "ownerOf"),
        ("Domain", "owner", "group:ns/x", "ownedBy", "ownerOf"),
        ("Component", "system", "system:ns/x", "partOf", "hasPart"),
        ("API", "system", "system:ns/x", "partOf", "hasPart"),
        ("Resource", "system", "system:ns/x", "partOf", "hasPart"),
        ("Component", "subcomponentOf", "component:ns/x", "partOf", "hasPart"),
        ("Component", "providesApis", "api:ns/x", "providesApi", "apiProvidedBy"),
        ("Component", "consumesApis", "api:ns/x", "consumesApi", "apiConsumedBy"),
        ("User", "memberOf", "group:ns/x", "memberOf", "hasMember"),
        ("Group", "parent", "group:ns/x", "childOf", "parentOf"),
        ("Group", "children", "group:ns/x", "parentOf", "childOf"),
        ("Group", "members", "user:ns/x", "hasMember", "memberOf"),
        ("System", "domain", "domain:ns/x", "partOf", "hasPart"),
        ("Domain", "subdomainOf", "domain:ns/x", "partOf", "hasPart"),
    ],
)
def test_a_field_makes_relations_both_ways(kind: str, field: str, target: str, forward: str, reverse: str) -> None:
    own = f"{kind.lower()}:ns/it"
    expected = [(own, forward, target), (target, reverse, own)]
    assert relations_of(entity(kind, **{field: "X"})) == expected
    assert relations_of(entity(kind, **{field: ["X"]})) == expected


@pytest.mark.parametrize("kind", ["Component", "Resource"])
def test_dependencies_say_their_kind(kind: str) -> None:
    own = f"{kind.lower()}:ns/it"
    assert relations_of(entity(kind, dependsOn=["Resource:db"], dependencyOf="component:other/y")) == [
        (own, "dependsOn", "resource:ns/db"),
        ("resource:ns/db", "dependencyOf", own),
        (own, "dependencyOf", "component:other/y"),
        ("component:other/y", "dependsOn", own),
    ]
    with pytest.raises(CallboardError, match='Entity reference "db" had missing or empty kind'):
        relations_of(entity(kind, dependsOn=["db"]))


def test_an_entity_may_relate_to_itself() -> None:
    assert relations_of(entity("Component", dependsOn=["component:it"])) == [
        ("component:ns/it", "dependsOn", "component:ns/it"),
        ("component:ns/it", "dependencyOf", "component:ns/it"),
    ]


@pytest.mark.parametrize("spec", [None, [], {}, {"owner": None, "dependsOn": [], "system": ""}])
def test_where_nothing_is_named_nothing_is_related(spec: Any) -> None:
    assert relations_of({"kind": "Component", "metadata": {"name": "x"}, "spec": spec}) == []


def test_locations_and_foreign_kinds_relate_to_nothing() -> None:
    assert "Location" not in REFERENCES
    assert relations_of(entity("Gizmo", owner="x")) == []


def test_lists_of_refs_are_sorted_in_place_by_code_units_and_others_are_left() -> None:
    given = entity(
        "Component",
        providesApis=["b", "B", "a"],
        dependsOn=["\U0001f6a2", "\ufffd"],
        members=["b", 1, "a"],
        targets=["z", "a"],
        children="x",
    )
    assert sort_references(given) is given
    assert given["spec"] == {
        "providesApis": ["B", "a", "b"],
        "dependsOn": ["\U0001f6a2", "\ufffd"],
        "members": ["b", 1, "a"],
        "targets": ["z", "a"],
        "children": "x",
    }
