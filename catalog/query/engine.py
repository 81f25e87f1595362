"""The catalog's read side: an in-memory index over the database, always as new as the newest commit here.

How it works: docs/query.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress

from pyroaring import BitMap

from app.errors import ServiceUnavailableError
from app.interfaces import Database
from catalog.interfaces import FacetValue, Order, Page, PageRequest, Query
from catalog.query.documents import Documents
from catalog.query.facets import Facets
from catalog.query.freshness import MOST, Freshness
from catalog.query.lists import Lists
from catalog.query.loading import MANY_SPELLINGS, Scope, Structures
from catalog.query.needs import REFS, Need
from catalog.query.pages import Pages
from catalog.query.selection import ALL_ENTITIES, Asked, Selection
from catalog.query.structures import Patch
from catalog.query.uids import id_of_uid, uid_of
from catalog.store.reads import CatalogReads

BUDGET = 256 * 1024 * 1024
"""Bytes that documents, sets, orders and results may take together; ten thousand entities need a fifth of it."""


ALWAYS_ASKED = (Need("facet", "kind"), Need("order", "metadata.name"), REFS)
log = logging.getLogger(__name__)


class CatalogIndex:
    """Implements `catalog.interfaces.EntitiesCatalog`.

    Nothing is loaded before it is asked for. Reads may be concurrent on one event loop. When the database cannot be
    reached, what is at hand is still served, and the rest raises ServiceUnavailableError.
    """

    def __init__(
        self,
        database: Database,
        *,
        budget: int = BUDGET,
        most_revisions: int = MOST,
        many_spellings: int = MANY_SPELLINGS,
    ) -> None:
        """`most_revisions`: how far behind the index may be and still be patched instead of loaded anew."""
        reads = CatalogReads(database)
        self._documents = Documents(reads, budget * 45 // 100)
        self._structures = Structures(reads, budget * 45 // 100, settle=self._settle, many_spellings=many_spellings)
        self._freshness = Freshness(
            database, reads, scope=self._structures.scope, apply=self._apply, reset=self._reset, most=most_revisions
        )
        self._selection = Selection(self._structures, budget // 10)
        self._pages = Pages(self._selection, self._documents)
        self._lists = Lists(self._selection, self._documents)
        self._facets = Facets(self._selection)
        self._warming: asyncio.Task[None] | None = None

    # -------------------------------------------------------------------------------------------------- running

    async def start(self) -> None:
        """Follow changes of other processes as well, until `stop()`; load in the background what is always asked."""
        self._freshness.start()
        if self._warming is None:
            self._warming = asyncio.create_task(self._warm(), name="catalog-index-warm")

    async def stop(self) -> None:
        await self._freshness.stop()
        if self._warming is not None:
            self._warming.cancel()
            with suppress(asyncio.CancelledError):
                await self._warming
            self._warming = None

    async def _warm(self) -> None:
        try:
            await self._fresh()
            for need in ALWAYS_ASKED:
                await self._structures.need([need])
        except ServiceUnavailableError as error:
            log.warning("the catalog's index cannot be loaded yet: %s", error)

    def advance(self, revision: int, changed: Iterable[int] = ()) -> None:
        """A writer of this process has committed this revision: every read from now on sees it.

        Costs nothing by itself, so call it after each commit (`Transaction.after_commit`). What has changed is read
        from the revisions when somebody asks, hence `changed` (entity ids) is only there for other listeners' sake.
        """
        self._freshness.advance(revision)

    @property
    def size(self) -> int:
        """About how many bytes documents and structures take now."""
        return self._documents.size + self._structures.size

    async def _settle(self) -> None:
        await self._freshness.settle()

    def _apply(self, patch: Patch, scope: Scope) -> None:
        self._structures.apply(patch, scope)
        self._documents.forget(patch.ids, patch.refs)

    def _reset(self) -> None:
        self._structures.reset()
        self._documents.reset()

    async def _fresh(self) -> None:
        if not 0 <= self._freshness.revision >= self._freshness.wanted:
            await self._freshness.settle()

    def _asked(self, query: Query | None, visible: Query | None) -> Asked:
        asked = self._selection.asked(query) if query else ALL_ENTITIES
        return asked & self._selection.asked(visible) if visible else asked

    # -------------------------------------------------------------------------------------------------- reading

    async def revision(self) -> int:
        await self._fresh()
        return self._freshness.revision

    async def page(self, request: PageRequest, *, visible: Query | None = None) -> Page:
        await self._fresh()
        return await self._pages.page(request, self._asked(visible, None))

    async def listing(
        self,
        query: Query | None,
        order: Sequence[Order],
        *,
        limit: int | None,
        offset: int = 0,
        visible: Query | None = None,
    ) -> tuple[Sequence[bytes], bool]:
        await self._fresh()
        return await self._lists.listing(self._asked(query, visible), order, limit, offset)

    def everything(
        self, query: Query | None, order: Order | None, *, visible: Query | None = None
    ) -> AsyncIterator[Sequence[bytes]]:
        """A wrong query is refused here, not on the first step."""
        return self._stream(self._asked(query, visible), order)

    async def _stream(self, asked: Asked, order: Order | None) -> AsyncIterator[Sequence[bytes]]:
        await self._fresh()
        async for batch in self._lists.everything(asked, order):
            yield batch

    async def count(self, query: Query | None, *, visible: Query | None = None) -> int:
        await self._fresh()
        return len((await self._selection.view(self._asked(query, visible))).among)

    async def numbers(self, query: Query) -> BitMap:
        """The numbers of all that match: what others remember too, so change nothing in it."""
        await self._fresh()
        return (await self._selection.view(self._asked(query, None))).among

    async def facets(
        self, facets: Sequence[str], query: Query | None, *, visible: Query | None = None
    ) -> dict[str, list[FacetValue]]:
        await self._fresh()
        return await self._facets.count(facets, self._asked(query, visible))

    async def by_refs(
        self, refs: Sequence[str], query: Query | None = None, *, visible: Query | None = None
    ) -> list[bytes | None]:
        await self._fresh()
        asked = self._asked(query, visible)
        found = await self._documents.by_refs(refs)
        if asked is ALL_ENTITIES:
            return [one and one[1] for one in found]
        among = (await self._selection.view(asked)).among
        return [one[1] if one is not None and one[0] in among else None for one in found]

    async def by_uid(self, uid: str, *, visible: Query | None = None) -> bytes | None:
        await self._fresh()
        entity_id = id_of_uid(uid)
        if entity_id is None or entity_id >= 2**32:
            return None
        (document,) = await self._documents.of([entity_id])
        if document is None or uid_of(entity_id, document).lower() != uid.lower():
            return None
        if visible and entity_id not in (await self._selection.view(self._asked(visible, None))).among:
            return None
        return document

    async def matching(self, refs: Sequence[str], query: Query) -> set[str]:
        await self._fresh()
        asked = self._asked(query, None)
        found = await self._documents.by_refs(refs)
        among: BitMap = (await self._selection.view(asked)).among
        return {ref for ref, one in zip(refs, found, strict=True) if one is not None and one[0] in among}
