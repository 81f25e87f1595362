"""The revision feed: changes in order, for whoever keeps something that follows from entities."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from typing import Final

from app.errors import ServiceUnavailableError
from app.interfaces import Database
from catalog.interfaces import EntityChange, StoredEntity
from catalog.processing.rush import Rush
from catalog.store.revisions import Revisions
from catalog.store.writing import REVISION_CHANNEL

LOOK_S: Final = 0.5
"""Seconds between two looks at SQLite's data version, a matter of microseconds: commits of other processes."""
NET_S: Final = 5.0
"""Seconds between two looks at the newest revision, in case a notification was lost."""
RUSH_S: Final = 0.1
"""Seconds between two looks whether a rush is over."""
log = logging.getLogger(__name__)


class CatalogFeed:
    """Implements `catalog.interfaces.RevisionFeed`. Any number may follow."""

    def __init__(self, database: Database, rush: Rush | None = None) -> None:
        self._database = database
        self._rush = rush or Rush()
        self._revisions = Revisions(database)
        self._followers: set[asyncio.Event] = set()
        self._listening = False

    async def newest(self) -> int:
        return await self._revisions.newest()

    async def after(self, revision: int, *, limit: int = 500) -> Sequence[EntityChange]:
        return await self._revisions.after(revision, limit)

    async def follow(
        self, revision: int, *, limit: int = 500, patience: float = 0.0
    ) -> AsyncIterator[Sequence[EntityChange]]:
        self._listen()
        waited = True
        news = asyncio.Event()
        self._followers.add(news)
        try:
            while True:
                # Cleared first: what commits while the database is asked leads to another look.
                news.clear()
                version = await self._database.data_version()
                if waited:
                    await self._rush_over(patience)
                try:
                    changes = await self._revisions.after(revision, limit)
                except ServiceUnavailableError as error:
                    log.warning("the catalog's revisions cannot be read: %s", error)
                    changes = []
                waited = not changes
                if changes:
                    revision = changes[-1].revision
                    yield changes
                else:
                    await self._news(news, version)
        finally:
            self._followers.discard(news)

    async def entities(self, refs: Sequence[str]) -> list[StoredEntity]:
        return await self._revisions.entities(refs)

    def everything(self, *, batch: int = 500) -> AsyncIterator[Sequence[StoredEntity]]:
        return self._revisions.everything(batch)

    async def _rush_over(self, patience: float) -> None:
        until = time.monotonic() + patience
        while self._rush.on and time.monotonic() < until:  # noqa: ASYNC110 -- it ends by the clock alone
            await asyncio.sleep(RUSH_S)

    # ------------------------------------------------------------------------------------------------- waking

    def _listen(self) -> None:
        if not self._listening:
            self._database.listen(REVISION_CHANNEL, self._heard)
            self._listening = True

    def _heard(self, _payload: str) -> None:
        for news in self._followers:
            news.set()

    async def _news(self, news: asyncio.Event, version: int | None) -> None:
        """Wait until somebody has committed, or the net is to be thrown."""
        if version is None:
            await _set_within(news, NET_S)
            return
        while not await _set_within(news, LOOK_S):
            if await self._database.data_version() != version:
                return


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
