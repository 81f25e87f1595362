"""One scheduled task and its state in this process."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.config.durations import iso_duration
from app.cron import Cron
from app.interfaces import Role, ScheduledTask
from app.telemetry import metrics

log = logging.getLogger(__name__)
Now = Callable[[], datetime]


class Entry:
    """Runs one task at its times, never twice at once. A run is measured and bounded; a failed one is logged."""

    def __init__(self, plugin: str, task: ScheduledTask, role: Role, now: Now) -> None:
        self.plugin, self.task, self.role = plugin, task, role
        self._now = now
        self._cron = Cron(task.cron) if task.cron is not None else None
        self._wake = asyncio.Event()
        self._run: asyncio.Task[None] | None = None
        self._cancelled = False
        self._active = False
        self._started_at: datetime | None = None
        self._ended_at: datetime | None = None
        self._error: str | None = None
        self._next: datetime | None = None

    @property
    def running(self) -> bool:
        return self._run is not None

    @property
    def active(self) -> bool:
        """Whether this process is the one that runs the task."""
        return self._active

    def trigger(self) -> None:
        """Run as soon as possible."""
        self._wake.set()

    def cancel(self) -> bool:
        """Stop the run under way; False if there is none."""
        if self._run is None:
            return False
        self._cancelled = True
        self._run.cancel()
        return True

    async def loop(self) -> None:
        """Runs until cancelled."""
        self._active = True
        self._next = self._first()
        try:
            while True:
                if not await self._due():
                    continue
                began = self._now()
                await self._once()
                self._next = self._after(began)
        finally:
            self._active = False
            self._next = None

    async def _due(self) -> bool:
        """Waits for the next moment or a trigger. Wall clocks may be set: long waits are taken in pieces."""
        if self._next is None:
            await self._wake.wait()
        else:
            wait = (self._next - self._now()).total_seconds()
            try:
                async with asyncio.timeout(max(0.0, min(wait, 60.0))):
                    await self._wake.wait()
            except TimeoutError:
                return self._now() >= self._next
        self._wake.clear()
        return True

    async def _once(self) -> None:
        self._started_at, self._error = self._now(), None
        began, result = time.perf_counter(), "completed"
        self._run = asyncio.ensure_future(self._bounded())
        try:
            await self._run
        except asyncio.CancelledError:
            # Both may come at once: the run was cancelled, and the process stops.
            ours, self._cancelled = self._cancelled, False
            current = asyncio.current_task()
            if not ours or (current is not None and current.cancelling()):
                self._run.cancel()
                raise
            result, self._error = "cancelled", "Task was cancelled"
        except Exception as error:
            result, self._error = "failed", f"{type(error).__name__}: {error}"
            log.exception("The scheduled task '%s' failed", self.task.id)
        finally:
            self._run, self._ended_at = None, self._now()
            metrics.task_runs.labels(self.task.id, result).inc()
            metrics.task_duration.labels(self.task.id, result).observe(time.perf_counter() - began)

    async def _bounded(self) -> None:
        async with asyncio.timeout(self.task.timeout.total_seconds()):
            await self.task.run()

    def _first(self) -> datetime | None:
        earliest = self._now() + self.task.initial_delay
        if self._cron is not None:
            return self._cron.next(earliest)
        return None if self.task.frequency is None else earliest

    def _after(self, began: datetime) -> datetime | None:
        if self._cron is not None:
            return self._cron.next(self._now())
        return None if self.task.frequency is None else began + self.task.frequency

    def described(self) -> dict[str, Any]:
        """As `/.backstage/scheduler/v1/tasks` lists it. Source: spec/catalog.md §1.6."""
        task = self.task
        cadence = task.cron or (iso_duration(task.frequency) if task.frequency is not None else "manual")
        settings = {"version": 2, "cadence": cadence, "timeoutAfterDuration": iso_duration(task.timeout)}
        if task.initial_delay:
            settings["initialDelayDuration"] = iso_duration(task.initial_delay)
        last = {
            key: value
            for key, value in (("lastRunError", self._error), ("lastRunEndedAt", _iso(self._ended_at)))
            if value is not None
        }
        state: dict[str, Any] | None = None
        if self.running:
            state = {"status": "running", "startedAt": _iso(self._started_at), **last}
        elif self._active:
            state = {"status": "idle", **({"startsAt": _iso(self._next)} if self._next else {}), **last}
        worker = (
            ("running" if self.running else "initial-wait" if self._ended_at is None else "idle")
            if self._active
            else None
        )
        return {
            "taskId": task.id,
            "pluginId": self.plugin,
            "scope": task.scope,
            "settings": settings,
            "taskState": state,
            "workerState": {"status": worker} if worker else None,
        }


def _iso(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
