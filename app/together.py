"""Group commit: what is asked for while work is under way is done together next, at the price of one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from app.errors import ServiceUnavailableError

T = TypeVar("T")
R = TypeVar("R")

MOST: Final = 200
"""So many at once."""


class Together(Generic[T, R]):
    """`await together(one)` gives what `work` gives for it; `work` takes several, in the order in which they came, and
    gives as many results.

    `work` does all or nothing. Where it fails, each is done by itself, so that none fails for another's sake; not
    where the database is away, which it is for all of them.
    """

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]]) -> None:
        self._work = work
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._working: asyncio.Task[None] | None = None

    async def __call__(self, one: T) -> R:
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, done))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work_off(), name="together")
        return await done

    async def _work_off(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            # Who was cancelled meanwhile wants it no more.
            await self._do([(one, done) for one, done in group if not done.done()])

    async def _do(self, group: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._work([one for one, _ in group]) if group else ()
            settled = list(zip(group, results, strict=True))
        except Exception as error:  # noqa: BLE001 - whoever waits for it is to have it
            if len(group) == 1 or isinstance(error, ServiceUnavailableError):
                for _, done in group:
                    if not done.done():
                        done.set_exception(error)
            else:
                for single in group:
                    await self._do([single])
            return
        except BaseException:
            for _, done in group:
                done.cancel()
            raise
        for (_, done), result in settled:
            if not done.done():
                done.set_result(result)
