"""A worker in a process of its own, to be killed: `python -m … <sqlite|postgresql> <file or url> <folder> <ledger>`.

Every action writes a line to the ledger when it starts, which is what the outside world saw of it.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from scaffolder.interfaces import Action, ActionContext
from tests.scaffolder.tasks.world import SETTINGS, World


class Ledger:
    """Lines that several processes append to one file, each in one write."""

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, *words: str) -> None:
        os.write(self._descriptor, (" ".join(words) + "\n").encode())


class Once(Action):
    """Something that must not happen twice."""

    id = "once"
    idempotent: ClassVar[bool] = False

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def run(self, context: ActionContext) -> None:
        self._ledger.note(self.id, context.task_id, context.step_id)
        await context.log.info(f"{context.step_id} with {context.secrets.get('CANARY', 'no secret')}")
        await asyncio.sleep(random.uniform(0.01, 0.15))
        context.output("by", os.getpid())


class Again(Once):
    """Something that may be repeated."""

    id = "again"
    idempotent = True


class Made(Once):
    """Something that is made within a checkpoint, and so once."""

    id = "made"
    resumable = True

    async def run(self, context: ActionContext) -> None:
        async def make() -> str:
            self._ledger.note("made", context.task_id, context.step_id)
            return "made"

        await context.checkpoint("thing", make)
        await asyncio.sleep(random.uniform(0.01, 0.15))


async def main(kind: str, where: str, folder: Path, ledger: Path) -> None:
    database = SqliteDatabase(Path(where)) if kind == "sqlite" else PostgresDatabase(where, pool_size=4)
    await database.start()
    world = World(database, folder)
    world.actions.update((one.id, one) for one in (Once(Ledger(ledger)), Again(Ledger(ledger)), Made(Ledger(ledger))))
    lease = timedelta(seconds=1)
    await world.worker(replace(SETTINGS, lease=lease, max_attempts=1000, concurrency=8)).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])))
