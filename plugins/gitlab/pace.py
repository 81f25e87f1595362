"""Asks GitLab no faster than configured, and again where it was busy. Source: spec/catalog.md §5.2 (`retry`)."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import httpx

from plugins.gitlab.settings import GitlabRetry

MAX_WAIT_S: Final = 60.0


class Pace:
    """`sleep` and `now` (seconds) are parameters for tests."""

    def __init__(
        self,
        settings: GitlabRetry,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._now = now
        self._asked: deque[float] = deque()

    async def run(self, ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        """The first answer that is not to be asked for again, or the last one."""
        for attempt in range(self._settings.max_retries + 1):
            await self._turn()
            response = await ask()
            if response.status_code not in self._settings.retry_status_codes or attempt == self._settings.max_retries:
                return response
            await self._sleep(_wait(response, attempt))
        raise AssertionError("unreachable: the last attempt returns")

    async def _turn(self) -> None:
        limit = self._settings.max_api_requests_per_minute
        if limit <= 0:
            return
        while True:
            now = self._now()
            while self._asked and self._asked[0] <= now - 60:
                self._asked.popleft()
            if len(self._asked) < limit:
                self._asked.append(now)
                return
            await self._sleep(self._asked[0] + 60 - now)


def _wait(response: httpx.Response, attempt: int) -> float:
    told = response.headers.get("retry-after", "")
    return min(float(told) if told.isdigit() else 0.1 * 2.0**attempt, MAX_WAIT_S)
