"""The port by which others tell of changes. See `app.interfaces.SearchIndex`."""

from __future__ import annotations

from collections.abc import Mapping

from app.errors import InputError
from app.interfaces import SearchChange, SearchCollator
from plugins.search.indexer import Indexer
from plugins.search.store import SearchStore


class ToldIndex:
    """Implements `app.interfaces.SearchIndex`."""

    def __init__(self, store: SearchStore, indexer: Indexer, collators: Mapping[str, SearchCollator]) -> None:
        self._store = store
        self._indexer = indexer
        self._collators = collators

    async def update(self, type: str, change: SearchChange) -> None:  # noqa: A002
        self._check(type)
        await self._indexer.apply(type, change)

    async def collate(self, type: str) -> None:  # noqa: A002
        self._check(type)
        await self._store.request([type])

    def _check(self, type: str) -> None:  # noqa: A002
        if type not in self._collators:
            raise InputError(f"Nobody collates documents of type '{type}'")
