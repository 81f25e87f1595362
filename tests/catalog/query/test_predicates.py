from __future__ import annotations

from typing import Any

import pytest

from app.errors import InputError
from catalog.query.predicates import (
    EVERYTHING,
    MAX_CLAUSES,
    MAX_VALUES,
    AllOf,
    AnyOf,
    HasKey,
    HasPrefix,
    HasValue,
    Not,
    Predicate,
    all_of,
    and_queries,
    check_query,
    parse_query,
)


@pytest.mark.parametrize(
    ("query", "predicate"),
    [
        ({}, EVERYTHING),
        ({"$all": []}, EVERYTHING),
        ({"$any": []}, AnyOf(())),
        ({"KIND": "GROUP"}, HasValue("kind", ("group",))),
        ({"spec.num": 7.0}, HasValue("spec.num", ("7",))),
        ({"a": True, "b": "c"}, AllOf((HasValue("a", ("true",)), HasValue("b", ("c",))))),
        ({"a": {"$exists": True}}, HasKey("a")),
        ({"a": {"$exists": False}}, Not(HasKey("a"))),
        ({"a": {"$in": ["X", 7, "x", False]}}, HasValue("a", ("x", "7", "false"))),
        ({"a": {"$in": []}}, HasValue("a", ())),
        ({"a": {"$hasPrefix": "B_%"}}, HasPrefix("a", "b_%")),
        ({"metadata.tags": {"$contains": "Java"}}, HasValue("metadata.tags", ("java",))),
        ({"relations": {"$contains": {"type": "dependsOn"}}}, HasKey("relations.dependson")),
        (
            {"RELATIONS": {"$contains": {"TYPE": "ownedBy", "targetREF": {"$in": ["A", "b"]}}}},
            HasValue("relations.ownedby", ("a", "b")),
        ),
        ({"$not": {"a": "b"}}, Not(HasValue("a", ("b",)))),
        ({"a": {"$exists": True, "$in": ["nothing"]}}, HasKey("a")),
        ({"a": {"$exists": "yes", "$in": ["x"]}}, HasValue("a", ("x",))),
        ({"a": {"$hasPrefix": "b", "$in": ["x"]}}, HasValue("a", ("x",))),
        ({"a": {"$hasPrefix": "b", "$contains": None}}, HasPrefix("a", "b")),
        ({"a": {"$in": ["x"], "other": 1}}, HasValue("a", ("x",))),
        ({"__proto__": "x"}, HasValue("__proto__", ("x",))),
    ],
)
def test_wire_queries_become_predicates(query: dict[str, Any], predicate: Predicate) -> None:
    assert parse_query(query) == predicate


@pytest.mark.parametrize(
    "query",
    [
        {"kind": None},
        {"kind": ["a"]},
        {"kind": {}},
        {"kind": {"$foo": 1}},
        {"$foo": 1},
        {"$a.b": "c"},
        {"kind": "x", "$not": {}},
        {"$not": {}, "kind": "x"},
        {"$all": [], "$any": []},
        {"$all": {}},
        {"$any": [None]},
        {"$not": []},
        {"kind": {"$in": "a"}},
        {"kind": {"$in": [None]}},
        {"kind": {"$in": [{}]}},
        {"kind": {"$exists": "yes"}},
        {"kind": {"$hasPrefix": 1}},
        {"kind": {"$contains": []}},
        {"kind": {"$contains": None}},
        {"a\nb": "c"},
        {"$all": ["x", {"kind": None}]},
    ],
)
def test_what_breaks_the_grammar_is_refused(query: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"^Invalid query: Validation error: "):
        parse_query(query)


@pytest.mark.parametrize("query", ["x", 5, [], None])
def test_a_query_is_an_object(query: Any) -> None:
    with pytest.raises(InputError, match="Validation error"):
        parse_query(query)


def test_the_text_before_a_grammar_error_is_the_callers() -> None:
    with pytest.raises(InputError, match=r"^Malformed body, Validation error: "):
        check_query({"kind": None}, prefix="Malformed body, ")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            {"$all": ["x"]},
            "Invalid filter predicate: top-level primitive values are not supported."
            ' Wrap the value in a field expression, e.g. { "kind": "x" }',
        ),
        (
            {"$not": 5},
            "Invalid filter predicate: top-level primitive values are not supported."
            ' Wrap the value in a field expression, e.g. { "kind": 5 }',
        ),
        (
            {"spec.dependsOn": {"$contains": {"type": "x"}}},
            'Object form of $contains is not supported for field "spec.dependson"',
        ),
        (
            {"relations": {"$contains": {"targetRef": "a:b/c"}}},
            'The $contains operator for "relations" requires a "type" string property',
        ),
        (
            {"relations": {"$contains": {"type": 5}}},
            'The $contains operator for "relations" requires a "type" string property',
        ),
        (
            {"relations": {"$contains": {"type": "a", "b": "c"}}},
            'Unsupported key "b" in $contains for "relations". Only "type" and "targetRef" are supported',
        ),
        (
            {"relations": {"$contains": {"type": "a", "Type": "b"}}},
            'Duplicate key "Type" in $contains for "relations"',
        ),
        (
            {"relations": {"$contains": {"type": "a", "targetRef": {"$in": []}}}},
            'Empty "$in" array for $contains on "relations" is not allowed',
        ),
        (
            {"relations": {"$contains": {"type": "a", "targetRef": 5}}},
            'Unsupported value in $contains for "relations": expected a string or { "$in": [strings] }, but got 5',
        ),
    ],
)
def test_what_has_no_meaning_is_refused_in_the_references_words(query: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_query(query)
    assert caught.value.message == message


def _nested(depth: int, wrap: Any) -> Any:
    query: Any = {"kind": "a"}
    for _ in range(depth):
        query = wrap(query)
    return query


@pytest.mark.parametrize(
    "wrap",
    [
        lambda q: {"$not": q},
        lambda q: {"$all": [q]},
        lambda q: {"a": {"$contains": q}},
        lambda q: {"relations": {"$contains": q}},
    ],
)
def test_a_query_nested_too_deeply_is_refused_not_a_crash(wrap: Any) -> None:
    for depth in (150, 2_000):
        with pytest.raises(InputError):
            parse_query(_nested(depth, wrap))
    assert parse_query(_nested(40, lambda q: {"$not": {"$all": [q]}}))


def test_a_query_of_too_many_clauses_or_values_is_refused() -> None:
    queries: list[dict[str, Any]] = [
        {"$any": [{"kind": str(n)} for n in range(MAX_CLAUSES + 1)]},
        {f"a{n}": "x" for n in range(MAX_CLAUSES + 1)},
        {"$all": [{}] * (MAX_CLAUSES + 1)},
        {"kind": {"$in": [str(n) for n in range(MAX_VALUES + 1)]}},
    ]
    for query in queries:
        with pytest.raises(InputError, match="more than"):
            parse_query(query)


def test_conjunctions_leave_out_what_is_not_asked() -> None:
    one, two = HasKey("a"), HasKey("b")
    assert all_of(None, EVERYTHING) == EVERYTHING
    assert all_of(one, None, EVERYTHING) == one
    assert all_of(one, two) == AllOf((one, two))
    assert and_queries([None, None]) is None
    assert and_queries([None, {"a": "b"}]) == {"a": "b"}
    assert and_queries([{"a": "b"}, {}]) == {"$all": [{"a": "b"}, {}]}
