"""Criteria trees. Source: spec/catalog.md §7.2, §7.4."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.permissions.conditions import MAX_DEPTH, Condition, matches, parse_criteria

leaves = st.sampled_from("abc").map(lambda name: {"rule": name, "resourceType": "r", "params": {}})
trees = st.recursive(
    leaves,
    lambda below: st.one_of(
        st.lists(below, min_size=1, max_size=3).map(lambda members: {"allOf": members}),
        st.lists(below, min_size=1, max_size=3).map(lambda members: {"anyOf": members}),
        below.map(lambda member: {"not": member}),
    ),
    max_leaves=12,
)


def naive(tree: dict[str, Any], true: set[str]) -> bool:
    if "not" in tree:
        return not naive(tree["not"], true)
    if "allOf" in tree:
        return False not in [naive(member, true) for member in tree["allOf"]]
    if "anyOf" in tree:
        return True in [naive(member, true) for member in tree["anyOf"]]
    return tree["rule"] in true


@given(trees, st.sets(st.sampled_from("abc")))
def test_a_tree_means_what_its_words_say(tree: dict[str, Any], true: set[str]) -> None:
    assert matches(parse_criteria(tree), lambda condition: condition.rule in true) == naive(tree, true)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (None, "conditions must be an object"),
        ([], "conditions must be an object"),
        ("x", "conditions must be an object"),
        ({}, "conditions.rule must be a string"),
        ({"rule": "A"}, "conditions.resourceType must be a string"),
        ({"rule": "A", "resourceType": "t", "params": []}, "conditions.params must be an object"),
        ({"allOf": []}, "conditions.allOf must be a list with at least one member"),
        ({"anyOf": {}}, "conditions.anyOf must be a list with at least one member"),
        ({"not": None}, "conditions.not must be an object"),
        (
            {"allOf": [{"rule": "A", "resourceType": "t"}, {"not": {"anyOf": [1]}}]},
            "conditions.allOf[1].not.anyOf[0] must",
        ),
    ],
)
def test_anything_else_is_refused_with_the_place(tree: Any, words: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_criteria(tree)
    assert str(refused.value).startswith(words)


def nested(levels: int) -> dict[str, Any]:
    tree: dict[str, Any] = {"rule": "A", "resourceType": "t"}
    for _ in range(levels):
        tree = {"not": tree}
    return tree


def test_a_tree_has_a_limited_depth() -> None:
    assert matches(parse_criteria(nested(MAX_DEPTH)), lambda _: True) is (MAX_DEPTH % 2 == 0)
    for levels in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(InputError, match="levels deep"):
            parse_criteria(nested(levels))


def test_a_condition_without_params_has_none() -> None:
    assert parse_criteria({"rule": "A", "resourceType": "t"}) == Condition("A", "t", {})
