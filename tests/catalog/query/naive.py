"""What the engine should answer, by looking at every entity in turn. Source: spec/catalog.md §1.3, §2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from catalog.interfaces import FullText, Order
from tests.catalog.query.store import Stored

SortedRow = tuple[str, Stored]


def values(entity: Stored, key: str) -> list[str | None]:
    return [None if value is None else value.lower() for own, value in entity.search_rows if own == key.lower()]


def text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value).lower()


def matches(entity: Stored, query: Mapping[str, Any] | None) -> bool:
    if query is None:
        return True
    if "$all" in query:
        return all(matches(entity, one) for one in query["$all"])
    if "$any" in query:
        return any(matches(entity, one) for one in query["$any"])
    if "$not" in query:
        return not matches(entity, query["$not"])
    return all(holds(entity, field, value) for field, value in query.items())


def holds(entity: Stored, field: str, value: Any) -> bool:
    if isinstance(value, Mapping):
        if "$exists" in value:
            return bool(values(entity, field)) is value["$exists"]
        if "$in" in value:
            return any(holds(entity, field, one) for one in value["$in"])
        if "$hasPrefix" in value:
            return any(one is not None and one.startswith(value["$hasPrefix"].lower()) for one in values(entity, field))
        wanted = value["$contains"]
        if not isinstance(wanted, Mapping):
            return holds(entity, field, wanted)
        key = f"relations.{wanted['type']}"
        return holds(entity, key, wanted["targetRef"]) if "targetRef" in wanted else bool(values(entity, key))
    return text(value) in values(entity, field)


def search(entities: Iterable[Stored], full_text: FullText | None, sort: str | None) -> list[Stored]:
    needle = full_text.term.strip().lower() if full_text else ""
    if not full_text or not needle:
        return list(entities)
    fields = full_text.fields if full_text.fields is not None else (sort or "metadata.uid",)
    return [
        entity
        for entity in entities
        if any(one is not None and needle in one for field in fields for one in values(entity, field))
    ]


def rows(
    entities: Iterable[Stored], query: Any, order: Sequence[Order], full_text: FullText | None
) -> tuple[list[tuple[str | None, Stored]], int]:
    """All rows of a `by-query`, and how many entities they are."""
    sort = order[0].field.lower() if order else None
    found = search([entity for entity in entities if matches(entity, query)], full_text, sort)
    if sort is None:
        return [(None, entity) for entity in sorted(found, key=lambda one: one.uid)], len(found)
    pairs = [(value, entity) for entity in found for value in values(entity, sort) if value is not None]
    total = len({entity.id for _, entity in pairs})
    if full_text and (needle := full_text.term.strip().lower()):
        fields = (sort,) if full_text.fields is None else tuple(field.lower() for field in full_text.fields)
        if fields == (sort,):
            pairs = [pair for pair in pairs if needle in pair[0]]
    pairs.sort(key=lambda pair: (pair[0], pair[1].uid), reverse=order[0].direction == "desc")
    return [*pairs], total


def listing(entities: Iterable[Stored], query: Any, orders: Sequence[Order]) -> list[Stored]:
    found = [entity for entity in entities if matches(entity, query)]
    if not orders:
        return sorted(found, key=lambda one: one.ref)
    orders = [one for n, one in enumerate(orders) if one.field.lower() not in {o.field.lower() for o in orders[:n]}]
    combined: list[tuple[list[str | None], Stored]] = [([], entity) for entity in found]
    for order in orders:
        combined = [([*before, value], entity) for before, entity in combined for value in usable(entity, order.field)]
    combined.sort(key=lambda one: one[1].id)
    for place, order in reversed(list(enumerate(orders))):
        combined.sort(key=_at(place), reverse=order.direction == "desc")
        combined.sort(key=lambda one, place=place: one[0][place] is None)  # type: ignore[misc]
    return [entity for _, entity in combined]


def usable(entity: Stored, field: str) -> list[str | None]:
    """The values an entity can be sorted by; one None where there is none."""
    found = [one for one in values(entity, field) if one is not None]
    return [*found] or [None]


def _at(place: int) -> Callable[[tuple[list[str | None], Stored]], str]:
    return lambda one: one[0][place] or ""


def facet(entities: Iterable[Stored], query: Any, key: str) -> list[tuple[str, int]]:
    counted = Counter(
        value
        for entity in entities
        if matches(entity, query)
        for own, value in entity.search_rows
        if own == key.lower() and value is not None
    )
    return sorted(counted.items())
