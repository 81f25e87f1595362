"""All that others see of the scaffolder: what an action is, what it is given, and what plugins may add.

`host.extension(ScaffolderExtensions)` collects actions, template filters and globals, autocomplete handlers and
`task.*` decorators from all plugins. Source: spec/scaffolder.md §3.7, §4, §5.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from app.interfaces import Principal

Json = Any
T = TypeVar("T")
Schema = Mapping[str, Json]
"""A JSON Schema, draft-07."""


# ------------------------------------------------------------------------------------------------- actions


@dataclass(frozen=True, slots=True)
class ActionExample:
    """`example` is the YAML text of a template's `steps`."""

    description: str
    example: str
    notes: str | None = None


class Workspace(Protocol):
    """A task's own directory. Every path goes through here; none leads out of it, links included.

    Paths are relative to the workspace, `/`-separated, and may not exist yet.
    """

    root: Path

    def path(self, relative: str) -> Path:
        """The absolute path of a workspace path, links resolved.

        Raises NotAllowedError: it would lead outside.
        """

    def glob(self, pattern: str) -> list[str]:
        """Files (not directories, no links followed) whose path matches, sorted."""


class ActionLogger(Protocol):
    """Lines of a step's log, as users see them; secrets are masked on the way."""

    async def info(self, message: str, meta: Mapping[str, Json] | None = None) -> None: ...
    async def warn(self, message: str, meta: Mapping[str, Json] | None = None) -> None: ...
    async def error(self, message: str, meta: Mapping[str, Json] | None = None) -> None: ...
    async def debug(self, message: str, meta: Mapping[str, Json] | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """Which template a task runs. `base_url` is where relative URLs start: `https://…` or `file://…`.

    `root` is the folder that relative URLs of a `file://` base may not leave; the template's own where it is None.
    """

    entity_ref: str
    base_url: str | None
    entity: Mapping[str, Json]
    root: Path | None = None


@dataclass(frozen=True, slots=True)
class TaskUser:
    """Who started the task; both None for a service."""

    ref: str | None = None
    entity: Mapping[str, Json] | None = None


class ActionContext(Protocol):
    """What a running action is given."""

    input: Mapping[str, Json]
    """Rendered and valid against the action's input schema. Defaults are not filled in: the action applies its own."""
    secrets: Mapping[str, str]
    task_id: str
    step_id: str
    step_name: str
    workspace: Workspace
    log: ActionLogger
    template: TemplateInfo
    user: TaskUser
    initiator: Principal
    is_dry_run: bool

    def output(self, name: str, value: Json) -> None: ...
    async def checkpoint(self, key: str, run: Callable[[], Awaitable[T]]) -> T:
        """Run once per task, whatever happens: a value already stored by an earlier attempt is returned instead."""

    def temporary_directory(self) -> AbstractAsyncContextManager[Path]: ...
    def raise_if_cancelled(self) -> None: ...
    async def cancelled(self) -> None:
        """Returns when the task is to stop. For waits that must end early."""

    async def confined(self, job: str, arguments: Mapping[str, Json]) -> Json:
        """Run one of the confined jobs (rendering, archives, cookiecutter) in a child process with limits.

        Raises InputError or the job's own error, naming the limit that was hit.
        """


class Action:
    """One step's work. Subclass it, say what goes in and out, and override `run`."""

    id: ClassVar[str]
    description: ClassVar[str] = ""
    examples: ClassVar[Sequence[ActionExample]] = ()
    input_schema: ClassVar[Schema | None] = None
    output_schema: ClassVar[Schema | None] = None
    supports_dry_run: ClassVar[bool] = False
    local: ClassVar[bool] = False
    """True: it changes nothing but the workspace, so `callboard template run` and `test` run it even where a dry run by
    the API must pass it over, as the reference does."""
    idempotent: ClassVar[bool] = False
    """True: a step cut off half-way may simply be run again after a crash. Otherwise it must use checkpoints."""
    resumable: ClassVar[bool] = False
    """True: all it does to the outside happens within checkpoints, so a step cut off half-way may go on from them."""

    async def run(self, context: ActionContext) -> None: ...


# ---------------------------------------------------------------------------------------- template language


@dataclass(frozen=True, slots=True)
class TemplateFilter:
    """`${{ value | id(arguments) }}`. Positional arguments only, plain JSON values in and out, no side effects."""

    id: str
    apply: Callable[..., Json]
    description: str | None = None
    schema: Schema | None = None
    examples: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class TemplateGlobal:
    """A function (`call`) or a value that templates may name."""

    id: str
    call: Callable[..., Json] | None = None
    value: Json = None
    description: str | None = None
    schema: Schema | None = None
    examples: Sequence[Mapping[str, str]] = ()


# ----------------------------------------------------------------------------------------------- extensions

Autocomplete = Callable[[str, str, Mapping[str, str]], Awaitable[Sequence[Mapping[str, str]]]]
"""`(resource, token, context) → [{"id", "title"?}]`. Raises InputError for an unknown resource."""


class ScaffolderExtensions:
    """What plugins add to the scaffolder."""

    def __init__(self) -> None:
        self._actions: dict[str, Action] = {}
        self._filters: dict[str, TemplateFilter] = {}
        self._globals: dict[str, TemplateGlobal] = {}
        self._later: list[Callable[[], None]] = []
        self.autocomplete: dict[str, Autocomplete] = {}

    @property
    def actions(self) -> Mapping[str, Action]:
        self._complete()
        return self._actions

    @property
    def filters(self) -> Mapping[str, TemplateFilter]:
        self._complete()
        return self._filters

    @property
    def globals(self) -> Mapping[str, TemplateGlobal]:
        self._complete()
        return self._globals

    def add_later(self, add: Callable[[], None]) -> None:
        """`add` is called once, when somebody first looks at what there is. For what brings many modules along: a start
        need not load them."""
        self._later.append(add)

    def add_action(self, *actions: Action) -> None:
        """All of them or, where an id is taken, none. Raises ValueError."""
        added = dict(self._actions)
        for action in actions:
            if action.id in added:
                raise ValueError(f"Template action with ID '{action.id}' has already been registered")
            added[action.id] = action
        self._actions = added

    def add_template_filter(self, *filters: TemplateFilter) -> None:
        self._filters.update((one.id, one) for one in filters)

    def add_template_global(self, *added: TemplateGlobal) -> None:
        self._globals.update((one.id, one) for one in added)

    def add_autocomplete(self, provider: str, handler: Autocomplete) -> None:
        self.autocomplete[provider] = handler

    def _complete(self) -> None:
        while self._later:
            add = self._later.pop(0)
            try:
                add()
            except BaseException:
                # Whoever looks next is to be told, too, and not to find less.
                self._later.insert(0, add)
                raise


# ---------------------------------------------------------------------------------------------------- tasks

TaskStatus = Literal["open", "processing", "completed", "failed", "cancelled", "skipped"]


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """One row of a task's log. `body` holds message, stepId?, status?, output?, error?, recoverStrategy?."""

    id: int
    task_id: str
    type: Literal["log", "completion", "cancelled", "recovered"]
    body: Mapping[str, Json]
    created_at: str


@dataclass(frozen=True, slots=True)
class Task:
    """A task as the API shows it. Times are ISO-8601, UTC, milliseconds. `cursor` is its place among all by age."""

    id: str
    spec: Mapping[str, Json]
    status: TaskStatus
    created_at: str
    last_heartbeat_at: str | None = None
    created_by: str | None = None
    cursor: str = ""


class Tasks(Protocol):
    """The durable queue of tasks, for routes and for other features."""

    async def dispatch(
        self, spec: Mapping[str, Json], *, secrets: Mapping[str, str], initiator: Principal, token: str | None
    ) -> str:
        """Store a task and wake a worker; gives its id."""

    async def get(self, task_id: str) -> Task:
        """Raises NotFoundError: `No task with id '…' found`."""

    async def find(
        self,
        *,
        created_by: Sequence[str] = (),
        status: Sequence[str] = (),
        order: Sequence[tuple[str, Literal["asc", "desc"]]] = (("created_at", "desc"),),
        limit: int | None = None,
        offset: int | None = None,
        after: str | None = None,
        visible: Mapping[str, Json] | None = None,
    ) -> tuple[list[Task], int]:
        """Tasks and their total number. `visible` is a criteria tree over `{"key": "created_by", "values": […]}`.

        `after`, the cursor of a task, leaves out that one and all before it, at the same cost however many they are.
        Raises InputError: it is none, or the order is not by `created_at` alone.
        """

    async def cancel(self, task_id: str) -> None: ...
    async def retry(self, task_id: str, *, secrets: Mapping[str, str], initiator: Principal, token: str | None) -> None:
        """Raises ConflictError unless the task has ended."""

    async def events(self, task_id: str, *, after: int | None = None) -> list[TaskEvent]: ...
    def follow(self, task_id: str, *, after: int | None = None) -> AsyncIterator[list[TaskEvent]]:
        """Batches of events as they happen, woken by the store rather than polled for."""
