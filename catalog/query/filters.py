"""The older `filter=` syntax, turned into predicates. Source: spec/catalog.md §2.2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import InputError
from catalog.interfaces import Query
from catalog.query.predicates import AllOf, AnyOf, HasKey, HasValue, Not, Predicate

MAX_LEGACY_DEPTH = 100


def parse_filters(filters: Sequence[str] | None) -> Query | None:
    """All `filter` parameters of a request as one query in wire form, the shape that ends up in cursors.

    Returns:
        None when nothing is asked: no parameter, or empty ones alone.

    Raises:
        InputError: a part begins with `=`.
    """
    sets = [one for text in filters or () if (one := _parse_set(text)) is not None]
    if not sets:
        return None
    return sets[0] if len(sets) == 1 else {"$any": sets}


def _parse_set(text: str) -> Query | None:
    wanted: dict[str, list[str]] = {}
    for statement in text.split(","):
        part = statement.strip()
        if not part:
            continue
        key, equals, value = part.partition("=")
        key = key.strip()
        if not key:
            raise InputError(
                f"Invalid filter, '{part}' is not a valid statement (expected a string on the form a=b or a= or a)"
            )
        values = wanted.setdefault(key, [])
        if equals:
            values.append(value.strip())
    clauses = [_clause(key, values) for key, values in wanted.items()]
    if not clauses:
        return None
    return clauses[0] if len(clauses) == 1 else {"$all": clauses}


def _clause(key: str, values: list[str]) -> dict[str, Any]:
    if not values:
        return {key: {"$exists": True}}
    return {key: values[0]} if len(values) == 1 else {key: {"$in": values}}


def parse_legacy_filter(given: Any, depth: int = 0) -> Predicate:
    """The `filter` member of older cursors: `{key, values?}`, `{not}`, `{anyOf}` or `{allOf}`. Source: §2.5.

    Raises:
        ValueError: it has another shape.
    """
    if depth > MAX_LEGACY_DEPTH:
        raise ValueError("filter is nested too deeply")
    if not isinstance(given, Mapping):
        raise ValueError("filter must be an object")
    if isinstance(key := given.get("key"), str):
        values = given.get("values")
        if values is None:
            return HasKey(key.lower())
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise ValueError("filter values must be texts")
        return HasValue(key.lower(), tuple(dict.fromkeys(value.lower() for value in values)))
    if "not" in given:
        return Not(parse_legacy_filter(given["not"], depth + 1))
    for name, shape in (("anyOf", AnyOf), ("allOf", AllOf)):
        if isinstance(parts := given.get(name), list):
            return shape(tuple(parse_legacy_filter(part, depth + 1) for part in parts))
    raise ValueError("filter has none of key, not, anyOf, allOf")
