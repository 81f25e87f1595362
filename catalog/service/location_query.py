"""Predicates over registered locations. Source: spec/catalog.md §2.4.

The grammar is that of entities, the meaning is not quite: fields are columns, everything compares without regard to
case, an empty `$all` matches nothing and `$contains` never does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.errors import InputError
from catalog.interfaces import Query, RegisteredLocation
from catalog.query.literals import text_of
from catalog.query.predicates import check_query

Test = Callable[[RegisteredLocation], bool]
FIELDS: Final[Mapping[str, Callable[[RegisteredLocation], str]]] = {
    "id": lambda location: location.id,
    "type": lambda location: location.type,
    "target": lambda location: location.target,
    "entityref": lambda location: location.entity_ref,
}


def location_test(query: Query) -> Test:
    """A test for one location. Raises InputError for a malformed query or an unknown field."""
    check_query(query)
    return _predicate(query)


def _predicate(query: Mapping[str, Any]) -> Test:
    if "$all" in query:
        parts = [_predicate(part) for part in query["$all"]]
        return lambda location: bool(parts) and all(part(location) for part in parts)
    if "$any" in query:
        parts = [_predicate(part) for part in query["$any"]]
        return lambda location: any(part(location) for part in parts)
    if "$not" in query:
        inner = _predicate(query["$not"])
        return lambda location: not inner(location)
    tests = [_field(field, value) for field, value in query.items()]
    return lambda location: all(test(location) for test in tests)


def _field(field: str, value: Any) -> Test:
    column = FIELDS.get(field.lower())
    if column is None:
        raise InputError(
            f"Invalid filter predicate, expected key to be 'id', 'type', 'target', or 'entityRef', got '{field}'"
        )
    if not isinstance(value, Mapping):
        wanted = text_of(value).upper()
        return lambda location: column(location).upper() == wanted
    # Several operators: the first that is well formed wins, in this order. No column is ever null.
    if isinstance(there := value.get("$exists"), bool):
        return lambda _: there
    if isinstance(among := value.get("$in"), list):
        texts = {text_of(one).upper() for one in among}
        return lambda location: column(location).upper() in texts
    if "$contains" in value:
        return lambda _: False
    prefix = str(value["$hasPrefix"]).upper()
    return lambda location: column(location).upper().startswith(prefix)
