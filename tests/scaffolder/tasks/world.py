"""A queue of tasks on a real database, and workers in this process to run them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.database.upgrade import bring_up_to_date
from app.events.bus import EventBus
from app.interfaces import Principal
from scaffolder.interfaces import Action, ActionContext, Task, TaskEvent, Workspace
from scaffolder.secrets.sealing import Seal
from scaffolder.tasks.running import Runner
from scaffolder.tasks.service import DurableTasks
from scaffolder.tasks.telling import Telling
from scaffolder.tasks.worker import Worker, WorkerSettings
from scaffolder.workflow import Engine, Environment, Permitted, workflow_language
from scaffolder.workflow.seam import Confined
from tests.conftest import AnyDatabase
from tests.scaffolder.workflow.bench import ACTIONS, Folder, confined, validate

GUEST = Principal("user", "user:default/guest", ("user:default/guest",))
SETTINGS = WorkerSettings(
    lease=timedelta(seconds=3), heartbeat=timedelta(seconds=0.1), janitor=timedelta(seconds=0.3), drain=timedelta(0)
)


class Gate(Action):
    """Waits until it is let through, and counts how often it was run."""

    id = "gate"

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.open = asyncio.Event()
        self.runs = 0

    async def run(self, context: ActionContext) -> None:
        self.runs += 1
        self.entered.set()
        waiting = [asyncio.ensure_future(self.open.wait()), asyncio.ensure_future(context.cancelled())]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        context.raise_if_cancelled()


def spec(*steps: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    named = [
        {**one, "id": one.get("id", f"step-{index}"), "name": one.get("name", one["action"])}
        for index, one in enumerate(steps, 1)
    ]
    return {"steps": named, "output": {}, "parameters": {}, "user": {}, **more}


@dataclass
class World:
    database: AnyDatabase
    folder: Path
    actions: dict[str, Action] = field(default_factory=dict)
    environment: Environment = field(default_factory=Environment)
    confined: Confined = confined
    workspaces: Callable[[Path], Workspace] = Folder
    bus: EventBus = field(default_factory=EventBus)

    def __post_init__(self) -> None:
        self.seal = Seal(lambda: [b"key"])
        self.tasks = DurableTasks(self.database, self.seal, self.bus)

    def worker(
        self, settings: WorkerSettings = SETTINGS, *, snapshots: bool = False, folder: Path | None = None
    ) -> Worker:
        engine = Engine(
            {**ACTIONS, **self.actions},
            workflow_language(),
            validate=validate,
            confined=self.confined,
            environment=self.environment,
        )
        where = folder or self.folder
        telling = Telling(self.bus)
        runner = Runner(
            lambda: engine, self.seal, where, self.workspaces, _everything, snapshots=snapshots, telling=telling
        )
        return Worker(self.database, runner, settings)

    @asynccontextmanager
    async def working(
        self, settings: WorkerSettings = SETTINGS, count: int = 1
    ) -> AsyncIterator[list[asyncio.Task[None]]]:
        workers = [asyncio.create_task(self.worker(settings).run()) for _ in range(count)]
        try:
            yield workers
        finally:
            for one in workers:
                one.cancel()
            for one in workers:
                with suppress(asyncio.CancelledError):
                    await one

    async def start(self, *steps: Mapping[str, Any], secrets: Mapping[str, str] | None = None, **more: Any) -> str:
        return await self.tasks.dispatch(spec(*steps, **more), secrets=secrets or {}, initiator=GUEST, token="token-1")

    async def ended(self, task_id: str, *, within: float = 20) -> Task:
        """Follow a task to its completion."""

        async def follow() -> None:
            async for batch in self.tasks.follow(task_id):
                if any(event.type == "completion" for event in batch):
                    return

        await asyncio.wait_for(follow(), within)
        return await self.tasks.get(task_id)

    async def events(self, task_id: str) -> list[TaskEvent]:
        return await self.tasks.events(task_id)

    async def messages(self, task_id: str) -> list[str]:
        return [event.body.get("message", "") for event in await self.events(task_id)]

    async def database_write(self, sql: str) -> None:
        async with self.database.write() as transaction:
            await transaction.execute(sql)

    async def completion(self, task_id: str) -> Mapping[str, Any]:
        found = [event.body for event in await self.events(task_id) if event.type == "completion"]
        assert len(found) == 1
        return found[0]


async def _everything(_initiator: Principal) -> Permitted:
    return lambda _action, _input: True


async def make_world(database: AnyDatabase, folder: Path) -> World:
    await bring_up_to_date(database, {"scaffolder": "scaffolder.migrations"})
    return World(database, folder)
