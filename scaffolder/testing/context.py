"""A context to run one action in: a workspace on disk, a log and checkpoints in memory."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from app.errors import CallboardError
from app.interfaces import NOBODY, Principal
from scaffolder.interfaces import ActionLogger, TaskUser, TemplateInfo, Workspace

T = TypeVar("T")


@dataclass
class Lines:
    lines: list[str] = field(default_factory=list)

    async def info(self, message: str, meta: Mapping[str, Any] | None = None) -> None:
        self.lines.append(message)

    async def warn(self, message: str, meta: Mapping[str, Any] | None = None) -> None:
        self.lines.append(message)

    error = debug = warn


@dataclass
class Context:
    """See `scaffolder.interfaces.ActionContext`. `said` are the lines of its log, `stored` its checkpoints, `outputs`
    what it has given out; `jobs` runs confined jobs, and is told of none by actions that have none."""

    input: Mapping[str, Any]
    workspace: Workspace
    jobs: Callable[[str, Mapping[str, Any]], Awaitable[Any]]
    template: TemplateInfo = field(default_factory=lambda: TemplateInfo("template:default/t", None, {"metadata": {}}))
    secrets: Mapping[str, str] = field(default_factory=dict)
    is_dry_run: bool = False
    task_id: str = "task"
    step_id: str = "step"
    step_name: str = "Step"
    said: Lines = field(default_factory=Lines)
    user: TaskUser = field(default_factory=TaskUser)
    initiator: Principal = NOBODY
    outputs: dict[str, Any] = field(default_factory=dict)
    stored: dict[str, Any] = field(default_factory=dict)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.log: ActionLogger = self.said

    def output(self, name: str, value: Any) -> None:
        self.outputs[name] = value

    async def checkpoint(self, key: str, run: Callable[[], Awaitable[T]]) -> T:
        if key not in self.stored:
            self.stored[key] = await run()
        kept: T = self.stored[key]
        return kept

    @asynccontextmanager
    async def temporary_directory(self) -> AsyncIterator[Path]:
        with tempfile.TemporaryDirectory() as directory:
            yield Path(directory)

    def raise_if_cancelled(self) -> None:
        if self.stop.is_set():
            raise CallboardError("cancelled")

    async def cancelled(self) -> None:
        await self.stop.wait()

    async def confined(self, job: str, arguments: Mapping[str, Any]) -> Any:
        return await self.jobs(job, arguments)
