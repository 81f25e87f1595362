"""From this backend's own events to the bus."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Final

from prometheus_client import Counter

from app.interfaces import Clock, Event, Events, Json
from plugins.events.bus.store import BusStore

OWN: Final = "callboard"
"""Who publishes what happens here."""
_from_bus: ContextVar[bool] = ContextVar("events_from_bus", default=False)

published = Counter("events_bus_published", "Events kept for subscriptions of other backends.", ("source",))
log = logging.getLogger(__name__)


class Relay:
    """What is published here reaches other backends, and what others publish reaches our own subscribers."""

    def __init__(self, store: BusStore, events: Events, clock: Clock) -> None:
        self._store, self._events, self._clock = store, events, clock

    async def outward(self, event: Event) -> None:
        """An observer of all our events. Those that are not JSON are for this process alone."""
        if _from_bus.get():
            return
        try:
            kept = await self._store.publish(event.topic, event.payload, by=OWN, now=self._clock.now())
        except TypeError:
            return
        if kept is not None:
            published.labels("own").inc()

    async def inward(self, topic: str, payload: Json, *, by: str, notified: list[str]) -> bool:
        """An event of another backend; gives whether it has been kept for others yet."""
        kept = await self._store.publish(topic, payload, by=by, now=self._clock.now(), notified=notified)
        if kept is not None:
            published.labels("other").inc()
        token = _from_bus.set(True)
        try:
            await self._events.publish(Event(topic, payload))
        finally:
            _from_bus.reset(token)
        return kept is not None
