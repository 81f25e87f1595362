"""What agents and other templates may do with the scaffolder: the `scaffolder:*` actions.

Source: spec/scaffolder.md §5.9, spec/ui-backends.md §4.2.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from app.errors import InputError, NotAllowedError
from app.interfaces import ActionInvocation, Principal, RegisteredAction
from catalog.interfaces import Entity
from scaffolder.actions.yaml_read import yaml_documents
from scaffolder.interfaces import Action, Tasks
from scaffolder.permissions.gate import Gate
from scaffolder.permissions.permissions import DRY_RUN, PLUGIN, TASK_CREATE
from scaffolder.service import audit
from scaffolder.service.dry_run import DryRun, DryRuns, GivenFile
from scaffolder.service.listing import action_documents
from scaffolder.service.tasks import NEWEST_FIRST, AuthorizedTasks, task_document

Json = dict[str, Any]
DRAFT: Final = "http://json-schema.org/draft-07/schema#"
MAX_LIMIT: Final = 1000
MAX_FILE_BYTES: Final = 64 * 1024
"""Of a file's content as an answer shows it."""
TOO_LARGE: Final = "<file too large>"

_TEXT: Final[Json] = {"type": "string"}
_RECORD: Final[Json] = {"type": "object", "additionalProperties": {}}
_COUNT: Final[Json] = {"type": "integer", "minimum": 0}


class Services(Protocol):
    """What the actions stand on; looked up when one is invoked."""

    @property
    def gate(self) -> Gate: ...
    @property
    def stored(self) -> Tasks: ...
    @property
    def tasks(self) -> AuthorizedTasks: ...
    @property
    def dry_runs(self) -> DryRuns: ...
    async def actions_for(self, caller: Principal) -> Mapping[str, Action]: ...


class RegistryActions:
    def __init__(self, services: Services) -> None:
        self._services = services

    def all(self) -> list[RegisteredAction]:
        return [
            _reading(
                "list-scaffolder-tasks",
                "List Scaffolder Tasks",
                "Lists the tasks of templates that were run, the newest first. `owned` leaves only the caller's own.",
                {
                    "owned": {"type": "boolean", "description": "Only the caller's tasks. Default: false"},
                    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
                    "offset": _COUNT,
                    "status": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
                },
                (),
                {"tasks": {"type": "array", "items": _RECORD}, "totalTasks": {"type": "number"}},
                self._list_tasks,
            ),
            _reading(
                "get-scaffolder-task-logs",
                "Get Scaffolder Task Logs",
                "Gives the log of a task: what its steps said, and how it ended. `after` leaves out what came before.",
                {"taskId": _TEXT, "after": {**_COUNT, "description": "The id of the last event that is known"}},
                ("taskId",),
                {"events": {"type": "array", "items": _RECORD}},
                self._logs,
            ),
            _reading(
                "list-scaffolder-actions",
                "List Scaffolder Actions",
                "Lists all actions that steps of templates may use, with their schemas and examples.",
                {},
                (),
                {"actions": {"type": "array", "items": _RECORD}},
                self._list_actions,
            ),
            RegisteredAction(
                PLUGIN,
                "execute-template",
                "Execute Scaffolder Template",
                "Runs a template with values, as its form would give them. The answer names the task; its log tells "
                "how it goes.",
                _object(
                    {
                        "templateRef": {**_TEXT, "description": "Such as template:default/python-service"},
                        "values": {**_RECORD, "description": "What the form asks for"},
                        "secrets": {"type": "object", "additionalProperties": _TEXT},
                    },
                    ("templateRef", "values"),
                ),
                _object({"taskId": _TEXT}, ("taskId",)),
                self._execute,
                destructive=True,
            ),
            _reading(
                "dry-run-template",
                "Dry Run Scaffolder Template",
                "Tries a template out without keeping anything: its steps run, or say that they would. Tells of YAML "
                "that cannot be read, and otherwise gives the log, the output and the files that were made.",
                {
                    "templateYaml": {**_TEXT, "description": "The template, as YAML"},
                    "values": _RECORD,
                    "files": {
                        "type": "array",
                        "items": _closed({"path": _TEXT, "content": _TEXT}, ("path", "content")),
                        "description": "Files beside the template",
                    },
                },
                ("templateYaml",),
                {
                    "valid": {"type": "boolean"},
                    "message": _TEXT,
                    "errors": {"type": "array", "items": _TEXT},
                    "log": {"type": "array", "items": _RECORD},
                    "output": _RECORD,
                    "steps": {"type": "array", "items": _RECORD},
                    "files": {"type": "array", "items": _RECORD},
                },
                self._dry_run,
                needed=("valid", "message"),
                visibility=DRY_RUN,
            ),
        ]

    async def _list_tasks(self, call: ActionInvocation) -> Json:
        given, caller = call.input, call.caller
        if given.get("owned") and caller.kind != "user":
            raise NotAllowedError("Only users own tasks")
        status = given.get("status") or ()
        tasks, total = await self._services.tasks.find(
            caller,
            created_by=[caller.subject] if given.get("owned") else (),
            status=[status] if isinstance(status, str) else status,
            order=NEWEST_FIRST,
            limit=given.get("limit"),
            offset=given.get("offset"),
        )
        shown = [{key: one for key, one in task_document(task).items() if key != "createdBy"} for task in tasks]
        return {"tasks": shown, "totalTasks": total}

    async def _logs(self, call: ActionInvocation) -> Json:
        task = await self._services.tasks.followed(call.input["taskId"], call.caller, "events")
        events = await self._services.stored.events(task.id, after=call.input.get("after"))
        return {
            "events": [
                {
                    "id": one.id,
                    "taskId": one.task_id,
                    "createdAt": one.created_at,
                    "type": one.type,
                    "body": dict(one.body),
                }
                for one in events
            ]
        }

    async def _list_actions(self, call: ActionInvocation) -> Json:
        with audit.audited("action-fetch", call.caller):
            found = await self._services.actions_for(call.caller)
            return {"actions": action_documents(found.values())}

    async def _execute(self, call: ActionInvocation) -> Json:
        given = call.input
        secrets = given.get("secrets") or {}
        create = self._services.tasks.create
        task = await create(given["templateRef"], given["values"], secrets, call.caller, call.token)
        return {"taskId": task}

    async def _dry_run(self, call: ActionInvocation) -> Json:
        services, caller, given = self._services, call.caller, call.input
        with audit.audited("task", caller, actionType="dry-run"):
            await services.gate.require(TASK_CREATE, caller)
            await services.gate.require(DRY_RUN, caller)
            try:
                documents = [one for one in yaml_documents(given["templateYaml"]) if one is not None]
            except InputError as error:
                return {"valid": False, "message": "The template is no YAML", "errors": [error.message]}
            if len(documents) != 1:
                said = f"there are {len(documents)} documents, not one"
                return {"valid": False, "message": "The template is no YAML of a template", "errors": [said]}
            template: Entity = documents[0]
            files = [GivenFile(one["path"], one["content"].encode()) for one in given.get("files") or ()]
            result = await services.dry_runs.run(
                DryRun(
                    template,
                    given.get("values") or {},
                    {} if call.token is None else {"backstageToken": call.token},
                    files,
                    await services.tasks.user(caller),
                    caller,
                    await services.gate.actions(caller),
                )
            )
        return {
            "valid": True,
            "message": "The template ran to its end",
            "log": list(result.log),
            "output": dict(result.outcome.output),
            "steps": list(result.steps),
            "files": [{"path": one.path, "content": _shown(one.content)} for one in result.files],
        }


def _shown(content: bytes) -> str:
    return TOO_LARGE if len(content) > MAX_FILE_BYTES else content.decode("utf-8", "replace")


def _closed(properties: Json, required: Sequence[str] = ()) -> Json:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _object(properties: Json, required: Sequence[str] = ()) -> Json:
    return {**_closed(properties, required), "$schema": DRAFT}


def _reading(
    name: str,
    title: str,
    description: str,
    given: Json,
    required: Sequence[str],
    output: Json,
    run: Callable[[ActionInvocation], Awaitable[Json]],
    *,
    needed: Sequence[str] | None = None,
    visibility: Any = None,
) -> RegisteredAction:
    return RegisteredAction(
        PLUGIN,
        name,
        title,
        description,
        _object(given, required),
        _object(output, list(output) if needed is None else needed),
        run,
        read_only=True,
        idempotent=True,
        visibility=visibility,
    )
