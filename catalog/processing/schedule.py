"""When to look again at what reads outside: in memory, at the ingest leader. Nothing of it is ever written.

Each entity is looked at once in a random time between the interval and half as much again. Source: spec §4.4.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from random import Random

START_RATE = 200.0
"""Looks a second after a start: a restart must not hammer every host at once."""
ROUND_S = 1.0
"""Looks that fall due within one round are made together."""


class Schedule:
    """`interval` in seconds; None: nothing is ever looked at again."""

    def __init__(self, interval: float | None, random: Random) -> None:
        self._interval = interval
        self._random = random
        self._heap: list[tuple[float, int]] = []
        self._when: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._when)

    def start(self, entity_ids: Iterable[int], now: float) -> None:
        """Begin with these, spread over a first, shorter time."""
        ids = list(entity_ids)
        if self._interval is None:
            return
        first = min(self._interval, len(ids) / START_RATE)
        for entity_id in ids:
            self._put(entity_id, now + self._random.random() * first)

    def later(self, entity_id: int, now: float) -> None:
        """It was just processed or looked at: next time in an interval."""
        if self._interval is not None:
            self._put(entity_id, now + self._interval * (1 + self._random.random() / 2))

    def forget(self, entity_id: int) -> None:
        self._when.pop(entity_id, None)

    def take(self, now: float) -> list[int]:
        """Those whose time has come. They are off the schedule until `later` puts them back."""
        taken = []
        while self._heap and self._heap[0][0] <= now:
            when, entity_id = heapq.heappop(self._heap)
            if self._when.get(entity_id) == when:
                del self._when[entity_id]
                taken.append(entity_id)
        return taken

    def next_at(self) -> float | None:
        """When to come again; looks close together are gathered."""
        while self._heap and self._when.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] + ROUND_S if self._heap else None

    def _put(self, entity_id: int, when: float) -> None:
        self._when[entity_id] = when
        heapq.heappush(self._heap, (when, entity_id))
        if len(self._heap) > 2 * len(self._when) + 64:
            self._heap = [(at, one) for one, at in self._when.items()]
            heapq.heapify(self._heap)
