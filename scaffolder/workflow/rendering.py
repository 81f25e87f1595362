"""The workflow's view of the template language: its contexts, its status functions, its truth.

Source: spec/scaffolder.md §3.6, §4.1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from scaffolder.interfaces import TemplateFilter, TemplateGlobal
from scaffolder.language import UNDEFINED, Context, Language, TreeProblem, render_tree, render_tree_async
from scaffolder.workflow.seam import Job, Json, Problem

_INLINE: Final = re.compile(r"[^{]*(?:\$\{\{[\s\w.\-\[\]'\"]*\}\}[^{]*)*")
"""Sources that only read values: quick enough for the event loop."""


@dataclass(slots=True)
class Status:
    """Of the task, as `always()` and `failure()` see it. `asked`: one of them was called."""

    failed: bool = False
    asked: bool = False


_status: ContextVar[Status | None] = ContextVar("workflow_status", default=None)


def _always() -> bool:
    status = _status.get()
    if status is not None:
        status.asked = True
    return True


def _failure() -> bool:
    status = _status.get()
    if status is None:
        return False
    status.asked = True
    return status.failed


STATUS_FUNCTIONS: Final = (
    TemplateGlobal("always", call=_always, description="True: the step runs even after another has failed."),
    TemplateGlobal("failure", call=_failure, description="Whether an earlier step has failed."),
)


def workflow_language(
    filters: Iterable[TemplateFilter] = (),
    added: Iterable[TemplateGlobal] = (),
    make: Callable[..., Language] = Language,
) -> Language:
    """The language of step inputs: the filters and globals of plugins, and the status functions."""
    return make(filters=list(filters), globals=[*added, *STATUS_FUNCTIONS])


@dataclass(frozen=True, slots=True)
class Environment:
    """`scaffolder.defaultEnvironment`."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


def truthy(value: Json) -> bool:
    """Whether an `if` lets the step run: lists by their length, all else as JavaScript has it."""
    if value is UNDEFINED or value is None:
        return False
    if isinstance(value, Mapping):
        return True
    if isinstance(value, float) and math.isnan(value):
        return False
    return bool(value)


class Values:
    """What the templates of one task see. Secrets are there only where they are asked for."""

    def __init__(self, job: Job, language: Language, environment: Environment) -> None:
        self._language = language
        self.status = Status()
        self.problems: list[Problem] = []
        user = job.user
        # A dry run is somebody's experiment: the deployment's secrets stay out of it.
        hidden = {} if job.is_dry_run else dict(environment.secrets)
        self._secrets, self._hidden = dict(job.secrets), hidden
        self._masked = dict.fromkeys(job.secrets, "***"), dict.fromkeys(environment.secrets, "***")
        self.plain = Context(
            {
                "parameters": job.spec.get("parameters", {}),
                "environment": {"parameters": dict(environment.parameters), "secrets": {}},
                "steps": {},
                "user": {"entity": _or_undefined(user.entity), "ref": _or_undefined(user.ref)},
                "context": {"task": {"id": job.id}},
            }
        )

    def set_output(self, step_id: str, output: Mapping[str, Json]) -> None:
        self.plain = self.plain.with_value(("steps", step_id), {"output": output})

    def secret(self, each: tuple[str, Json] | None = None) -> Context:
        """The context with secrets, and within an iteration."""
        return _with_each(self._with_secrets(self._secrets, self._hidden), each)

    def masked(self) -> Context:
        """The context with `***` for each secret."""
        return self._with_secrets(*self._masked)

    def without(self, each: tuple[str, Json] | None = None) -> Context:
        """The context without secrets, within an iteration."""
        return _with_each(self.plain, each)

    def _with_secrets(self, secrets: Mapping[str, str], environment: Mapping[str, str]) -> Context:
        return self.plain.with_value(("secrets",), secrets).with_value(("environment", "secrets"), environment)

    async def render(self, tree: Json, context: Context, where: str | None = None) -> Any:
        """A JSON tree with its strings rendered; UNDEFINED if it is a string of that value.

        Strings that fail stay as they are and, where `where` says what they are, become problems.
        """
        problems: list[TreeProblem] = []
        token = _status.set(self.status)
        try:
            if not self._language.host.asynchronous and _is_quick(tree):
                rendered = render_tree(self._language, tree, context, problems.append)
            else:
                rendered = await render_tree_async(self._language, tree, context, problems.append)
        finally:
            _status.reset(token)
        if where is not None:
            self.problems += [_problem(where, one) for one in problems]
        return rendered


def _is_quick(tree: Json) -> bool:
    if isinstance(tree, str):
        return len(tree) < 4096 and _INLINE.fullmatch(tree) is not None
    if isinstance(tree, Mapping):
        return all(map(_is_quick, tree.values()))
    if isinstance(tree, (list, tuple)):
        return len(tree) < 1000 and all(map(_is_quick, tree))
    return True


def _or_undefined(value: Json) -> Json:
    return UNDEFINED if value is None else value


def _with_each(context: Context, each: tuple[str, Json] | None) -> Context:
    return context if each is None else context.with_value(("each",), {"key": each[0], "value": each[1]})


def _problem(where: str, one: TreeProblem) -> Problem:
    path = ".".join((where, *map(str, one.path)))
    return Problem(path, one.source, one.error.message, one.error.line or 1, one.error.column or 1)
