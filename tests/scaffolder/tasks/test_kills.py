"""Workers killed with SIGKILL at random while they run tasks: nothing is lost, nothing finished is done again."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from app.database.sqlite import SqliteDatabase
from tests.conftest import AnyDatabase
from tests.scaffolder.tasks.world import World

TASKS = 200
WORKERS = 3
KILLS = 12
CANARY = "canary-7f3a/secret+value"
STEPS = (
    {"id": "a", "action": "again"},
    {"id": "b", "action": "once"},
    {"id": "c", "action": "again"},
    {"id": "d", "action": "made"},
)


class Crew:
    """Worker processes, one of which is killed now and then and replaced."""

    def __init__(self, database: AnyDatabase, folder: Path, ledger: Path) -> None:
        where = str(database.file) if isinstance(database, SqliteDatabase) else database._url
        arguments = [database.dialect, where, str(folder), str(ledger)]
        self._command = [sys.executable, "-m", "tests.scaffolder.tasks.worker_process", *arguments]
        self._workers = [self._start() for _ in range(WORKERS)]
        self.killed = 0

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def kill_one(self) -> None:
        index = random.randrange(WORKERS)
        self.kill(self._workers[index])
        self._workers[index] = self._start()
        self.killed += 1

    def kill_all(self) -> bytes:
        """What the workers have said on their way."""
        return b"".join(self.kill(worker) for worker in self._workers)

    @staticmethod
    def kill(worker: subprocess.Popen[bytes]) -> bytes:
        worker.kill()
        return worker.communicate()[1]


@pytest.mark.timeout(240)
async def test_every_task_ends_once_and_nothing_finished_is_repeated(
    database: AnyDatabase, world: World, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    ids = [await world.start(*STEPS, secrets={"CANARY": CANARY}) for _ in range(TASKS)]
    crew = Crew(database, world.folder, ledger)
    try:
        while True:
            [(left,)] = await database.read(
                "SELECT COUNT(*) FROM scaffolder_task WHERE status IN ('open', 'processing')"
            )
            if not left:
                break
            await asyncio.sleep(random.uniform(0.2, 0.6))
            [(done,)] = await database.read("SELECT COUNT(*) FROM scaffolder_task WHERE status = 'completed'")
            # The first may be killed as soon as anything runs, and each has a while to get somewhere.
            if crew.killed < KILLS and done >= crew.killed * TASKS // (KILLS * 2):
                crew.kill_one()
    finally:
        said = crew.kill_all()
    await _judge(database, world, ids, ledger.read_text().splitlines(), crew.killed)
    assert CANARY.encode() not in said


async def _judge(database: AnyDatabase, world: World, ids: list[str], lines: list[str], killed: int) -> None:
    statuses = Counter[str]()
    refused = 0
    for task_id in ids:
        status = (await world.tasks.get(task_id)).status
        statuses[status] += 1
        events = await world.events(task_id)
        # One terminal state, and nothing after it.
        assert [event.type for event in events].count("completion") == 1
        assert events[-1].type == "completion"
        if status == "failed":
            assert "Step b (once) was interrupted" in events[-1].body["error"]["message"]
            refused += 1
        finished: dict[str, int] = {}
        for event in events:
            message, step = event.body.get("message", ""), str(event.body.get("stepId"))
            assert CANARY not in message
            if message.startswith("Finished step"):
                assert step not in finished
                finished[step] = event.id
            elif message.startswith("Beginning step"):
                assert step not in finished
    started = defaultdict[str, Counter[tuple[str, str]]](Counter)
    for line in lines:
        action, task_id, step = line.split()
        started[action][task_id, step] += 1
    assert set(started["once"].values()) == {1}
    # Only a checkpoint that was itself cut off, before its value was stored, is passed a second time.
    assert sum(count - 1 for count in started["made"].values()) <= killed
    assert killed >= KILLS // 2
    assert statuses["completed"] + statuses["failed"] == TASKS
    assert await database.read("SELECT COUNT(*) FROM scaffolder_task WHERE secrets IS NOT NULL") == [(0,)]
    repeated = sum(count - 1 for count in started["again"].values())
    print(
        f"{database.dialect}: {killed} workers killed over {TASKS} tasks: {statuses['completed']} completed,"
        f" {refused} refused to repeat a step, {repeated} repeatable steps run again"
    )
