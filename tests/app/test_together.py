"""Group commit: together is as good as each alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from app.errors import InputError, ServiceUnavailableError
from app.together import MOST, Together


class Slow:
    """Doubles numbers, each group when it is let through. What is negative fails, and the group with it."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.open = asyncio.Event()
        self.away = False

    async def __call__(self, numbers: Sequence[int]) -> Sequence[int]:
        self.groups.append(list(numbers))
        await self.open.wait()
        if self.away:
            raise ServiceUnavailableError("away")
        if any(number < 0 for number in numbers):
            raise InputError("negative")
        return [number * 2 for number in numbers]


async def started(together: Together[int, int], numbers: Sequence[int]) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(together(number)) for number in numbers]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_what_comes_while_work_is_under_way_is_done_together_next() -> None:
    slow = Slow()
    together = Together(slow)
    first = await started(together, [1])
    rest = await started(together, [2, 3, 4])
    assert slow.groups == [[1]]
    slow.open.set()
    assert await asyncio.gather(*first, *rest) == [2, 4, 6, 8]
    assert slow.groups == [[1], [2, 3, 4]]


async def test_one_after_the_other_is_done_at_once() -> None:
    slow = Slow()
    slow.open.set()
    together = Together(slow)
    assert [await together(number) for number in (1, 2)] == [2, 4]
    assert slow.groups == [[1], [2]]


async def test_groups_are_bounded() -> None:
    slow = Slow()
    together = Together(slow)
    tasks = await started(together, range(2 * MOST + 1))
    slow.open.set()
    await asyncio.gather(*tasks)
    assert list(map(len, slow.groups)) == [MOST, MOST, 1]


async def test_one_that_fails_fails_alone() -> None:
    slow = Slow()
    slow.open.set()
    results = await asyncio.gather(*map(Together(slow), [1, -2, 3]), return_exceptions=True)
    assert (results[0], results[2]) == (2, 6)
    assert isinstance(results[1], InputError)
    assert slow.groups == [[1, -2, 3], [1], [-2], [3]]


async def test_a_database_that_is_away_is_away_for_all() -> None:
    slow = Slow()
    slow.open.set()
    slow.away = True
    together = Together(slow)
    results = await asyncio.gather(*map(together, [1, 2]), return_exceptions=True)
    assert [type(result) for result in results] == [ServiceUnavailableError] * 2
    assert slow.groups == [[1, 2]]
    slow.away = False
    assert await together(3) == 6


async def test_who_is_cancelled_while_waiting_wants_it_no_more() -> None:
    slow = Slow()
    together = Together(slow)
    [first] = await started(together, [1])
    second, third = await started(together, [2, 3])
    second.cancel()
    await asyncio.sleep(0)
    slow.open.set()
    assert (await first, await third) == (2, 6)
    assert slow.groups == [[1], [3]]
    with pytest.raises(asyncio.CancelledError):
        await second


async def test_who_is_cancelled_under_way_takes_nobody_along() -> None:
    slow = Slow()
    together = Together(slow)
    first, second = await started(together, [1, 2])
    first.cancel()
    await asyncio.sleep(0)
    slow.open.set()
    assert await second == 4
    assert await together(3) == 6


async def test_work_that_gives_less_than_was_asked_for_leaves_nobody_waiting() -> None:
    async def forgetful(numbers: Sequence[int]) -> Sequence[int]:
        return []

    results = await asyncio.gather(*map(Together(forgetful), [1, 2]), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError] * 2
