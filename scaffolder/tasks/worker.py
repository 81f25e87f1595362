"""The loop that claims tasks, keeps their leases, and goes on with those that others have left.

Source: spec/scaffolder.md §3.8; DESIGN §3.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.errors import ServiceUnavailableError
from app.interfaces import Database, Principal
from scaffolder.tasks.encoding import CANCEL_CHANNEL, OPEN_CHANNEL
from scaffolder.tasks.journal import Journal
from scaffolder.tasks.queue import TaskQueue
from scaffolder.tasks.running import Runner, RunningTask

log = logging.getLogger(__name__)

NET_S: Final = 5.0
"""A missed notification costs a waiting task at most this long."""
SHARED_FILE_S: Final = 0.2
"""How often SQLite is asked whether another process has written."""
WORKER: Final = Principal("service", "plugin:scaffolder")
_AGAIN_S: Final = (1.0, 60.0)
"""Seconds before a claim that failed is tried again: at first, and at most (doubling, ± 20 %)."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    concurrency: int = 10
    """Tasks this process runs at once; 0: none."""
    lease: timedelta = timedelta(seconds=30)
    """How long a task waits for a silent worker before another goes on with it."""
    recovery: bool = True
    max_attempts: int = 5
    timeout: timedelta = timedelta(hours=24)
    janitor: timedelta = timedelta(minutes=5)
    retention: timedelta | None = None
    heartbeat: timedelta = timedelta(seconds=1)
    drain: timedelta = timedelta(seconds=10)
    """How long running steps may take to finish when the process stops."""


class Worker:
    """Runs until it is cancelled; then lets steps finish for a moment and gives its tasks back."""

    def __init__(self, database: Database, runner: Runner, settings: WorkerSettings) -> None:
        self._database, self._runner, self._settings = database, runner, settings
        self._queue = TaskQueue(
            database, lease_ms=int(settings.lease.total_seconds() * 1000), keep_secrets=settings.recovery
        )
        self._journal = Journal(database, self._queue)
        self._running: dict[str, RunningTask] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._busy = asyncio.Event()
        self._beaten = time.monotonic()
        database.listen(OPEN_CHANNEL, lambda _payload: self._wake.set())
        database.listen(CANCEL_CHANNEL, self._cancel)

    async def run(self) -> None:
        if self._settings.concurrency <= 0:
            return
        loops = [
            asyncio.create_task(one, name=f"scaffolder-{name}")
            for name, one in (
                ("claim", self._claim_forever()),
                ("heartbeat", self._beat_forever()),
                ("janitor", self._tidy_forever()),
                ("watch", self._watch_file()),
            )
        ]
        try:
            await asyncio.gather(*loops)
        finally:
            for loop in (loops[0], loops[2], loops[3]):
                loop.cancel()
            await self._drain()
            loops[1].cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            await self._journal.close()

    # --------------------------------------------------------------------------------------------- claiming

    async def _claim_forever(self) -> None:
        delay = _AGAIN_S[0]
        while True:
            self._wake.clear()
            try:
                while (free := self._settings.concurrency - len(self._running)) > 0:
                    claims = await self._queue.claim(free)
                    for claim in claims:
                        self._start(RunningTask(claim, self._journal, self._database, self._runner.seal))
                    if len(claims) < free:
                        break
            except ServiceUnavailableError as error:
                log.warning("no task can be claimed: %s", error)
                await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311 - only spreads the load
                delay = min(delay * 2, _AGAIN_S[1])
                continue
            delay = _AGAIN_S[0]
            with suppress(TimeoutError):
                async with asyncio.timeout(NET_S):
                    await self._wake.wait()

    def _start(self, running: RunningTask) -> None:
        if not self._running:
            self._beaten = time.monotonic()
        self._running[running.claim.lease] = running
        self._busy.set()
        task = asyncio.create_task(self._run(running), name=f"scaffolder-task-{running.claim.task_id}")
        running.runs = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, running: RunningTask) -> None:
        try:
            outcome = await self._runner.run(running)
        finally:
            if running.over:
                self._running.pop(running.claim.lease, None)
                self._journal.ended(running.claim)
                self._wake.set()
        if outcome is not None:
            # Its place is free by now.
            await self._runner.leave(running.claim, outcome)

    def _cancel(self, task_id: str) -> None:
        for running in self._running.values():
            if running.claim.task_id == task_id:
                running.cancellation.cancel()

    # ----------------------------------------------------------------------------------------------- leases

    async def _beat_forever(self) -> None:
        while True:
            await self._busy.wait()
            if not self._running:
                self._busy.clear()
                continue
            await asyncio.sleep(self._settings.heartbeat.total_seconds())
            await self._beat()

    async def _beat(self) -> None:
        leases = list(self._running)
        if not leases:
            return
        asked = time.monotonic()
        try:
            async with asyncio.timeout(self._settings.lease.total_seconds() / 3):
                answer = await self._queue.heartbeat(leases)
        except (ServiceUnavailableError, TimeoutError) as error:
            # By this process's own clock, and well before the database's lets others in.
            if time.monotonic() - self._beaten > self._settings.lease.total_seconds() * 2 / 3:
                log.error("tasks are given up, since their leases cannot be prolonged: %s", error)
                self._lose(leases)
            return
        self._beaten = asked
        self._lose([lease for lease in leases if lease not in answer.held])
        for lease in answer.cancelled & self._running.keys():
            self._running[lease].cancellation.cancel()

    def _lose(self, leases: Sequence[str]) -> None:
        for lease in leases:
            running = self._running.pop(lease, None)
            if running is None or running.ending:
                continue
            log.warning("task %s belongs to another worker now", running.claim.task_id)
            running.over = True
            self._journal.forget(running.claim)
            if running.runs is not None:
                running.runs.cancel()
            self._wake.set()

    # ---------------------------------------------------------------------------------------------- tidying

    async def _tidy_forever(self) -> None:
        settings = self._settings
        pause = min(10.0, settings.lease.total_seconds() / 3, settings.janitor.total_seconds())
        last = 0.0
        while True:
            try:
                if settings.recovery and await self._queue.recover(settings.max_attempts):
                    self._wake.set()
                if last == 0.0 or time.monotonic() - last >= settings.janitor.total_seconds():
                    last = time.monotonic()
                    closed = await self._queue.close_stale(int(settings.timeout.total_seconds() * 1000))
                    self._runner.telling.closed_as_stale(closed, WORKER)
                    await self._sweep()
                    await self._prune()
            except ServiceUnavailableError as error:
                log.warning("tasks cannot be looked after: %s", error)
            await asyncio.sleep(pause)

    async def _sweep(self) -> None:
        """Remove the workspaces of tasks that ended while their worker was away."""
        running = {one.claim.task_id for one in self._running.values()}
        found = [one for one in await asyncio.to_thread(self._runner.left_behind) if one not in running]
        if found:
            await asyncio.to_thread(self._runner.remove, await self._queue.ended_among(found))

    async def _prune(self) -> None:
        retention = self._settings.retention
        more = retention is not None
        while more and retention is not None:
            more = bool(await self._queue.prune(int(retention.total_seconds() * 1000)))

    async def _watch_file(self) -> None:
        """SQLite tells nobody in other processes: look whether one has written."""
        version = await self._database.data_version()
        while version is not None:
            await asyncio.sleep(SHARED_FILE_S)
            before, version = version, await self._database.data_version()
            if version != before and len(self._running) < self._settings.concurrency:
                self._wake.set()

    # --------------------------------------------------------------------------------------------- stopping

    async def _drain(self) -> None:
        """Let the steps that run finish, begin none, and give what is left to the others."""
        for running in self._running.values():
            running.journal.draining = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._settings.drain.total_seconds())
        left = list(self._running)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if left:
            with suppress(ServiceUnavailableError):
                await self._queue.give_up(left)
        self._running.clear()
