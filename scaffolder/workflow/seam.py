"""What the step engine is given, and what it gives back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from app.interfaces import NOBODY, Principal
from scaffolder.interfaces import Action, Schema, TaskUser, TemplateInfo

Json = Any
StepStatus = Literal["processing", "completed", "failed", "skipped", "cancelled"]

Validate = Callable[[Schema, Json], Sequence[str]]
"""`(schema, instance)` → one text per problem, as npm `jsonschema` stacks them: `instance requires property "a"`."""

Confined = Callable[[str, Mapping[str, Json]], Awaitable[Json]]
"""Runs a confined job; see `ActionContext.confined`."""

Permitted = Callable[[str, Mapping[str, Json]], bool]
"""`(action id, rendered input)` → whether the initiator may run it."""


class LeaseLostError(Exception):
    """The task belongs to another worker by now, or has ended: whoever gets this stops and says nothing more."""


class Sink(Protocol):
    """Where the lines of a task's log go. Lines are kept in the order of the calls."""

    async def log(self, message: str, *, step_id: str | None = None, status: StepStatus | None = None) -> None:
        """May return before the line is stored. Raises LeaseLostError."""


class StepState(Protocol):
    """What survives the worker: which steps are done, and the values of checkpoints. All raise LeaseLostError."""

    def completed(self) -> Mapping[str, Mapping[str, Json]]:
        """The outputs of the steps that earlier attempts finished, by id."""

    def failures(self) -> Mapping[str, Mapping[str, str]]:
        """The errors (`name`, `message`) of the steps that failed in earlier attempts, by id."""

    def interrupted(self) -> str | None:
        """The step that an earlier attempt began and did not finish."""

    async def begin(self, step_id: str) -> None:
        """Returns once it is stored that the step has begun: only then may its action run."""

    async def complete(self, step_id: str, output: Mapping[str, Json]) -> None: ...
    async def failed(self, step_id: str, error: Mapping[str, str]) -> None: ...
    def checkpoints(self, step_id: str) -> Mapping[str, Json]:
        """The values of the checkpoints a step has passed, by key."""

    async def checkpoint(self, step_id: str, key: str, value: Json) -> None:
        """Returns once the value is stored."""


class MemoryState:
    """A StepState that nothing survives: for dry runs and the command line."""

    def __init__(self) -> None:
        self._checkpoints: dict[str, dict[str, Json]] = {}

    def completed(self) -> Mapping[str, Mapping[str, Json]]:
        return {}

    def failures(self) -> Mapping[str, Mapping[str, str]]:
        return {}

    def interrupted(self) -> str | None:
        return None

    async def begin(self, step_id: str) -> None: ...
    async def complete(self, step_id: str, output: Mapping[str, Json]) -> None: ...
    async def failed(self, step_id: str, error: Mapping[str, str]) -> None: ...
    def checkpoints(self, step_id: str) -> Mapping[str, Json]:
        return self._checkpoints.get(step_id, {})

    async def checkpoint(self, step_id: str, key: str, value: Json) -> None:
        self._checkpoints.setdefault(step_id, {})[key] = value


class Cancellation:
    """A wish that a task stop. Setting it twice is setting it once."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def wished(self) -> bool:
        return self._event.is_set()

    async def wait(self) -> None:
        await self._event.wait()


@dataclass(frozen=True, slots=True)
class Job:
    """One task to run. `spec` is the stored spec of §3.1: every step has `id` and `name`.

    `hidden_steps` are counted in the first line and not run: the dry run of the reference has one.
    `report_problems`: also log, as warnings, the template errors that the reference swallows.
    """

    id: str
    spec: Mapping[str, Json]
    secrets: Mapping[str, str] = field(default_factory=dict)
    initiator: Principal = NOBODY
    is_dry_run: bool = False
    permitted: Permitted = lambda _action, _input: True
    cancellation: Cancellation = field(default_factory=Cancellation)
    hidden_steps: int = 0
    report_problems: bool = True
    runs_local: bool = False
    """In a dry run: whether actions run that change nothing but the workspace. See `Action.local`."""
    root: Path | None = None
    """See TemplateInfo."""

    def runs(self, action: Action) -> bool:
        """Whether an action is run, and not only told of."""
        return not self.is_dry_run or action.supports_dry_run or (self.runs_local and action.local)

    @property
    def template(self) -> TemplateInfo:
        info = self.spec.get("templateInfo") or {}
        return TemplateInfo(info.get("entityRef", ""), info.get("baseUrl"), info.get("entity") or {}, self.root)

    @property
    def user(self) -> TaskUser:
        user = self.spec.get("user") or {}
        return TaskUser(user.get("ref"), user.get("entity"))

    @property
    def start_over(self) -> bool:
        """Whether a recovered task forgets what it has done. Source: §1.8."""
        return recover_strategy(self.spec) == "startOver"


def recover_strategy(spec: Mapping[str, Json]) -> str:
    """`none` or `startOver`, as the template says."""
    recovery = spec.get("EXPERIMENTAL_recovery")
    strategy = recovery.get("EXPERIMENTAL_strategy") if isinstance(recovery, Mapping) else None
    return strategy if isinstance(strategy, str) else "none"


@dataclass(frozen=True, slots=True)
class Problem:
    """A template that could not be rendered and was left as it is. `where` is like `steps.fetch.input.values.name`."""

    where: str
    source: str
    message: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended. `error` is the first step's, its texts masked; `output` is masked as well."""

    status: Literal["completed", "failed"]
    output: Mapping[str, Json] = field(default_factory=dict)
    error: Exception | None = None
    problems: Sequence[Problem] = ()
    cancelled: bool = False
