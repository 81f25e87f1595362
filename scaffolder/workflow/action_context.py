"""What a running action is given. Source: spec/scaffolder.md §3.7."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

from app.errors import CallboardError
from scaffolder.interfaces import ActionLogger, Workspace
from scaffolder.secrets.masking import LineMask, Mask
from scaffolder.workflow.seam import Confined, Job, Json, Sink, StepState
from scaffolder.workflow.texts import levelled

T = TypeVar("T")
WEIGHTS: Final = {"error": 0, "warn": 1, "info": 2, "http": 3, "verbose": 4, "debug": 5, "silly": 6}
"""Of the reference's logger, npm `winston`."""


class CancelledStepError(CallboardError):
    """The task is to stop."""

    name = "Error"

    def __init__(self, job: Job, step: Mapping[str, Json]) -> None:
        super().__init__(f"Step {step['id']} ({step['name']}) of task {job.id} has been cancelled.")


class StepLog:
    """The logger of one step: levels in colour, secrets masked, also those cut by the end of a line.

    `level`: lines of less weight are not written, as the reference's environment variable LOG_LEVEL has it.
    """

    def __init__(self, sink: Sink, step_id: str, mask: Mask, *, level: str = "info") -> None:
        self._sink = sink
        self._step_id = step_id
        self._least = WEIGHTS.get(level.lower(), WEIGHTS["info"])
        self._lines = LineMask()
        self.mask = mask

    async def info(self, message: str, meta: Mapping[str, Json] | None = None) -> None:
        await self._write("info", message, meta)

    async def warn(self, message: str, meta: Mapping[str, Json] | None = None) -> None:
        await self._write("warn", message, meta)

    async def error(self, message: str, meta: Mapping[str, Json] | None = None) -> None:
        await self._write("error", message, meta)

    async def debug(self, message: str, meta: Mapping[str, Json] | None = None) -> None:
        await self._write("debug", message, meta)

    async def _write(self, level: str, message: str, meta: Mapping[str, Json] | None) -> None:
        if WEIGHTS[level] > self._least:
            return
        masked = self._lines(self.mask, message)
        await self._sink.log(self.mask(levelled(level, masked, self.mask.value(meta))), step_id=self._step_id)


class RunningAction:
    """See `scaffolder.interfaces.ActionContext`."""

    def __init__(
        self,
        job: Job,
        step: Mapping[str, Json],
        rendered: Mapping[str, Json],
        *,
        workspace: Workspace,
        log: StepLog,
        state: StepState,
        confined: Confined,
        output: Callable[[str, Json], None],
    ) -> None:
        self.input = rendered
        self.secrets: Mapping[str, str] = job.secrets
        self.task_id: str = job.id
        self.step_id: str = step["id"]
        self.step_name: str = step["name"]
        self.workspace = workspace
        self.log: ActionLogger = log
        self.template = job.template
        self.user = job.user
        self.initiator = job.initiator
        self.is_dry_run: bool = job.is_dry_run
        self._job, self._step, self._state, self._confined, self._output = job, step, state, confined, output
        self._running: dict[str, asyncio.Lock] = {}

    def output(self, name: str, value: Json) -> None:
        self._output(name, value)

    async def checkpoint(self, key: str, run: Callable[[], Awaitable[T]]) -> T:
        async with self._running.setdefault(key, asyncio.Lock()):
            known = self._state.checkpoints(self.step_id)
            if key in known:
                stored: T = known[key]
                return stored
            value = await run()
            await self._state.checkpoint(self.step_id, key, value)
            return value

    @asynccontextmanager
    async def temporary_directory(self) -> AsyncIterator[Path]:
        made = await asyncio.to_thread(
            tempfile.TemporaryDirectory, prefix="callboard-step-", ignore_cleanup_errors=True
        )
        try:
            yield Path(made.name)
        finally:
            await asyncio.to_thread(made.cleanup)

    def raise_if_cancelled(self) -> None:
        if self._job.cancellation.wished:
            raise CancelledStepError(self._job, self._step)

    async def cancelled(self) -> None:
        await self._job.cancellation.wait()

    async def confined(self, job: str, arguments: Mapping[str, Json]) -> Json:
        return await self._confined(job, arguments)
