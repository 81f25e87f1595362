from __future__ import annotations

from typing import Any

import pytest

from app.errors import InputError
from catalog.query.filters import parse_filters, parse_legacy_filter
from catalog.query.predicates import AllOf, AnyOf, HasKey, HasValue, Not


@pytest.mark.parametrize(
    ("filters", "query"),
    [
        (None, None),
        ([], None),
        (["", " , "], None),
        (["kind=user", ""], {"kind": "user"}),
        (["kind"], {"kind": {"$exists": True}}),
        (["kind,kind=user"], {"kind": "user"}),
        (["kind=user,kind"], {"kind": "user"}),
        (["kind=a,kind=b"], {"kind": {"$in": ["a", "b"]}}),
        ([" kind = a ,, spec.type = b "], {"$all": [{"kind": "a"}, {"spec.type": "b"}]}),
        (["kind=a", "kind=b"], {"$any": [{"kind": "a"}, {"kind": "b"}]}),
        (["a=b=c"], {"a": "b=c"}),
        (["a="], {"a": ""}),
        (["__proto__=x"], {"__proto__": "x"}),
    ],
)
def test_filters_become_the_queries_that_cursors_carry(filters: list[str] | None, query: Any) -> None:
    assert parse_filters(filters) == query


@pytest.mark.parametrize("text", ["=x", "kind=a,=x", " = "])
def test_a_part_without_a_key_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"Invalid filter, '=.*' is not a valid statement \(expected a string on"):
        parse_filters([text])


def test_the_filter_of_an_old_cursor_is_understood() -> None:
    given = {"allOf": [{"anyOf": [{"key": "Kind", "values": ["Group"]}, {"key": "a"}]}, {"not": {"key": "b"}}]}
    expected = AllOf((AnyOf((HasValue("kind", ("group",)), HasKey("a"))), Not(HasKey("b"))))
    assert parse_legacy_filter(given) == expected


@pytest.mark.parametrize("given", [None, "x", {}, {"key": 5}, {"key": "a", "values": "b"}, {"not": 1}, {"anyOf": {}}])
def test_the_filter_of_an_old_cursor_may_be_malformed(given: Any) -> None:
    with pytest.raises(ValueError, match="filter"):
        parse_legacy_filter(given)


def test_a_filter_nested_a_thousand_times_is_refused_not_a_crash() -> None:
    given: Any = {"key": "a"}
    for _ in range(1000):
        given = {"not": given}
    with pytest.raises(ValueError, match="too deeply"):
        parse_legacy_filter(given)
