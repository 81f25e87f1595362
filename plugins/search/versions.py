"""Which version of the index is the newest, without asking the database for each query."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from app.interfaces import Database
from plugins.search.store import SearchStore
from plugins.search.writing import CHANNEL

NET_S: Final = 1.0
"""Seconds after which PostgreSQL is asked, in case a notification was lost."""


class Versions:
    def __init__(self, store: SearchStore, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._database = database
        self._clock = clock
        self._known = -1
        self._stale = True
        self._seen: int | None = None
        self._asked_at = 0.0

    def listen(self) -> None:
        self._database.listen(CHANNEL, self._heard)

    def _heard(self, _payload: str) -> None:
        self._stale = True

    async def newest(self) -> int:
        """Not older than what this process has committed, nor what another one has a second ago."""
        seen = await self._database.data_version()
        due = seen != self._seen if seen is not None else self._clock() - self._asked_at > NET_S
        if self._stale or due:
            self._stale, self._seen, self._asked_at = False, seen, self._clock()
            try:
                self._known = await self._store.version()
            except BaseException:
                self._stale = True
                raise
        return self._known
