from __future__ import annotations

from typing import Any

import pytest

from catalog.model.ai_kinds import AI_KINDS
from catalog.model.kinds import BUILTIN_KINDS, Kind
from catalog.model.schema import record, text
from catalog.validation.kinds import KindError, KindValidator
from catalog.validation.shape import compile_shape


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": ["string", "boolean"]}, 1, "<root> must be string,boolean - type: string,boolean"),
        ({"type": "number"}, True, "<root> must be number - type: number"),
        ({"type": "null"}, 0, "<root> must be null - type: null"),
        (
            {"type": "string", "enum": ["a", "b"]},
            "c",
            "<root> must be equal to one of the allowed values - allowedValues: a,b",
        ),
        ({"const": "x"}, "y", "<root> must be equal to constant - allowedValue: x"),
        ({"const": {"a": 1}}, 1, '<root> must be equal to constant - allowedValue: {"a":1}'),
        ({"type": "string", "maxLength": 2}, "abc", "<root> must NOT have more than 2 characters - limit: 2"),
        ({"type": "array", "minItems": 1, "items": text()}, [], "<root> must NOT have fewer than 1 items - limit: 1"),
        ({"type": "array", "items": text()}, ["a", ""], "/1 must NOT have fewer than 1 characters - limit: 1"),
        (
            {"type": "object", "additionalProperties": text(), "properties": {"a": {}}},
            {"a": 1, "b~/c": 1},
            "/b~0~1c must be string - type: string",
        ),
        ({"minLength": 3}, "ab", "<root> must NOT have fewer than 3 characters - limit: 3"),
        (
            {"oneOf": [record({"a": text()}, required=("a",)), {"type": "array"}]},
            "x",
            "<root> must be object - type: object",
        ),
        (
            {"oneOf": [{"type": "string"}, text()]},
            "x",
            "<root> must match exactly one schema in oneOf - passingSchemas: 0,1",
        ),
    ],
)
def test_the_first_violation_is_worded_as_ajv_does(schema: dict[str, Any], value: Any, message: str) -> None:
    violation = compile_shape(schema)(value)
    assert violation is not None
    assert violation.detailed == message


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({}, None),
        ({"minLength": 3}, 5),
        ({"type": ["string", "boolean"]}, False),
        ({"type": "object", "additionalProperties": True, "properties": {"a": text()}}, {"b": 1}),
        ({"oneOf": [record({}), {"type": "array", "items": record({})}]}, [{}]),
        ({"const": 1}, 1),
    ],
)
def test_what_a_schema_allows_has_no_violation(schema: dict[str, Any], value: Any) -> None:
    assert compile_shape(schema)(value) is None


def test_required_comes_before_what_is_there() -> None:
    check = compile_shape(record({"a": text(), "b": text()}, required=("b",), additionalProperties=False))
    violation = check({"a": 5, "c": 1})
    assert violation is not None
    assert violation.message == "must have required property 'b'"
    violation = check({"a": 5, "b": "x", "c": 1})
    assert violation is not None
    assert (violation.message, violation.at_key) == ("must NOT have additional properties", "c")


def test_a_keyword_that_is_not_known_is_refused_when_compiling() -> None:
    with pytest.raises(ValueError, match="not a keyword of shapes: pattern"):
        compile_shape({"type": "string", "pattern": "x"})


def test_kinds_are_told_apart_by_name_and_version_in_their_exact_case() -> None:
    validator = KindValidator(BUILTIN_KINDS)
    spec = {"type": "service", "lifecycle": "production", "owner": "x"}
    assert validator.recognizes({"apiVersion": "backstage.io/v1beta1", "kind": "Component", "spec": spec})
    assert not validator.recognizes({"apiVersion": "backstage.io/v1alpha1", "kind": "component", "spec": spec})
    assert not validator.recognizes({"apiVersion": "backstage.io/v2", "kind": "Component"})


def test_an_invalid_entity_of_a_known_kind_is_an_error_that_leads_to_the_place() -> None:
    validator = KindValidator([Kind("Gizmo", ("acme.example/v1",), record({"cogs": {"type": "array"}}), "A thing.")])
    with pytest.raises(KindError) as caught:
        validator.recognizes({"apiVersion": "acme.example/v1", "kind": "Gizmo", "spec": {"cogs": 5}})
    assert caught.value.name == "TypeError"
    assert caught.value.violation.path == ("spec", "cogs")
    with pytest.raises(KindError, match="<root> must have required property 'spec' - missingProperty: spec"):
        validator.recognizes({"apiVersion": "acme.example/v1", "kind": "Gizmo"})


@pytest.mark.parametrize(
    ("kind", "spec", "message"),
    [
        ("API", {"type": "mcp-server", "remotes": [{"type": "http", "url": "https://x"}]}, None),
        ("API", {"type": "mcp-server"}, "/spec must have required property 'remotes' - missingProperty: remotes"),
        ("API", {"type": "mcp-server", "remotes": []}, "/spec/remotes must NOT have fewer than 1 items - limit: 1"),
        ("API", {"type": "openapi"}, "/spec must have required property 'definition' - missingProperty: definition"),
        ("AiResource", {"type": "skill", "agents": ["a"]}, None),
        ("AiResource", {"type": "rule"}, "/spec must have required property 'category' - missingProperty: category"),
        ("AiResource", {"type": "plugin"}, "/spec must have required property 'skills' - missingProperty: skills"),
        ("AiResource", {"type": "other"}, None),
    ],
)
def test_kinds_for_agents_depend_on_their_type(kind: str, spec: dict[str, Any], message: str | None) -> None:
    validator = KindValidator((*BUILTIN_KINDS, *AI_KINDS))
    entity = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "spec": {"lifecycle": "production", "owner": "x", **spec},
    }
    if message is None:
        assert validator.recognizes(entity)
    else:
        with pytest.raises(KindError) as caught:
            validator.recognizes(entity)
        assert str(caught.value) == message
