"""A condition allows one by one what its predicate finds among all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from catalog.interfaces import Entity
from catalog.permissions.conditions import RULE_QUERIES, query_of
from catalog.permissions.permissions import PERMISSIONS
from catalog.permissions.rules import RULES
from catalog.query.predicates import parse_query
from catalog.stitching.terms import terms_of
from tests.catalog.routes.fakes import an_entity, holds

APPLY = {rule.name: rule.apply for rule in RULES}
words = st.sampled_from(["a", "B", "b", "x.y/Z", "true", "1"])


@st.composite
def entities(draw: st.DrawFn) -> Entity:
    kind = draw(st.sampled_from(["Component", "API"]))
    entity = an_entity(f"{kind}:default/x", *((("ownedBy", ref)) for ref in draw(st.lists(words, max_size=2))))
    unique = st.dictionaries(words, words, max_size=3).filter(
        lambda found: len({key.lower() for key in found}) == len(found)
    )
    entity["metadata"] |= {"annotations": draw(unique), "labels": draw(unique)}
    entity["spec"] = draw(unique.flatmap(lambda held: st.just({**held, "list": list(held.values()), "none": None})))
    return entity


@st.composite
def conditions(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    if depth and draw(st.booleans()):
        combine = draw(st.sampled_from(["allOf", "anyOf", "not"]))
        if combine == "not":
            return {"not": draw(conditions(depth - 1))}
        return {combine: draw(st.lists(conditions(depth - 1), min_size=1, max_size=3))}
    rule = draw(st.sampled_from(sorted(RULE_QUERIES)))
    value = draw(st.sampled_from([{}, {"value": "b"}, {"value": "B"}, {"value": "True"}]))
    of_rule: dict[str, dict[str, Any]] = {
        "HAS_ANNOTATION": {"annotation": draw(words), **value},
        "HAS_LABEL": {"label": draw(words), **value},
        "HAS_METADATA": {"key": draw(st.sampled_from(["name", "labels.a", "nope"])), **value},
        "HAS_SPEC": {"key": draw(st.sampled_from(["a", "B", "list", "list.b", "none"])), **value},
        "IS_ENTITY_KIND": {"kinds": draw(st.lists(st.sampled_from(["COMPONENT", "api", "x"]), max_size=2))},
        # Claims are compared exactly one by one, and without regard to case as a predicate.
        "IS_ENTITY_OWNER": {"claims": draw(st.lists(st.sampled_from(["a", "1", "true"]), max_size=2))},
    }
    return {"rule": rule, "resourceType": "catalog-entity", "params": of_rule[rule]}


def applies(entity: Entity, condition: dict[str, Any]) -> bool:
    if "allOf" in condition:
        return all(applies(entity, part) for part in condition["allOf"])
    if "anyOf" in condition:
        return any(applies(entity, part) for part in condition["anyOf"])
    if "not" in condition:
        return not applies(entity, condition["not"])
    return APPLY[condition["rule"]](entity, condition["params"])


@given(entities(), conditions())
def test_a_condition_and_its_predicate_agree(entity: Entity, condition: dict[str, Any]) -> None:
    assert applies(entity, condition) == holds(parse_query(query_of(condition)), terms_of(entity))


def test_a_claim_is_exact_for_one_entity_and_caseless_among_all() -> None:
    entity = an_entity("Component:default/x", ("ownedBy", "group:default/quay"))
    condition = {"rule": "IS_ENTITY_OWNER", "params": {"claims": ["Group:Default/Quay"]}}
    assert not applies(entity, condition)
    assert holds(parse_query(query_of(condition)), terms_of(entity))


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"rule": "NOPE", "params": {}},
        {"rule": "IS_ENTITY_KIND"},
        {"rule": "IS_ENTITY_KIND", "params": {"kinds": 5}},
        {"allOf": []},
        {"anyOf": "x"},
        {"not": {"rule": "NOPE"}},
    ],
)
def test_conditions_that_make_no_sense_allow_nothing(condition: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        query_of(condition)


def test_every_rule_has_a_predicate_and_every_permission_a_name_of_its_own() -> None:
    assert {rule.name for rule in RULES} == set(RULE_QUERIES)
    assert len({permission.name for permission in PERMISSIONS}) == len(PERMISSIONS) == 13
