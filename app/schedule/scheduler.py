"""All scheduled tasks of one process.

Tasks of scope `global` run in one process: the one that leads their role. Tasks of scope `local` run in every process
of the role. A trigger may arrive anywhere and is passed on to whoever runs the task.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, Final

from app.errors import ConflictError, NotFoundError
from app.interfaces import Clock, Database, Role, ScheduledTask
from app.schedule.entry import Entry

log = logging.getLogger(__name__)
CHANNEL: Final = "scheduler"


class Scheduler:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._entries: dict[tuple[str, str], Entry] = {}

    def add(self, plugin: str, task: ScheduledTask, role: Role) -> None:
        """Raises ValueError for a second task of the same plugin and id."""
        if (plugin, task.id) in self._entries:
            raise ValueError(f"the plugin '{plugin}' has two scheduled tasks '{task.id}'")
        self._entries[plugin, task.id] = Entry(plugin, task, role, self._clock.now)

    def roles(self) -> set[Role]:
        return {entry.role for entry in self._entries.values()}

    def listen(self) -> None:
        """Take triggers and cancellations from other processes."""
        self._database.listen(CHANNEL, self._heard)

    async def run_local(self, role: Role) -> None:
        """The role's tasks of scope `local`, until cancelled."""
        await self._run(e for e in self._entries.values() if e.role == role and e.task.scope == "local")

    async def run_global(self, role: Role) -> None:
        """The role's other tasks, while this process leads, until cancelled."""
        async with self._database.leadership(f"scheduler-{role}"):
            await self._run(e for e in self._entries.values() if e.role == role and e.task.scope == "global")

    async def _run(self, entries: Iterable[Entry]) -> None:
        async with asyncio.TaskGroup() as group:
            for entry in entries:
                group.create_task(entry.loop(), name=f"schedule {entry.task.id}")

    def listed(self, plugin: str) -> list[dict[str, Any]]:
        return [entry.described() for entry in self._entries.values() if entry.plugin == plugin]

    async def trigger(self, plugin: str, task_id: str) -> None:
        """Raises NotFoundError, or ConflictError for a task under way."""
        entry = self._entry(plugin, task_id)
        if entry.running:
            raise ConflictError(f"Task {task_id} is currently running")
        if entry.active:
            entry.trigger()
        else:
            await self._tell("trigger", plugin, task_id)

    async def cancel(self, plugin: str, task_id: str) -> None:
        """Raises NotFoundError, or ConflictError for a task that does not run."""
        entry = self._entry(plugin, task_id)
        if not entry.active:
            await self._tell("cancel", plugin, task_id)
        elif not entry.cancel():
            raise ConflictError(f"Task {task_id} is not running")

    def _entry(self, plugin: str, task_id: str) -> Entry:
        entry = self._entries.get((plugin, task_id))
        if entry is None:
            raise NotFoundError(f"Task {task_id} does not exist")
        return entry

    async def _tell(self, what: str, plugin: str, task_id: str) -> None:
        async with self._database.write() as transaction:
            await transaction.notify(CHANNEL, f"{what} {plugin} {task_id}")

    def _heard(self, payload: str) -> None:
        what, _, rest = payload.partition(" ")
        plugin, _, task_id = rest.partition(" ")
        entry = self._entries.get((plugin, task_id))
        if entry is None or not entry.active:
            return
        if what == "trigger" and not entry.running:
            entry.trigger()
        elif what == "cancel":
            entry.cancel()
