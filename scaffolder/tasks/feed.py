"""Delivers events to whoever watches a task: one read per task and wake-up, however many watch.

Watchers share what has been read; nobody polls. Notifications may be missed, so there is a slow net below.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from app.errors import ServiceUnavailableError
from app.interfaces import Database
from scaffolder.interfaces import TaskEvent
from scaffolder.tasks.encoding import EVENT_CHANNEL
from scaffolder.tasks.records import TaskRecords, visible_events

NET_S: Final = 10.0
"""A missed notification costs a watcher at most this long."""
SHARED_FILE_S: Final = 0.2
"""How often SQLite is asked whether another process has written, while somebody watches."""


class _Feed:
    """The events of one task, as far as they are known here."""

    def __init__(self) -> None:
        self.events: list[TaskEvent] = []
        self.watchers = 0
        self.stale = True
        self.reading = asyncio.Lock()
        self.more = asyncio.Event()
        """Set, and replaced, when there may be something new."""

    def wake(self) -> None:
        self.stale = True
        self.more.set()
        self.more = asyncio.Event()


class Feeds:
    def __init__(self, database: Database, records: TaskRecords) -> None:
        self._database, self._records = database, records
        self._feeds: dict[str, _Feed] = {}
        self._net: asyncio.Task[None] | None = None
        database.listen(EVENT_CHANNEL, self._heard)

    @property
    def watched(self) -> int:
        """Tasks that somebody watches."""
        return len(self._feeds)

    def _heard(self, payload: str) -> None:
        for task_id in payload.split(","):
            feed = self._feeds.get(task_id)
            if feed is not None:
                feed.wake()

    async def follow(self, task_id: str, after: int | None) -> AsyncIterator[list[TaskEvent]]:
        """Batches of events until the caller has enough; each event once."""
        feed = self._feeds.setdefault(task_id, _Feed())
        feed.watchers += 1
        if self._net is None or self._net.done():
            self._net = asyncio.create_task(self._watch_below(), name="scaffolder-feeds")
        last, first, completions = -1 if after is None else after, True, set[int]()
        try:
            while True:
                more = feed.more
                await self._read(task_id, feed)
                fresh = [
                    event
                    for event in visible_events(feed.events)
                    if event.id > last or (first and event.type == "completion" and event.id not in completions)
                ]
                first = False
                if fresh:
                    last = max(last, fresh[-1].id)
                    completions |= {event.id for event in fresh if event.type == "completion"}
                    yield fresh
                if more is feed.more and not feed.stale:
                    await more.wait()
        finally:
            feed.watchers -= 1
            if not feed.watchers:
                self._feeds.pop(task_id, None)

    async def _read(self, task_id: str, feed: _Feed) -> None:
        async with feed.reading:
            if not feed.stale:
                return
            feed.stale = False
            known = feed.events[-1].id if feed.events else None
            found = await self._records.events(task_id, known)
            fresh = [event for event in found if known is None or event.id > known]
            if any(event.type == "recovered" for event in fresh) and known is not None:
                # A retry has taken events away: begin anew.
                feed.events = await self._records.events(task_id)
            else:
                feed.events = feed.events + fresh

    async def _watch_below(self) -> None:
        version = await self._version()
        waited = 0.0
        while self._feeds:
            pause = SHARED_FILE_S if version is not None else NET_S
            await asyncio.sleep(pause)
            waited += pause
            before, version = version, await self._version()
            if version != before or waited >= NET_S:
                waited = 0.0
                for feed in list(self._feeds.values()):
                    feed.wake()

    async def _version(self) -> int | None:
        with suppress(ServiceUnavailableError):
            return await self._database.data_version()
        return None

    async def close(self) -> None:
        if self._net is not None:
            self._net.cancel()
            with suppress(asyncio.CancelledError):
                await self._net
