"""The search on a real catalog and a real database, in one process; `settle()` does whatever is due."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.database.upgrade import bring_up_to_date
from app.interfaces import (
    ALLOW,
    Decision,
    Permission,
    PermissionQuery,
    Principal,
    SearchCollator,
    SearchDocument,
    Verdict,
)
from catalog.feed import CatalogFeed
from catalog.interfaces import DeferredEntity, DeltaMutation, Entity
from catalog.query.engine import CatalogIndex
from catalog.visibility import ConditionalVisibility
from plugins.search.answers import Results
from plugins.search.catalog_documents import CatalogCollator
from plugins.search.indexer import Indexer
from plugins.search.requests import RequestParser
from plugins.search.searching import Search
from plugins.search.settings import CatalogCollatorSettings, HighlightSettings
from plugins.search.sight import Gate
from plugins.search.store import SearchStore
from plugins.search.told import ToldIndex
from plugins.search.versions import Versions
from tests.catalog.world import World, located, open_world
from tests.conftest import AnyDatabase

KEY = "url:https://git.example/x.yaml"
CATALOG = "software-catalog"
ANYBODY = Principal("user", "user:default/somebody")
PATIENCE_S = 20.0
OPEN = Permission("shelf.read", "read")
BOOK = Permission("shelf.book.read", "read", "book")


class Answers:
    """Permissions as a test decides them, by the name of a permission; of books by their refs."""

    def __init__(self) -> None:
        self.decisions: dict[str, Decision] = {}
        self.books: set[str] = set()
        self.asked: list[str] = []

    async def decide(self, permission: Permission, caller: Principal, *, plugin: str) -> Decision:
        assert plugin == "search"
        self.asked.append(permission.name)
        return self.decisions.get(permission.name, ALLOW)

    async def authorize(
        self, queries: Sequence[PermissionQuery], caller: Principal, *, plugin: str
    ) -> list[Verdict | list[Verdict]]:
        (query,) = queries
        assert isinstance(query.resource_ref, tuple)
        return [["ALLOW" if ref in self.books else "DENY" for ref in query.resource_ref]]


class Shelf(SearchCollator):
    """Documents of a type, as a test puts them."""

    def __init__(self, type: str, visibility: Permission | None = None) -> None:  # noqa: A002
        self.type = type  # type: ignore[misc]
        self.visibility = visibility
        self.documents: list[SearchDocument] = []
        self.error: Exception | None = None
        self.collated = 0
        self.between: Callable[[], Awaitable[None]] | None = None
        """Done after the first batch."""

    async def collate(self) -> AsyncIterator[Sequence[SearchDocument]]:
        self.collated += 1
        for start in range(0, len(self.documents), 2):
            yield self.documents[start : start + 2]
            if self.between is not None:
                await self.between()
        if self.error is not None:
            raise self.error


@dataclass
class SearchWorld:
    catalog: World
    settings: CatalogCollatorSettings = field(default_factory=CatalogCollatorSettings)

    def __post_init__(self) -> None:
        self.database = self.catalog.database
        self.index = CatalogIndex(self.database)
        self.visibility = ConditionalVisibility(self.database, self.index)
        self.feed = CatalogFeed(self.database)
        self.store = SearchStore(self.database, lambda: self.visibility)
        self.collator = CatalogCollator(self.settings, lambda: self.feed, lambda: self.visibility)
        self.collators: dict[str, SearchCollator] = {CATALOG: self.collator}
        self.permissions = Answers()
        self.indexer = Indexer(self.store, self.collators, self.catalog.clock)
        self.told = ToldIndex(self.store, self.indexer, self.collators)
        self.options = HighlightSettings()
        self._begin_to_search()

    def _begin_to_search(self) -> None:
        versions = Versions(self.store, self.database)
        versions.listen()
        gate = Gate(self.permissions, lambda: self.visibility, self.collators)  # type: ignore[arg-type]
        self.search = Search(self.store, versions, gate, self.collators, self.options)
        self.parser = RequestParser(types=self.collators, max_term=100_000, max_limit=1000)

    def add(self, collator: Shelf) -> Shelf:
        self.collators[collator.type] = collator
        return collator

    async def put(self, *entities: Entity, removed: Sequence[str] = ()) -> None:
        added = [DeferredEntity(located(entity, KEY), KEY) for entity in entities]
        await self.catalog.provider("p").apply_mutation(DeltaMutation(added=added, removed=removed))
        await self.catalog.settle()
        # As the catalog's store does in a process of its own.
        self.index.advance(await self.feed.newest())

    # ------------------------------------------------------------------------------------------------- keeping

    @asynccontextmanager
    async def indexing(self) -> AsyncIterator[asyncio.Task[None]]:
        """The indexer's loop, for as long as the block takes."""
        self.database.listen("search_requests", self.indexer.wake)
        task = asyncio.create_task(self.indexer.run())
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def caught_up(self) -> bool:
        """Everything was collated, and every change followed."""
        for collator in self.collators.values():
            state = await self.store.collated(collator.type)
            if state is None or state.requested or state.version != collator.version:
                return False
            if collator is self.collator and state.position != str(await self.feed.newest()):
                return False
        return True

    async def settle(self) -> None:
        """Until the index has everything the catalog has."""
        async with self.indexing():
            await eventually(self.caught_up)
        await self.heard()

    async def content(self, type: str = CATALOG) -> list[tuple[Any, ...]]:  # noqa: A002
        """Everything that is stored of a type, but for numbers that differ from one index to another."""
        words = "w.title || '|' || w.text || '|' || w.marks" if self.database.dialect == "sqlite" else "w.words::text"
        rows = await self.database.read(
            f"SELECT d.key, d.grp, d.resource_ref, d.resource, d.title, d.names, d.title_words, d.document, {words}"
            " FROM search_document d"
            f" LEFT JOIN search_words w ON w.{'rowid' if self.database.dialect == 'sqlite' else 'id'} = d.id"
            " WHERE d.type = ? ORDER BY d.key",
            type,
        )
        (counts,) = await self.database.read(
            "SELECT (SELECT count(*) FROM search_document), (SELECT count(*) FROM search_words)"
        )
        assert counts[0] == counts[1], "words without a document, or the other way round"
        return rows

    # ----------------------------------------------------------------------------------------------- searching

    async def heard(self) -> None:
        """The search has heard of the newest version of the index, which PostgreSQL tells a moment later."""
        newest = await self.store.version()

        async def known() -> bool:
            return await self.search._versions.newest() == newest

        await eventually(known)

    async def query(self, term: str = "", caller: Principal = ANYBODY, **more: Any) -> Results:
        request = self.parser.checked(
            term, more.get("types"), more.get("filters", {}), more.get("cursor", ""), more.get("limit")
        )
        return await self.search.query(request, caller)

    async def titles(self, term: str = "", **more: Any) -> list[str]:
        return [document["title"] for document in await self.documents(term, **more)]

    async def documents(self, term: str = "", **more: Any) -> list[dict[str, Any]]:
        return [orjson.loads(one.document) for one in (await self.query(term, **more)).results]


async def eventually(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def open_search(database: AnyDatabase, settings: Mapping[str, Any] | None = None) -> AsyncIterator[SearchWorld]:
    async with open_world(database) as catalog:
        await bring_up_to_date(database, {"search": "plugins.search.migrations"})
        yield SearchWorld(catalog, CatalogCollatorSettings.model_validate(settings or {}))


def document(key: str, title: str = "", text: str = "", **more: Any) -> SearchDocument:
    return SearchDocument(key=key, title=title or key, text=text, location=f"/shelf/{key}", **more)
