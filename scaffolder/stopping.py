"""Waits that end at once when their task is to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from app.errors import InputError
from scaffolder.interfaces import ActionContext

T = TypeVar("T")


async def unless_cancelled(context: ActionContext, work: Coroutine[Any, Any, T]) -> T:
    """What the work gives. Raises what the task's cancellation raises, once the work has let go of all it held."""
    working = asyncio.ensure_future(work)
    stop = asyncio.ensure_future(context.cancelled())
    try:
        await asyncio.wait((working, stop), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
        if not working.done():
            working.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await working
    if working.cancelled():
        context.raise_if_cancelled()
    return working.result()


async def wait(context: ActionContext, seconds: float) -> None:
    """Wait, or less if the task is to stop. Raises InputError for a time that is no length."""
    if not 0 <= seconds < float("inf"):
        raise InputError("A waiting time has to be a number of zero or more")
    try:
        async with asyncio.timeout(seconds):
            await context.cancelled()
    except TimeoutError:
        return
    context.raise_if_cancelled()
