"""Works stored deliveries off: publishes them as events, in the order in which they came."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import orjson

from app.interfaces import Clock, Event, Events
from catalog.interfaces import ScmPush
from plugins.events.sources import Source
from plugins.events.store import Claimed, DeliveryStore

BATCH: Final = 20
LEASE: Final = timedelta(seconds=60)
POLL_S: Final = 2.0
"""A net below notifications, which may be missed."""
MAX_ATTEMPTS: Final = 5
"""A delivery that takes its process down with it must not do so for ever."""
FORGET_EVERY: Final = timedelta(hours=1)
PUSH: Final = "scm.push"
REPOSITORY: Final = "scm.repository"

log = logging.getLogger(__name__)


class DeliveryWorker:
    """One loop. Any number may run, in any number of processes."""

    def __init__(self, store: DeliveryStore, sources: Mapping[str, Source], events: Events, clock: Clock) -> None:
        self._store = store
        self._sources = sources
        self._events = events
        self._clock = clock
        self._news = asyncio.Event()
        self._forgotten_at: datetime | None = None

    def wake(self, _payload: str = "") -> None:
        """There is something to do."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._news.clear()
            if await self.work_once():
                continue
            await self._forget()
            try:
                async with asyncio.timeout(POLL_S):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def work_once(self) -> int:
        """Work off one batch; gives how many deliveries it held."""
        claimed = await self._store.claim(self._clock.now(), limit=BATCH, lease=LEASE)
        for delivery in claimed:
            await self._work(delivery)
            # One by one: a process that dies repeats no more than the one it was at.
            await self._store.finish([delivery.id], self._clock.now())
        return len(claimed)

    async def _work(self, delivery: Claimed) -> None:
        source = self._sources.get(delivery.topic) or Source(delivery.topic)
        if delivery.attempts > MAX_ATTEMPTS:
            log.error(
                "Delivery %s of topic '%s' was given up after %s attempts", delivery.id, delivery.topic, MAX_ATTEMPTS
            )
            return
        body = orjson.loads(delivery.payload)
        subtopic = source.subtopic(delivery.headers, body)
        await self._events.publish(Event(delivery.topic, body, delivery.headers))
        if subtopic is None:
            return
        await self._events.publish(Event(f"{delivery.topic}.{subtopic}", body, delivery.headers))
        try:
            happened = source.translate(subtopic, body, delivery.headers)
        except Exception:
            # Bodies come from outside, and some in shapes nobody has thought of; the event itself is out already.
            log.exception("Delivery %s of topic '%s.%s' makes no sense", delivery.id, delivery.topic, subtopic)
            return
        for change in happened:
            topic = PUSH if isinstance(change, ScmPush) else REPOSITORY
            await self._events.publish(Event(topic, change, delivery.headers))

    async def _forget(self) -> None:
        now = self._clock.now()
        if self._forgotten_at is None or now - self._forgotten_at >= FORGET_EVERY:
            self._forgotten_at = now
            await self._store.forget(now)
