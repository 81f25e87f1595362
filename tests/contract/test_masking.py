"""The comparison of recordings overlooks what may differ, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.masking import Masks, differences, masked, places, same

UID = "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize(
    ("wanted", "got", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (True, 1, False),
        (None, None, True),
        (None, {}, False),
        ("{{any}}", None, True),
        ({"a": "{{any}}"}, {"a": [1]}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        ("a", "A", False),
    ],
)
def test_answers_are_the_same_or_not(wanted: Any, got: Any, equal: bool) -> None:
    assert same(wanted, got) is equal
    assert (next(differences(wanted, got), None) is None) is equal


def test_identifiers_moments_and_places_become_markers() -> None:
    masks = Masks("http://127.0.0.1:1", "/corpus", ["file:/corpus/all.yaml"])
    masks.captured["loc"] = "22222222-2222-4333-8444-555555555555"
    text = masks.text(f"http://127.0.0.1:1/x {UID} /corpus/a 2026-01-02T03:04:05.678Z {masks.captured['loc']}")
    assert text == "{{base}}/x {{uuid}} {{corpus}}/a {{time}} {{loc}}"
    assert masks.text("Malformed cursor: whatever") == "Malformed cursor: {{library text}}"
    assert masks.json({"etag": "a" * 40, "other": "a" * 40}) == {"etag": "{{etag}}", "other": "a" * 40}
    assert masks.json({"nextCursor": "eyJhIjoxfQ=="}) == {"nextCursor": {"{{cursor}}": {"a": 1}}}
    assert masks.text("1c4d6a8e1d5f0d9b4f7e6c5b4a39281706f5e4d3") == "1c4d6a8e1d5f0d9b4f7e6c5b4a39281706f5e4d3"


def test_a_path_names_places_at_any_depth() -> None:
    value = {"a": [{"k": 1}, {"b": {"k": 2}}], "k": 3}
    assert sorted(container[key] for container, key in places(value, "**.k")) == [1, 2, 3]
    assert [container[key] for container, key in places(value, "a[*].k")] == [1]
    assert [container[key] for container, key in places(value, "a[1].b.k")] == [2]
    assert list(places(value, "a.k")) == []


def test_a_case_masks_what_it_says_and_no_more() -> None:
    def items(*names: str) -> dict[str, Any]:
        return {"body": {"items": [{"kind": "A", "metadata": {"name": name}, "x": name} for name in names]}}

    assert masked(items("b", "a"), {"sort": ["body.items"]}) == items("a", "b")
    assert masked(items("a", "b"), {"count": ["body.items"]}) == {"body": {"items": {"{{count}}": 2}}}
    assert masked(items("a", "b"), {"keep": {"body.items": ["a:default/b"]}}) == items("b")
    kept = masked(items("a"), {"keys": {"body.items[*]": ["x"]}, "any": ["body.items[*].x"]})
    assert kept == {"body": {"items": [{"x": "{{any}}"}]}}
    assert masked({"body": {"m": "a: b; c"}}, {"sub": [["body.m", "b[^;]*"]]}) == {"body": {"m": "a: {{any}}; c"}}
    assert masked({"body": {"d": {"$schema": 1, "e": {"$schema": 2}}}}, {"drop": ["**.$schema"]}) == {
        "body": {"d": {"e": {}}}
    }


def test_only_runs_of_equal_value_may_be_in_any_order() -> None:
    def order(*pairs: tuple[str, str]) -> dict[str, Any]:
        return {"body": [{"kind": "A", "metadata": {"name": name, "namespace": space}} for name, space in pairs]}

    ties = {"ties": {"body": "metadata.name"}}
    right = masked(order(("a", "x"), ("A", "y"), ("b", "z")), ties)
    assert masked(order(("A", "y"), ("a", "x"), ("b", "z")), ties) == right
    assert masked(order(("a", "x"), ("b", "z"), ("A", "y")), ties) != right
