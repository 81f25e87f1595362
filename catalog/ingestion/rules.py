"""Which kinds may come from where. Source: spec/catalog.md §4.8."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import InputError
from catalog.interfaces import Entity, LocationSpec
from catalog.model.glob import compile_glob

DEFAULT_KINDS = ("Component", "API", "Location")


@dataclass(frozen=True, slots=True)
class Allowed:
    """A kind, and the `spec.type` it must have if one is given; both in lower case."""

    kind: str
    spec_type: str | None = None

    def matches(self, entity: Entity) -> bool:
        if entity["kind"].lower() != self.kind:
            return False
        if self.spec_type is None:
            return True
        spec = entity.get("spec")
        found = spec.get("type") if isinstance(spec, dict) else None
        return isinstance(found, str) and found.lower() == self.spec_type


@dataclass(frozen=True, slots=True)
class Place:
    """Locations of one type: all, one exactly, or those that match a pattern."""

    type: str
    exact: str | None = None
    pattern: Callable[[str], bool] | None = None

    def matches(self, origin: LocationSpec) -> bool:
        if origin.type != self.type:
            return False
        if self.exact is not None:
            return origin.target == self.exact
        return self.pattern is None or self.pattern(origin.target)


@dataclass(frozen=True, slots=True)
class Rule:
    """`places` None: anywhere."""

    allow: tuple[Allowed, ...]
    places: tuple[Place, ...] | None = None

    def allows(self, entity: Entity, origin: LocationSpec) -> bool:
        if self.places is not None and not any(place.matches(origin) for place in self.places):
            return False
        return any(allowed.matches(entity) for allowed in self.allow)


class Rules:
    """Any rule that allows is enough."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)

    def is_allowed(self, entity: Entity, origin: LocationSpec) -> bool:
        return any(rule.allows(entity, origin) for rule in self._rules)


def _allowed(given: Any, where: str) -> Allowed:
    if isinstance(given, str):
        return Allowed(given.lower())
    if isinstance(given, dict) and isinstance(given.get("kind"), str):
        spec_type = given.get("spec.type")
        if spec_type is not None and not isinstance(spec_type, str):
            raise InputError(f"{where}: spec.type must be a text")
        return Allowed(given["kind"].lower(), spec_type.lower() if spec_type else None)
    raise InputError(f"{where} must be a kind, or an object with kind and spec.type")


def _place(given: Any, where: str) -> Place:
    if not isinstance(given, dict) or not isinstance(given.get("type"), str):
        raise InputError(f"{where} must be an object with a type")
    exact, pattern = given.get("exact"), given.get("pattern")
    if exact is not None and pattern is not None:
        raise InputError(f"{where}: a rule location cannot have both an exact and a pattern value")
    return Place(given["type"], exact, compile_glob(pattern) if pattern is not None else None)


def parse_rules(rules: Sequence[Any] | None, locations: Iterable[tuple[LocationSpec, Sequence[Any]]]) -> Rules:
    """The rules of a configuration.

    Args:
        rules: `catalog.rules`; None where there is none.
        locations: the configured locations with their own `rules`, targets absolute.

    Raises:
        InputError: a rule is malformed.
    """
    parsed: list[Rule] = []
    if rules is None:
        parsed.append(Rule(tuple(Allowed(kind.lower()) for kind in DEFAULT_KINDS)))
    for number, rule in enumerate(rules or ()):
        where = f"catalog.rules[{number}]"
        if not isinstance(rule, dict):
            raise InputError(f"{where} must be an object")
        allow = tuple(_allowed(one, f"{where}.allow") for one in rule.get("allow") or ())
        places = rule.get("locations")
        parsed.append(
            Rule(allow, None if places is None else tuple(_place(one, f"{where}.locations") for one in places))
        )
    for spec, own in locations:
        for rule in own:
            allow = tuple(_allowed(one, f"catalog.locations, {spec}: allow") for one in rule.get("allow") or ())
            parsed.append(Rule(allow, (Place(spec.type, spec.target),)))
    return Rules(parsed)
