"""A workbench for the step engine: actions that tell what they were given, and a sink that keeps all lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from app.errors import CallboardError, InputError
from scaffolder.interfaces import Action, ActionContext, Schema
from scaffolder.workflow import Engine, Environment, Job, MemoryState, Outcome, StepState, workflow_language


class Folder:
    """A workspace nobody attacks."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, relative: str) -> Path:
        return self.root / relative

    def glob(self, pattern: str) -> list[str]:
        return sorted(str(one.relative_to(self.root)) for one in self.root.glob(pattern))


class Say(Action):
    """`debug:log` in miniature, which also puts out what it says."""

    id = "say"
    input_schema: ClassVar[Schema | None] = {
        "type": "object",
        "properties": {"message": {"type": "string"}},
        "additionalProperties": False,
    }
    output_schema: ClassVar[Schema | None] = {
        "type": "object",
        "properties": {"said": {"type": "string"}, "n": {"type": "number"}},
    }
    supports_dry_run = True

    async def run(self, context: ActionContext) -> None:
        await context.log.info(context.input.get("message", ""))
        context.output("said", context.input.get("message"))


class Put(Action):
    """Puts out what it is given; takes no part in dry runs."""

    id = "put"
    output_schema: ClassVar[Schema | None] = {
        "type": "object",
        "properties": {
            "url": {"type": "string"},
            "n": {"type": "number"},
            "ok": {"type": "boolean"},
            "list": {"type": "array", "items": {"type": "string"}},
            "any": {},
        },
    }

    async def run(self, context: ActionContext) -> None:
        for name, value in context.input.items():
            context.output(name, value)


class Fail(Action):
    id = "fail"

    async def run(self, context: ActionContext) -> None:
        raise InputError(context.input.get("message", "boom"))


class Crash(Action):
    id = "crash"

    async def run(self, context: ActionContext) -> None:
        raise RuntimeError(context.input.get("message", "crash"))


class Wait(Action):
    id = "wait"

    async def run(self, context: ActionContext) -> None:
        await context.log.info("waiting")
        await context.cancelled()
        context.raise_if_cancelled()


ACTIONS: dict[str, Action] = {one.id: one for one in (Say(), Put(), Fail(), Crash(), Wait())}


def validate(schema: Mapping[str, Any], instance: Any) -> Sequence[str]:
    """As much of JSON Schema as these actions use."""
    problems = []
    for key, value in instance.items():
        known = schema.get("properties", {}).get(key)
        if known is None and schema.get("additionalProperties") is False:
            problems.append(f'instance is not allowed to have the additional property "{key}"')
        elif known == {"type": "string"} and not isinstance(value, str):
            problems.append(f"instance.{key} is not of a type(s) string")
    return problems


async def confined(job: str, arguments: Mapping[str, Any]) -> Any:
    raise CallboardError(f"there is no job {job} here")


@dataclass
class Lines:
    """What a task has logged, without its step's beginning and end where `said` is asked."""

    lines: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    async def log(self, message: str, *, step_id: str | None = None, status: Any = None) -> None:
        self.lines.append((message, step_id, status))

    @property
    def messages(self) -> list[str]:
        return [message for message, _, _ in self.lines]

    @property
    def said(self) -> list[str]:
        return [one.partition(": ")[2] for one, _, _ in self.lines if one.startswith("\x1b[")]


def engine(environment: Environment | None = None, log_level: str = "info", **actions: Action) -> Engine:
    return Engine(
        {**ACTIONS, **actions},
        workflow_language(),
        validate=validate,
        confined=confined,
        environment=environment,
        log_level=log_level,
    )


async def run(
    folder: Path,
    *steps: Mapping[str, Any],
    output: Any = None,
    parameters: Any = None,
    environment: Environment | None = None,
    state: StepState | None = None,
    actions: Mapping[str, Action] | None = None,
    log_level: str = "info",
    **job: Any,
) -> tuple[Outcome, Lines]:
    """Run steps whose ids and names are filled in as the server does."""
    named = [
        {**one, "id": one.get("id", f"step-{index}"), "name": one.get("name", one["action"])}
        for index, one in enumerate(steps, 1)
    ]
    spec = {"steps": named, "output": output or {}, "parameters": parameters or {}, **job.pop("spec", {})}
    lines = Lines()
    outcome = await engine(environment, log_level, **(actions or {})).run(
        Job("task-1", spec, **job), lines, state or MemoryState(), Folder(folder)
    )
    return outcome, lines
