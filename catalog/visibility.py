"""Conditions over entities as sets of numbers. See `catalog.interfaces.EntityVisibility`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyroaring import BitMap

from app.interfaces import Database
from catalog.interfaces import Query
from catalog.permissions.conditions import query_of
from catalog.query.engine import CatalogIndex
from catalog.store.revisions import Revisions


class ConditionalVisibility:
    """Implements `catalog.interfaces.EntityVisibility` on the index in memory."""

    def __init__(self, database: Database, index: CatalogIndex) -> None:
        self._index = index
        self._revisions = Revisions(database)

    async def allowed(self, conditions: Mapping[str, Any]) -> BitMap:
        return await self._index.numbers(query_of(conditions))

    async def matching(self, query: Query, *, revision: int = 0) -> BitMap:
        self._index.advance(revision)
        return await self._index.numbers(query)

    async def numbers(self, refs: Sequence[str]) -> dict[str, int]:
        return await self._revisions.numbers(refs)
