"""ajv's words and order. The expected texts are ajv 8's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.schema import Schema

ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["b", "a"],
    "additionalProperties": False,
    "properties": {
        "a": {"type": "string", "minLength": 2, "enum": ["xx", "yy"]},
        "b": {"type": "integer", "minimum": 0},
        "c": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
}


@pytest.mark.parametrize(
    ("schema", "value", "path", "message", "params"),
    [
        ({"type": "string"}, 5, "", "must be string", {"type": "string"}),
        ({"type": ["string", "null"]}, 5, "", "must be string,null", {"type": ["string", "null"]}),
        ({"required": ["a"]}, {}, "", "must have required property 'a'", {"missingProperty": "a"}),
        (
            {"properties": {}, "additionalProperties": False},
            {"x": 1},
            "",
            "must NOT have additional properties",
            {"additionalProperty": "x"},
        ),
        ({"enum": ["a", 1]}, "b", "", "must be equal to one of the allowed values", {"allowedValues": ["a", 1]}),
        ({"const": 1}, 2, "", "must be equal to constant", {"allowedValue": 1}),
        ({"minimum": 0}, -1, "", "must be >= 0", {"comparison": ">=", "limit": 0}),
        ({"maximum": 1.5}, 2, "", "must be <= 1.5", {"comparison": "<=", "limit": 1.5}),
        ({"exclusiveMinimum": 0}, 0, "", "must be > 0", {"comparison": ">", "limit": 0}),
        ({"exclusiveMaximum": 0}, 0, "", "must be < 0", {"comparison": "<", "limit": 0}),
        ({"multipleOf": 2}, 3, "", "must be multiple of 2", {"multipleOf": 2}),
        ({"minLength": 1}, "", "", "must NOT have fewer than 1 characters", {"limit": 1}),
        ({"maxLength": 1}, "ab", "", "must NOT have more than 1 characters", {"limit": 1}),
        ({"minItems": 1}, [], "", "must NOT have fewer than 1 items", {"limit": 1}),
        ({"maxItems": 0}, [1], "", "must NOT have more than 0 items", {"limit": 0}),
        ({"minProperties": 1}, {}, "", "must NOT have fewer than 1 properties", {"limit": 1}),
        ({"maxProperties": 0}, {"a": 1}, "", "must NOT have more than 0 properties", {"limit": 0}),
        ({"pattern": "^a"}, "b", "", 'must match pattern "^a"', {"pattern": "^a"}),
        ({"not": {"type": "string"}}, "b", "", "must NOT be valid", {}),
        ({"contains": {"const": 1}}, [2], "", "must contain at least 1 valid item(s)", {"minContains": 1}),
        (
            {"uniqueItems": True},
            [1, 2, 1, 2],
            "",
            "must NOT have duplicate items (items ## 1 and 3 are identical)",
            {"i": 3, "j": 1},
        ),
        ({"properties": {"a": False}}, {"a": 1}, "/a", "boolean schema is false", {}),
        (
            {"properties": {"a/b": {"items": {"type": "null"}}}},
            {"a/b": [None, 1]},
            "/a~1b/1",
            "must be null",
            {"type": "null"},
        ),
    ],
)
def test_a_problem_reads_as_ajv_writes_it(
    schema: dict[str, Any], value: Any, path: str, message: str, params: dict[str, Any]
) -> None:
    [problem] = Schema(schema).errors(value)
    assert (problem.path, problem.message, problem.params) == (path, message, params)


def test_problems_come_in_ajvs_order_not_in_the_schemas() -> None:
    problems = Schema(ORDER).errors({"c": [1, "x", 2], "b": -1, "z": 1, "y": 1})
    assert [(p.path, p.keyword, *p.params.values()) for p in problems] == [
        ("", "required", "a"),
        ("", "additionalProperties", "z"),
        ("", "additionalProperties", "y"),
        ("/b", "minimum", ">=", 0),
        ("/c/0", "type", "string"),
        ("/c/2", "type", "string"),
    ]


def test_a_lone_type_is_checked_in_its_groups_turn() -> None:
    # ajv reports `enum` (a keyword of all types) before the object group, whose turn the type check waits for.
    schema = Schema({"type": "object", "enum": [{}], "properties": {}})
    assert [p.keyword for p in schema.errors(5)] == ["enum", "type"]
    assert [p.keyword for p in Schema({"type": "object", "enum": [{}]}).errors(5)] == ["type", "enum"]


def test_an_anyof_tells_the_first_problem_of_each_branch_and_then_its_own() -> None:
    schema = Schema({"anyOf": [{"type": "string"}, {"type": "object", "required": ["a", "b"]}]})
    assert [p.message for p in schema.first({})] == [
        "must be string",
        "must have required property 'a'",
        "must match a schema in anyOf",
    ]
    assert [p.message for p in schema.errors({})] == [
        "must be string",
        "must have required property 'a'",
        "must have required property 'b'",
        "must match a schema in anyOf",
    ]


def test_a_oneof_names_the_schemas_that_both_pass() -> None:
    problem = Schema({"oneOf": [{"type": "string"}, {"minimum": 1}, {"type": "number"}]}).errors(3)[-1]
    assert (problem.message, problem.params) == ("must match exactly one schema in oneOf", {"passingSchemas": [1, 2]})


def test_local_references_are_followed_and_foreign_ones_are_refused() -> None:
    schema = Schema(
        {
            "definitions": {"n": {"minimum": 1}},
            "properties": {"z": {"type": "string"}, "a": {"$ref": "#/definitions/n"}},
        }
    )
    assert [p.path for p in schema.errors({"a": 0, "z": 1})] == ["/z", "/a"]
    with pytest.raises(ValueError, match="not a valid JSON Schema"):
        Schema({"$ref": "https://example.com/schema.json"})


def test_the_first_problem_alone_is_the_first_of_all() -> None:
    assert Schema(ORDER).first({"z": 1}) == Schema(ORDER).errors({"z": 1})[:1]
    assert Schema(ORDER).first({"a": "xx", "b": 1}) == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "xx", "yy", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_a_value_is_valid_exactly_when_there_is_no_problem(value: Any) -> None:
    schema = Schema(ORDER)
    assert schema.is_valid(value) == (schema.errors(value) == []) == (schema.first(value) == [])
