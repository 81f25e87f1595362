"""Actions by name: what each takes and gives, and how it is invoked. Source: spec/ui-backends.md §4.2."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from app.errors import CallboardError, InputError, NotAllowedError, NotFoundError
from app.interfaces import Principal
from app.schema import Schema, SchemaProblem

Json = dict[str, Any]
Run = Callable[[Mapping[str, Any], Principal], Awaitable[Json]]
PLUGIN = "catalog"


class ZodError(CallboardError):
    """What is wrong with an action's input, as the reference's checks put it."""

    name: ClassVar[str] = "ZodError"


@dataclass(frozen=True)
class Action:
    """`input` and `output` are JSON Schemas, draft-07. An action that is not read-only counts as destructive unless
    it says otherwise."""

    name: str
    title: str
    description: str
    input: Json
    output: Json
    run: Run
    read_only: bool = False
    idempotent: bool = False
    destructive: bool | None = None
    examples: tuple[Json, ...] = field(default=())

    @property
    def id(self) -> str:
        return f"{PLUGIN}:{self.name}"

    @cached_property
    def accepts(self) -> Schema:
        return Schema(self.input)

    def wire(self) -> Json:
        listed: Json = {
            "id": self.id,
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "pluginId": PLUGIN,
            "attributes": {
                "destructive": not self.read_only if self.destructive is None else self.destructive,
                "idempotent": self.idempotent,
                "readOnly": self.read_only,
            },
            "schema": {"input": self.input, "output": self.output},
        }
        if self.examples:
            listed["examples"] = list(self.examples)
        return listed


class ActionRegistry:
    def __init__(self, actions: Iterable[Action]) -> None:
        self._actions = {action.id: action for action in actions}

    def list(self, caller: Principal) -> list[Json]:
        _refuse_nobody(caller)
        return [action.wire() for action in self._actions.values()]

    async def invoke(self, action_id: str, given: Any, caller: Principal) -> Json:
        """The action's output.

        Raises:
            NotAllowedError: nobody is calling. NotFoundError: there is no such action. InputError: it takes no such
                input. And what the action itself raises.
        """
        _refuse_nobody(caller)
        action = self._actions.get(action_id)
        if action is None:
            raise NotFoundError(f'Action "{action_id}" not found')
        problems = action.accepts.errors(given)
        if problems:
            issues = [_issue(problem) for problem in problems]
            words = ", ".join(f"{'.'.join(map(str, issue['path'])) or 'input'}: {issue['message']}" for issue in issues)
            cause = ZodError(json.dumps(issues, indent=2, ensure_ascii=False), extra={"issues": issues})
            error = InputError(f'Invalid input to action "{action_id}": {words}')
            error.cause = cause
            raise error
        return await action.run(given, caller)


def _refuse_nobody(caller: Principal) -> None:
    if caller.kind == "none":
        raise NotAllowedError("Actions must be invoked by a user or service")


def _issue(problem: SchemaProblem) -> Json:
    """A problem as zod reports it; by its own keyword where zod has no word for it."""
    path: list[str | int] = [
        int(part) if part.isdecimal() else part.replace("~1", "/").replace("~0", "~")
        for part in problem.path.split("/")[1:]
    ]
    if problem.keyword == "required":
        name = problem.params["missingProperty"]
        # Every required member of our inputs is a text.
        return {
            "code": "invalid_type",
            "expected": "string",
            "received": "undefined",
            "path": [*path, name],
            "message": "Required",
        }
    if problem.keyword == "type":
        return {"code": "invalid_type", "expected": problem.params["type"], "path": path, "message": problem.message}
    return {"code": problem.keyword, "path": path, "message": problem.message}
