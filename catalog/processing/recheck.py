"""Looks again at what passes have read outside, as cheaply as the sources allow. Writes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cached_property, partial
from typing import Any, Protocol, runtime_checkable

from catalog.interfaces import CatalogProcessor
from catalog.store.outcomes import DueRow
from catalog.store.queue import Watched, rows_by_id, watched
from catalog.store.writing import CatalogStore

log = logging.getLogger(__name__)

CONCURRENT = 16
CHECK_TIMEOUT_S = 120.0


@runtime_checkable
class Conditional(Protocol):
    """A step that can tell whether what it read before is still the same."""

    async def unchanged(self, doing: str, state: dict[str, Any]) -> bool:
        """`doing` is the location it read, or empty; `state` is what it put into its cache then."""


@runtime_checkable
class Missing(Protocol):
    """A step that can tell whether what it looked for in vain is still not there."""

    async def still_missing(self, doing: str) -> bool:
        """`doing` is the location that it last found to hold nothing."""


class Rechecker:
    """Finds out which entities are worth another pass."""

    def __init__(self, store: CatalogStore, steps: Callable[[], Iterable[CatalogProcessor]]) -> None:
        self._store = store
        self._all_steps = steps
        self._gate = asyncio.Semaphore(CONCURRENT)

    @cached_property
    def _steps(self) -> dict[str, CatalogProcessor]:
        return {step.name: step for step in self._all_steps()}

    async def changed(self, entity_ids: Sequence[int]) -> list[DueRow]:
        """Those whose sources are not as the last good pass left them, or cannot tell, or failed last time."""
        found = await watched(self._store, entity_ids)
        answers = await asyncio.gather(*(self._is_unchanged(one) for one in found))
        asked = [one.entity_id for one, unchanged in zip(found, answers, strict=True) if not unchanged and not one.due]
        return await rows_by_id(self._store, asked)

    async def _is_unchanged(self, one: Watched) -> bool:
        if not one.cache:
            return False
        if one.failed:
            return await self._still_missing(one)
        for name, states in one.cache.items():
            step = self._steps.get(name)
            if not isinstance(step, Conditional):
                return False
            for doing, state in states.items():
                if not await self._told(partial(step.unchanged, doing, state), doing):
                    return False
        return True

    async def _still_missing(self, one: Watched) -> bool:
        """A file that is gone for good must not cost a request of its own at every look."""
        read = [(name, doing) for name, states in one.cache.items() for doing in states]
        if len(read) != 1:
            # The failure may be that of another one.
            return False
        ((name, doing),) = read
        step = self._steps.get(name)
        return isinstance(step, Missing) and await self._told(partial(step.still_missing, doing), doing)

    async def _told(self, ask: Callable[[], Awaitable[bool]], doing: str) -> bool:
        async with self._gate:
            try:
                async with asyncio.timeout(CHECK_TIMEOUT_S):
                    return await ask()
            except Exception as error:  # noqa: BLE001 -- a full pass tells what is the matter, in words
                log.debug("could not tell whether %s has changed: %s", doing or "a source", error)
                return False
