"""Work that ends at once when its task is to stop, whatever it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

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
