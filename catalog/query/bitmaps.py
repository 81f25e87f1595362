"""Evaluates predicates on sets of entities."""

from __future__ import annotations

from collections.abc import Mapping

from pyroaring import BitMap

from catalog.query.needs import ALL, Need
from catalog.query.predicates import AllOf, AnyOf, HasKey, HasPrefix, HasValue, Not, Predicate
from catalog.query.structures import EntitySet, Structure

EMPTY = BitMap()


def entities_of(have: Mapping[Need, Structure], need: Need) -> BitMap:
    """The set behind a need; empty where there is none."""
    found = have.get(need)
    return found.entities if isinstance(found, EntitySet) else EMPTY


def evaluate(predicate: Predicate, have: Mapping[Need, Structure]) -> BitMap:
    """Entities that match.

    Args:
        have: what `needs_of(predicate)` named; what is missing has no entities.

    Returns:
        A set that may belong to the index: not to be changed.
    """
    match predicate:
        case HasValue(key, values):
            return _union([entities_of(have, Need("value", key, value)) for value in values])
        case HasKey(key):
            return entities_of(have, Need("key", key))
        case HasPrefix(key, prefix):
            return entities_of(have, Need("prefix", key, prefix))
        case AnyOf(parts):
            return _union([evaluate(part, have) for part in parts])
        case Not(part):
            return entities_of(have, ALL) - evaluate(part, have)
        case AllOf(parts):
            return _intersection(parts, have)


def _union(sets: list[BitMap]) -> BitMap:
    if len(sets) == 1:
        return sets[0]
    return BitMap.union(*sets) if sets else EMPTY


def _intersection(parts: tuple[Predicate, ...], have: Mapping[Need, Structure]) -> BitMap:
    asked = [evaluate(part, have) for part in parts if not isinstance(part, Not)]
    refused = [evaluate(part.part, have) for part in parts if isinstance(part, Not)]
    # From the smallest set on, every step is cheap.
    asked.sort(key=len)
    found = asked[0] if asked else entities_of(have, ALL)
    for one in asked[1:]:
        found = found & one
    for one in refused:
        found = found - one
    return found
