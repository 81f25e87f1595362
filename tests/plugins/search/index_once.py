"""One process's indexing, which kills itself: `python -m tests.plugins.search.index_once DATABASE PUTS`.

DATABASE is a PostgreSQL URL or the path of a SQLite file. As `kill -9` does, in the middle of the transaction with that
many puts before it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from catalog.feed import CatalogFeed
from catalog.query.engine import CatalogIndex
from catalog.visibility import ConditionalVisibility
from plugins.search.catalog_documents import CatalogCollator
from plugins.search.entries import Entry
from plugins.search.indexer import Indexer
from plugins.search.settings import CatalogCollatorSettings
from plugins.search.store import SearchStore
from plugins.search.writing import IndexWrite


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def main(name: str, puts: int) -> None:
    left = puts
    put = IndexWrite.put

    async def killing(self: IndexWrite, type: str, entries: Sequence[Entry], generation: int | None = None) -> None:  # noqa: A002
        nonlocal left
        await put(self, type, entries, generation)
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    IndexWrite.put = killing  # type: ignore[method-assign]
    database = PostgresDatabase(name) if name.startswith("postgresql://") else SqliteDatabase(Path(name))
    await database.start()
    index, feed = CatalogIndex(database), CatalogFeed(database)
    visibility = ConditionalVisibility(database, index)
    collator = CatalogCollator(CatalogCollatorSettings(), lambda: feed, lambda: visibility)
    store = SearchStore(database, lambda: visibility)
    await Indexer(store, {collator.type: collator}, Now()).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
