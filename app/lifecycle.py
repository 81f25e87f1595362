"""What starts and stops, and in which order.

Start: the hooks in the order of registration; then the process is ready and the background loops of its roles begin.
Stop: readiness says no, the server drains, loops are cancelled, hooks run in reverse order. A hook that fails to stop
hinders no other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from app.errors import ServiceUnavailableError
from app.interfaces import Hook, Role

log = logging.getLogger(__name__)

State = Literal["starting", "running", "stopping", "failed"]

MESSAGES: Final[dict[State, str]] = {
    "starting": "Service has not started up yet",
    "stopping": "Service is shutting down",
    "failed": "Service has not started up successfully",
}
_BACK_OFF: Final = (1.0, 60.0)
"""Seconds before a loop that raised is started again: at first, and at most (doubling)."""
_STEADY: Final = 300.0
"""Seconds a loop must have run for its next failure to count as the first."""


@dataclass(frozen=True, slots=True)
class Background:
    name: str
    run: Hook
    role: Role


class Lifecycle:
    """One process's life. `pause` is how many seconds a request waits for the start."""

    def __init__(self, roles: Iterable[Role], *, pause: float = 5.0) -> None:
        self.state: State = "starting"
        self.leaving = False
        """Asked to stop, but still serving: readiness says no already."""
        self.pause = pause
        self._roles = frozenset(roles)
        self._starts: list[Hook] = []
        self._stops: list[Hook] = []
        self._loops: list[Background] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._settled = asyncio.Event()

    def on_start(self, hook: Hook) -> None:
        self._starts.append(hook)

    def on_stop(self, hook: Hook) -> None:
        self._stops.append(hook)

    def background(self, name: str, run: Hook, role: Role) -> None:
        self._loops.append(Background(name, run, role))

    @property
    def running(self) -> bool:
        return self.state == "running"

    async def start(self) -> None:
        """Raises what a hook raises; the state is then `failed`, and `stop` still has to be called."""
        began = time.perf_counter()
        try:
            for hook in self._starts:
                await hook()
        except BaseException:
            self.state = "failed"
            self._settled.set()
            raise
        self.state = "running"
        self._settled.set()
        self._tasks = [
            asyncio.create_task(self._keep(loop), name=loop.name) for loop in self._loops if loop.role in self._roles
        ]
        log.info("Started in %.2f s", time.perf_counter() - began)

    async def stop(self) -> None:
        self.state = "stopping"
        self._settled.set()
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                log.error("A background loop did not end well", exc_info=ended)
        self._tasks = []
        for hook in reversed(self._stops):
            try:
                await hook()
            except Exception:
                log.exception("A shutdown hook failed")

    async def admit(self) -> None:
        """Let a request through once the process runs; raises ServiceUnavailableError where it does not."""
        if self.state == "starting":
            try:
                async with asyncio.timeout(self.pause):
                    await self._settled.wait()
            except TimeoutError:
                raise ServiceUnavailableError(MESSAGES["starting"]) from None
        if self.state != "running":
            raise ServiceUnavailableError(MESSAGES[self.state])

    async def settled(self) -> State:
        """Waits until the start has succeeded or failed."""
        await self._settled.wait()
        return self.state

    async def _keep(self, loop: Background) -> None:
        delay, longest = _BACK_OFF
        while True:
            began = time.monotonic()
            try:
                await loop.run()
            except Exception as error:
                if time.monotonic() - began > _STEADY:
                    delay = _BACK_OFF[0]
                if isinstance(error, ServiceUnavailableError):
                    # The database went away, or leads elsewhere: nothing here is wrong.
                    log.warning("The loop '%s' is started again in %.0f s: %s", loop.name, delay, error)
                else:
                    log.exception("The loop '%s' failed and is started again in %.0f s", loop.name, delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, longest)
            else:
                return
