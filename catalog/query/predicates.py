"""Backstage's filter predicates, as a small algebra. Source: spec/catalog.md §2.3.

A query in wire form (`{"kind": "component", "metadata.tags": {"$contains": "java"}}`) becomes a tree of six frozen
shapes. Leaves speak of search rows: keys and values are lower-cased as the index has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.errors import InputError
from catalog.interfaces import Query
from catalog.query.literals import indexed

Json = Any

MAX_DEPTH = 100
"""Levels of `$all`, `$any`, `$not` within each other. Far beyond what people write, far below the interpreter's own."""
MAX_CLAUSES = 2_000
"""Fields and logical operators of one query."""
MAX_VALUES = 10_000
"""Values of one query, those of `$in` included; a body of 100 KiB hardly holds more."""

OPERATORS = ("$all", "$any", "$not")
LINE_ENDS = frozenset("\n\r\u2028\u2029")


@dataclass(frozen=True, slots=True)
class HasKey:
    """Some row has the key, whatever its value (null included)."""

    key: str


@dataclass(frozen=True, slots=True)
class HasValue:
    """Some row has the key and one of the values. Without values: never."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HasPrefix:
    """Some row has the key and a value that begins so, literally."""

    key: str
    prefix: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; without parts always."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some part holds; without parts never."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Set complement over all entities."""

    part: Predicate


Leaf = HasKey | HasValue | HasPrefix
Predicate = Leaf | AllOf | AnyOf | Not

EVERYTHING = AllOf(())
NOTHING = AnyOf(())


def all_of(*parts: Predicate | None) -> Predicate:
    """The conjunction of those that are given; EVERYTHING for none."""
    given = tuple(part for part in parts if part is not None and part != EVERYTHING)
    return given[0] if len(given) == 1 else AllOf(given)


def parse_query(query: Query, *, prefix: str = "Invalid query: ") -> Predicate:
    """Check a query in wire form and make it a predicate.

    Args:
        query: a JSON object; `{}` matches everything.
        prefix: what stands before the text of a grammar error (`by-refs` speaks of the request body instead).

    Raises:
        InputError: the query breaks the grammar, asks what cannot be asked, or is larger than the bounds above.
    """
    return _Parser(prefix).parse(query)


def check_query(query: Query, *, prefix: str = "Invalid query: ") -> None:
    """Raise the InputError that `parse_query` would."""
    parse_query(query, prefix=prefix)


def and_queries(queries: Iterable[Query | None]) -> Query | None:
    """One query in wire form that asks for all of them; None when none is given."""
    given = [query for query in queries if query is not None]
    if not given:
        return None
    return given[0] if len(given) == 1 else {"$all": given}


class _Parser:
    """One pass over one query. The first error of meaning waits until the grammar is known to be right, as there."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._clauses = 0
        self._values = 0
        self._meaningless: InputError | None = None

    def parse(self, query: Json) -> Predicate:
        if not isinstance(query, Mapping):
            raise self._error("expected an object", "query")
        predicate = self._predicate(query, "query", 0)
        if self._meaningless is not None:
            raise self._meaningless
        return predicate

    def _error(self, what: str, where: str) -> InputError:
        return InputError(f'{self._prefix}Validation error: {what} at "{where}"')

    def _means_nothing(self, message: str) -> Predicate:
        self._meaningless = self._meaningless or InputError(message)
        return NOTHING

    def _count(self, *, clauses: int = 0, values: int = 0, where: str) -> None:
        self._clauses += clauses
        self._values += values
        if self._clauses > MAX_CLAUSES:
            raise self._error(f"more than {MAX_CLAUSES} clauses", where)
        if self._values > MAX_VALUES:
            raise self._error(f"more than {MAX_VALUES} values", where)

    def _predicate(self, given: Json, where: str, depth: int) -> Predicate:
        if depth > MAX_DEPTH:
            raise self._error(f"nested deeper than {MAX_DEPTH} levels", where[:60] + "…")
        if isinstance(given, str | int | float | bool):
            example = orjson.dumps(given).decode()
            return self._means_nothing(
                "Invalid filter predicate: top-level primitive values are not supported."
                f' Wrap the value in a field expression, e.g. {{ "kind": {example} }}'
            )
        if not isinstance(given, Mapping):
            raise self._error("expected an object", where)
        operator = next((key for key in given if key.startswith("$")), None)
        if operator is None:
            return self._fields(given, where, depth)
        if operator not in OPERATORS:
            raise self._error(f'unrecognized operator "{operator}"', where)
        if len(given) > 1:
            raise self._error(f'"{operator}" must be the only key', where)
        self._count(clauses=1, where=where)
        operand = given[operator]
        if operator == "$not":
            return Not(self._predicate(operand, f"{where}.$not", depth + 1))
        if not isinstance(operand, list | tuple):
            raise self._error("expected a list", f"{where}.{operator}")
        parts = []
        for index, part in enumerate(operand):
            self._count(clauses=1, where=where)
            parts.append(self._predicate(part, f"{where}.{operator}[{index}]", depth + 1))
        return AllOf(tuple(parts)) if operator == "$all" else AnyOf(tuple(parts))

    def _fields(self, given: Mapping[str, Json], where: str, depth: int) -> Predicate:
        self._count(clauses=len(given), where=where)
        parts: list[Predicate] = []
        for field, value in given.items():
            if not LINE_ENDS.isdisjoint(field):
                raise self._error("a field name has no line breaks", where)
            parts.append(self._field(field.lower(), value, f"{where}.{field}", depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _field(self, key: str, value: Json, where: str, depth: int) -> Predicate:
        if isinstance(value, str | int | float | bool):
            self._count(values=1, where=where)
            return HasValue(key, (indexed(value),))
        if not isinstance(value, Mapping):
            raise self._error("expected a value or an operator", where)
        # Several operators: the first that is well formed wins, in this order.
        if isinstance(value.get("$exists"), bool):
            return HasKey(key) if value["$exists"] else Not(HasKey(key))
        if _primitives(value.get("$in")):
            self._count(values=len(value["$in"]), where=where)
            return HasValue(key, tuple(dict.fromkeys(indexed(one) for one in value["$in"])))
        has_prefix = isinstance(value.get("$hasPrefix"), str)
        if "$contains" in value:
            try:
                return self._contains(key, value["$contains"], f"{where}.$contains", depth)
            except InputError:
                if not has_prefix:
                    raise
        if has_prefix:
            self._count(values=1, where=where)
            return HasPrefix(key, value["$hasPrefix"].lower())
        raise self._error("expected a value, $exists, $in, $contains or $hasPrefix", where)

    def _contains(self, key: str, operand: Json, where: str, depth: int) -> Predicate:
        if isinstance(operand, str | int | float | bool):
            self._count(values=1, where=where)
            return HasValue(key, (indexed(operand),))
        if not isinstance(operand, Mapping):
            raise self._error("expected a value or an object", where)
        # The grammar takes any predicate here; what it may mean is narrower.
        waiting, self._meaningless = self._meaningless, None
        self._predicate(operand, where, depth + 1)
        self._meaningless = waiting
        if key != "relations":
            return self._means_nothing(f'Object form of $contains is not supported for field "{key}"')
        return self._relation(operand)

    def _relation(self, operand: Mapping[str, Json]) -> Predicate:
        parts: dict[str, Json] = {}
        for name, value in operand.items():
            if name.lower() in parts:
                return self._means_nothing(f'Duplicate key "{name}" in $contains for "relations"')
            parts[name.lower()] = value
        for name in operand:
            if name.lower() not in ("type", "targetref"):
                return self._means_nothing(
                    f'Unsupported key "{name}" in $contains for "relations". Only "type" and "targetRef" are supported'
                )
        kind = parts.get("type")
        if not isinstance(kind, str):
            return self._means_nothing('The $contains operator for "relations" requires a "type" string property')
        key = f"relations.{kind.lower()}"
        if "targetref" not in parts:
            return HasKey(key)
        target = parts["targetref"]
        if isinstance(target, str):
            return HasValue(key, (target.lower(),))
        among = target.get("$in") if isinstance(target, Mapping) and len(target) == 1 else None
        if isinstance(among, list) and all(isinstance(one, str) for one in among):
            if not among:
                return self._means_nothing('Empty "$in" array for $contains on "relations" is not allowed')
            return HasValue(key, tuple(dict.fromkeys(one.lower() for one in among)))
        shown = orjson.dumps(target).decode()
        return self._means_nothing(
            'Unsupported value in $contains for "relations":'
            f' expected a string or {{ "$in": [strings] }}, but got {shown}'
        )


def _primitives(value: Json) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str | int | float | bool) for one in value)
