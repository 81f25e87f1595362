"""What was found lately, within a budget of bytes, and each thing looked for by one at a time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, TypeVar

T = TypeVar("T")

BUDGET: Final = 20 * 1024 * 1024


class Remembered:
    """Of one version at a time: a newer one begins with nothing."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._version = -1
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._looking: dict[tuple[int, Hashable], asyncio.Task[Any]] = {}

    async def get(self, version: int, key: Hashable, find: Callable[[], Awaitable[T]], size: Callable[[T], int]) -> T:
        """What `find` gives, which is asked once for all who want the same now."""
        if version > self._version:
            self._kept.clear()
            self._bytes, self._version = 0, version
        kept = self._kept.get(key) if version == self._version else None
        if kept is not None:
            self._kept.move_to_end(key)
            found: T = kept[0]
            return found
        task = self._looking.get((version, key))
        if task is None:
            task = asyncio.ensure_future(find())
            self._looking[version, key] = task
            task.add_done_callback(lambda done: self._done(version, key, done, size))
        # Shielded: that one of them goes away must not cut off the others.
        shared: T = await asyncio.shield(task)
        return shared

    def _done(self, version: int, key: Hashable, task: asyncio.Task[Any], size: Callable[[Any], int]) -> None:
        self._looking.pop((version, key), None)
        if task.cancelled() or task.exception() is not None or version != self._version:
            return
        cost = size(task.result())
        self._kept[key] = (task.result(), cost)
        self._bytes += cost
        while self._bytes > self._budget and len(self._kept) > 1:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._bytes -= dropped
