"""Waits for events, of whichever process."""

from __future__ import annotations

import asyncio
from typing import Final

from app.interfaces import Database
from plugins.events.bus.store import BusStore

LOOK_S: Final = 0.5
"""Seconds between looks at SQLite's data version, which other processes change too."""
NET_S: Final = 5.0
"""Seconds between looks for what a lost notification told of."""


class Waiters:
    """Those that wait in this process."""

    def __init__(self, store: BusStore, database: Database) -> None:
        self._store, self._database = store, database
        self._events: dict[asyncio.Event, frozenset[str]] = {}
        self._stopped = False

    def heard(self, topic: str) -> None:
        """Something has been published on a topic; the empty one stands for any."""
        for event, topics in self._events.items():
            if not topic or topic in topics:
                event.set()

    async def stop(self) -> None:
        """Nobody waits any longer."""
        self._stopped = True
        self.heard("")

    async def news(self, subscription: str, timeout: float) -> bool:
        """Waits at most so many seconds for something to read. Raises UnknownSubscriptionError."""
        event = asyncio.Event()
        topics = (await self._store.waiting(subscription)).topics
        self._events[event] = topics
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        version = await self._database.data_version()
        try:
            # Looked at once more now that notifications are heard.
            while not self._stopped and not (await self._store.waiting(subscription)).news:
                if not await self._changed(event, version, end):
                    return False
                event.clear()
                version = await self._database.data_version()
            return not self._stopped
        finally:
            del self._events[event]

    async def _changed(self, event: asyncio.Event, version: int | None, end: float) -> bool:
        """Whether there may be something new before the end."""
        loop = asyncio.get_running_loop()
        look = NET_S if version is None else LOOK_S
        while (left := end - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, look)):
                    await event.wait()
            except TimeoutError:
                if version is not None and await self._database.data_version() == version:
                    continue
            return loop.time() < end
        return False
