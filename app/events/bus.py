"""`app.interfaces.Events`, in process. Source: spec/catalog.md §6.4."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from app.interfaces import Event

Subscriber = Callable[[Event], Awaitable[None]]
log = logging.getLogger(__name__)


class EventBus:
    """Subscribers of one event run side by side; `publish` returns when all have ended, and raises none of their
    errors."""

    def __init__(self) -> None:
        self._subscribers: dict[str, list[Subscriber]] = {}
        self._observers: list[Subscriber] = []

    def subscribe(self, topics: Sequence[str], subscriber: Subscriber) -> None:
        for topic in dict.fromkeys(topics):
            self._subscribers.setdefault(topic, []).append(subscriber)

    def observe(self, observer: Subscriber) -> None:
        self._observers.append(observer)

    async def publish(self, event: Event) -> None:
        subscribers = [*self._subscribers.get(event.topic, ()), *self._observers]
        if len(subscribers) == 1:
            await self._tell(subscribers[0], event)
        elif subscribers:
            await asyncio.gather(*(self._tell(subscriber, event) for subscriber in subscribers))

    async def _tell(self, subscriber: Subscriber, event: Event) -> None:
        try:
            await subscriber(event)
        except Exception:
            log.exception("A subscriber to '%s' failed", event.topic)
