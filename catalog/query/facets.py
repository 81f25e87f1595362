"""Facets: how many selected entities each value of a key has. Source: spec/catalog.md §1.3."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from catalog.interfaces import FacetValue
from catalog.query.needs import Need
from catalog.query.results import Counted
from catalog.query.selection import Asked, Selection
from catalog.query.structures import Ordered, Spellings


class Facets:
    def __init__(self, selection: Selection) -> None:
        self._selection = selection

    async def count(self, facets: Sequence[str], asked: Asked) -> dict[str, list[FacetValue]]:
        """For each facet, as it was asked for, its original values in code-point order. Empty where there is none."""
        return {facet: await self._one(facet.lower(), asked) for facet in dict.fromkeys(facets)}

    async def _one(self, key: str, asked: Asked) -> list[FacetValue]:
        name = ("facet", key, asked.key)
        counted: list[FacetValue] | None = self._selection.recall(name)
        if counted is not None:
            return counted
        need = Need("facet", key)
        view = await self._selection.view(asked, [need])
        match view.have.get(need):
            case Spellings() as spellings:
                counted = [FacetValue(value, count) for value, count in spellings.counts(view.among)]
            case Ordered() as ordered:
                rows = await self._selection.sliced(partial(ordered.index.counts, view.among))
                counted = [FacetValue(value.decode(), count) for value, count in rows]
            case _:
                counted = []
        self._selection.recall(name)
        self._selection.remember(name, Counted(key, asked.predicate, asked.needs, counted), 250 * len(counted))
        return counted
