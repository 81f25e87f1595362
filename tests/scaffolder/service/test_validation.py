"""Validation finds what npm `jsonschema` finds, in its order and words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.errors import InputError
from scaffolder.service.formats import FORMATS
from scaffolder.service.validation import stacks, validate
from tests.reference.npm import ask, installed

CASES: list[tuple[Any, Any]] = [
    ({"type": "string"}, 5),
    ({"type": ["string", "null"]}, False),
    ({"type": "nothing known"}, 5),
    ({"type": "integer"}, 2.0),
    ({"type": "integer"}, 2.5),
    ({"enum": ["a", 1, None, [1], {"a": 1}]}, "b"),
    ({"enum": [{"a": [1, 2]}]}, {"a": [1, 2]}),
    ({"enum": [True]}, 1),
    ({"const": {"a": 1}}, {"a": 2}),
    ({"required": ["a", "b"]}, {"a": None}),
    ({"properties": {"a": {"required": True}}}, {}),
    ({"properties": {"a b": {"type": "string"}, "0x": {"type": "string"}}}, {"a b": 1, "0x": 1}),
    ({"properties": {"a.b": {"items": {"type": "string"}}}}, {"a.b": ["x", 2]}),
    ({"additionalProperties": False, "properties": {"a": {}}}, {"a": 1, "b": 2, "c": 3}),
    ({"additionalProperties": {"type": "number"}}, {"a": "x"}),
    ({"patternProperties": {"^a": {"type": "number"}}, "additionalProperties": False}, {"ab": "x", "b": 1}),
    ({"propertyNames": {"pattern": "^[a-z]+$"}}, {"A": 1, "b": 2}),
    ({"minProperties": 2}, {"a": 1}),
    ({"maxProperties": 0}, {"a": 1}),
    ({"items": [{"type": "string"}], "additionalItems": False}, ["a", 1, 2]),
    ({"items": [{"type": "string"}], "additionalItems": {"type": "number"}}, [1, "a"]),
    ({"items": False}, [1]),
    ({"contains": {"const": 1}}, [2, 3]),
    ({"uniqueItems": True}, [{"a": 1}, {"a": 1}]),
    ({"uniqueItems": True}, [1, True, "1"]),
    ({"minItems": 2, "maxItems": 0}, [1]),
    ({"minLength": 2}, "😀"),
    ({"maxLength": 1}, "😀"),
    ({"minimum": 5, "exclusiveMinimum": True}, 5),
    ({"maximum": 5, "exclusiveMaximum": True}, 5),
    ({"exclusiveMinimum": 5}, 5),
    ({"exclusiveMaximum": 5}, 5.5),
    ({"multipleOf": 0.1}, 0.3),
    ({"multipleOf": 0.1}, 0.35),
    ({"pattern": "^a+$"}, "ab"),
    ({"anyOf": [{"title": "T", "type": "string"}, {"$id": "x", "type": "null"}]}, 5),
    ({"oneOf": [{"type": "number"}, {"minimum": 1}]}, 5),
    ({"allOf": [{"minLength": 3}, {"title": "T", "pattern": "^b"}]}, "a"),
    ({"not": {"type": "string"}}, "a"),
    ({"not": {"$id": "text", "type": "string"}}, "a"),
    ({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}, {"a": 1}),
    ({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}, {}),
    ({"dependencies": {"a": ["b", "c"], "d": "e"}}, {"a": 1, "d": 1}),
    ({"dependencies": {"a": {"required": ["b"]}}}, {"a": 1}),
    ({"dependencies": {"a": {"oneOf": [{"required": ["b"]}, {"required": ["c"]}]}}}, {"a": 1}),
    ({"definitions": {"n": {"type": "number"}}, "properties": {"a": {"$ref": "#/definitions/n"}}}, {"a": "x"}),
    ({"properties": {"a": False}}, {"a": 1}),
    ({"$id": "https://nightjar.example/s", "required": ["a"]}, {}),
    *[
        ({"format": name}, text)
        for name in (*FORMATS, "nothing")
        for text in (
            "",
            "x",
            "a b",
            "2026-11-22",
            "2026-13-22",
            "2026-11-22T10:00:00Z",
            "2026-11-22T25:00:00Z",
            "10:00:00",
            "P3D",
            "PT1H",
            "a@b.example",
            "a@b",
            "nightjar.example",
            "-a.example",
            "10.0.0.1",
            "256.0.0.1",
            "1.2.3",
            "::1",
            "1::2::3",
            "https://a.example/x",
            "urn:x",
            "3d813cbb-47fb-32ba-91df-831e1593ac29",
            "/a/0",
            "1/a",
            "1#",
            "~2",
            "(",
            "+49 30 123456",
            "12",
        )
    ],
]


def test_every_problem_is_the_one_the_reference_finds() -> None:
    expected = ask("jsonschema.js", CASES, installed())
    for (schema, value), wanted in zip(CASES, expected, strict=True):
        found = [problem.document() for problem in validate(schema, value)]
        assert json.loads(json.dumps(found)) == wanted, (schema, value)


def test_the_root_can_be_called_something_else() -> None:
    problems = validate({"required": ["K"]}, {}, root="secrets")
    assert [problem.property for problem in problems] == ["secrets"]


def test_problems_are_told_as_texts() -> None:
    assert stacks({"required": ["a"]}, {}) == ['instance requires property "a"']


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": "a"},
        {"anyOf": {}},
        {"pattern": "("},
        {"$ref": "#/nowhere"},
        {"$ref": "#"},
        {"properties": {"a": 5}},
        {"multipleOf": 0},
        {"pattern": "^(a+)+$"},
    ],
)
def test_a_schema_that_cannot_be_applied_is_told(schema: Any) -> None:
    value: Any = "a" * 5000 + "b" if "pattern" in schema else 5 if "multipleOf" in schema else {"a": 1}
    with pytest.raises(InputError):
        validate(schema, value)
