"""The database goes away while tasks run, and comes back: tasks go on, and nothing is run twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.database.postgres import PostgresDatabase
from scaffolder.interfaces import Action, ActionContext
from tests.postgres import PostgresServer
from tests.scaffolder.tasks.world import SETTINGS, make_world

TASKS = 30


class Busy(Action):
    id = "busy"

    def __init__(self) -> None:
        self.runs: list[tuple[str, str]] = []

    async def run(self, context: ActionContext) -> None:
        self.runs.append((context.task_id, context.step_id))
        await context.log.info("busy")
        await asyncio.sleep(0.05)


@pytest.mark.timeout(180)
async def test_tasks_outlive_a_restart_of_the_database(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "pg", settings=()).start()
    database = PostgresDatabase(server.url())
    await database.start()
    try:
        world = await make_world(database, tmp_path / "workspaces")
        busy = world.actions["busy"] = Busy()
        ids = [await world.start(*({"id": f"s{n}", "action": "busy"} for n in range(4))) for _ in range(TASKS)]
        settings = replace(SETTINGS, lease=timedelta(seconds=30), concurrency=5)
        async with world.working(settings):
            for _ in range(2):
                before = len(busy.runs)
                while len(busy.runs) < before + 15:  # noqa: ASYNC110 - the actions know nothing of this test
                    await asyncio.sleep(0.02)
                await asyncio.to_thread(server.kill)
                await asyncio.sleep(0.5)
                await asyncio.to_thread(server.start)
            for task_id in ids:
                assert (await world.ended(task_id, within=60)).status == "completed"
        assert len(busy.runs) == len(set(busy.runs)) == TASKS * 4
        for task_id in ids:
            finished = [one for one in await world.messages(task_id) if one.startswith("Finished step")]
            assert len(finished) == 4
        await world.tasks.close()
    finally:
        await database.close()
        server.stop()


async def test_a_worker_without_its_database_lets_go_before_others_may_take_over(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "pg", settings=()).start()
    database = PostgresDatabase(server.url())
    await database.start()
    stopped = asyncio.Event()
    entered = asyncio.Event()

    class Endless(Action):
        id = "endless"

        async def run(self, context: ActionContext) -> None:
            entered.set()
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

    try:
        world = await make_world(database, tmp_path / "workspaces")
        world.actions["endless"] = Endless()
        await world.start({"action": "endless"})
        async with world.working(replace(SETTINGS, lease=timedelta(seconds=3))):
            await asyncio.wait_for(entered.wait(), 10)
            await asyncio.to_thread(server.kill)
            await asyncio.wait_for(stopped.wait(), 10)
    finally:
        await database.close()
        server.stop()
