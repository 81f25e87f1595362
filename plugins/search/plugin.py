"""Puts the search into the host."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from app.errors import InputError
from app.interfaces import PluginHost, ScheduledTask, SearchCollator, SearchExtensions, SearchIndex
from catalog.interfaces import EntityVisibility, RevisionFeed
from plugins.search.actions import query_action
from plugins.search.catalog_documents import CatalogCollator
from plugins.search.indexer import Indexer
from plugins.search.requests import RequestParser
from plugins.search.routes import search_api
from plugins.search.searching import Search
from plugins.search.settings import SearchSettings
from plugins.search.sight import Gate
from plugins.search.store import REQUESTS, SearchStore
from plugins.search.told import ToldIndex
from plugins.search.versions import Versions

if TYPE_CHECKING:
    import typer


class SearchPlugin:
    """Finds documents of all plugins. Others add theirs through `SearchExtensions` and `SearchIndex`."""

    id = "search"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("search", SearchSettings)
        extensions = host.extension(SearchExtensions)
        collators: dict[str, SearchCollator] = {}
        """By type, complete at start: plugins may register in any order."""

        def visibility() -> EntityVisibility:
            return host.service(EntityVisibility)

        extensions.add_collator(
            CatalogCollator(settings.collators.catalog, lambda: host.service(RevisionFeed), visibility)
        )

        def commands() -> typer.Typer:
            from plugins.search.commands import search_commands

            return search_commands(host, store, indexer, collators)

        store = SearchStore(host.database, visibility)
        versions = Versions(store, host.database)
        indexer = Indexer(store, collators, host.clock)
        gate = Gate(host.permissions, visibility, collators)
        search = Search(store, versions, gate, collators, settings.pg.highlight_options)
        parser = RequestParser(types=collators, max_term=settings.max_term_length, max_limit=settings.max_page_limit)

        host.migrations("plugins.search.migrations")
        host.mount("search", search_api(search, parser), contract="search.yaml")
        host.provide(SearchIndex, ToldIndex(store, indexer, collators))
        host.commands(commands, name="search")

        async def start() -> None:
            for collator in extensions.collators:
                if collator.type in collators:
                    raise InputError(f"There are two collators of documents of type '{collator.type}'")
                collators[collator.type] = collator
                schedule(collator)
            host.actions.add(query_action(search, parser, list(collators)))

        def schedule(collator: SearchCollator) -> None:
            task = ScheduledTask(
                f"search_index_{collator.type.replace('-', '_', 1).lower()}",
                partial(collate_anew, store, collator.type),
                # The index itself knows when it is due, across restarts; this is for whoever cannot wait.
                frequency=None,
                timeout=collator.timeout,
            )
            host.schedule("search", task)

        host.on_start(start)
        versions.listen()
        host.database.listen(REQUESTS, indexer.wake)
        host.background("search: index", indexer.run, role="ingest")


async def collate_anew(store: SearchStore, type: str) -> None:  # noqa: A002
    """Ask whoever keeps the index, and wait until it is done."""
    await store.request([type])
    await store.done(type)
