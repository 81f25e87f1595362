"""The next one is on its way while one is worked on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from plugins.search.ahead import one_ahead


class Source:
    def __init__(self, count: int, error: Exception | None = None) -> None:
        self.given = 0
        self.closed = False
        self._count, self._error = count, error

    async def all(self) -> AsyncGenerator[int, None]:
        try:
            for number in range(self._count):
                self.given += 1
                yield number
            if self._error is not None:
                raise self._error
            await asyncio.Event().wait()
        finally:
            self.closed = True


async def test_it_is_one_ahead_and_no_more() -> None:
    source = Source(5)
    async with aclosing(one_ahead(source.all())) as items:
        async for number in items:
            for _ in range(5):
                await asyncio.sleep(0)
            assert source.given == min(number + 2, 5)
            if number == 4:
                break
    assert source.closed


async def test_an_error_comes_when_it_is_due() -> None:
    seen = []
    with pytest.raises(ValueError, match="no more"):
        async for number in one_ahead(Source(3, ValueError("no more")).all()):
            seen.append(number)
            for _ in range(5):
                await asyncio.sleep(0)
    assert seen == [0, 1, 2]


async def test_the_end_of_the_source_is_the_end() -> None:
    async def some() -> AsyncGenerator[int, None]:
        yield 1
        yield 2

    assert [number async for number in one_ahead(some())] == [1, 2]


@pytest.mark.parametrize("turns", [3, 4, 5, 10])
async def test_who_is_cancelled_closes_the_source(turns: int) -> None:
    source = Source(1)

    async def follow() -> None:
        async with aclosing(one_ahead(source.all())) as items:
            async for _ in items:
                pass

    following = asyncio.create_task(follow())
    for _ in range(turns):
        await asyncio.sleep(0)
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    assert source.closed == (source.given > 0)
