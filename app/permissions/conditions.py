"""Criteria trees of conditional decisions: read once, then applied to loaded resources. Source: spec/catalog.md §7.2,
§7.4; spec/ui-backends.md §4.1."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.errors import InputError

MAX_DEPTH = 100
"""Levels of `allOf`, `anyOf` and `not`; a tree that is deeper is an attack or a mistake."""


@dataclass(frozen=True, slots=True)
class Condition:
    rule: str
    resource_type: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AllOf:
    criteria: tuple[Criteria, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    criteria: tuple[Criteria, ...]


@dataclass(frozen=True, slots=True)
class Not:
    criteria: Criteria


Criteria = Condition | AllOf | AnyOf | Not


def parse_criteria(value: Any, *, where: str = "conditions", depth: int = 0) -> Criteria:
    """Raises InputError, which names the place, for anything that is not a criteria tree."""
    if depth > MAX_DEPTH:
        raise InputError(f"{where} is nested more than {MAX_DEPTH} levels deep")
    if not isinstance(value, dict):
        raise InputError(f"{where} must be an object")
    if "not" in value:
        return Not(parse_criteria(value["not"], where=f"{where}.not", depth=depth + 1))
    for key, form in (("allOf", AllOf), ("anyOf", AnyOf)):
        if key in value:
            members = value[key]
            if not isinstance(members, list) or not members:
                raise InputError(f"{where}.{key} must be a list with at least one member")
            return form(
                tuple(
                    parse_criteria(member, where=f"{where}.{key}[{index}]", depth=depth + 1)
                    for index, member in enumerate(members)
                )
            )
    for key in ("rule", "resourceType"):
        if not isinstance(value.get(key), str):
            raise InputError(f"{where}.{key} must be a string")
    params = value.get("params", {})
    if not isinstance(params, dict):
        raise InputError(f"{where}.params must be an object")
    return Condition(value["rule"], value["resourceType"], params)


def matches(criteria: Criteria, applies: Callable[[Condition], bool]) -> bool:
    """Whether the tree holds, given which of its conditions do. Stops as soon as it is decided."""
    match criteria:
        case AllOf(members):
            return all(matches(member, applies) for member in members)
        case AnyOf(members):
            return any(matches(member, applies) for member in members)
        case Not(member):
            return not matches(member, applies)
        case Condition():
            return applies(criteria)


def conditions_in(criteria: Criteria) -> Iterator[Condition]:
    """All conditions of the tree, in the order they are written."""
    match criteria:
        case AllOf(members) | AnyOf(members):
            for member in members:
                yield from conditions_in(member)
        case Not(member):
            yield from conditions_in(member)
        case Condition():
            yield criteria
