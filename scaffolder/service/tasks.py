"""Tasks, as a caller may make, see and stop them. Source: spec/scaffolder.md §1.3 to §1.8."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Literal

from app.errors import InputError
from app.interfaces import Principal
from catalog.model.refs import ref_of
from scaffolder.interfaces import Task, TaskEvent, Tasks
from scaffolder.permissions.gate import Gate
from scaffolder.permissions.permissions import TASK_CANCEL, TASK_CREATE, TASK_READ
from scaffolder.service import audit
from scaffolder.service.templates import Entity, Templates, base_url, task_spec, template_ref
from scaffolder.service.values import check_secrets, check_values
from scaffolder.workflow.seam import recover_strategy

Json = Any
Order = tuple[str, Literal["asc", "desc"]]
ORDER_FIELDS: Final = ("created_at", "status", "created_by")
NEWEST_FIRST: Final[Sequence[Order]] = (("created_at", "desc"),)


def parse_order(text: str) -> Order:
    """`asc:created_at`. Raises InputError."""
    direction, colon, name = text.partition(":")
    if not colon or direction not in ("asc", "desc") or not name:
        raise InputError(f'Invalid order parameter "{text}", expected "<asc or desc>:<field name>"')
    if name not in ORDER_FIELDS:
        raise InputError(f'Invalid order field "{name}"')
    return name, "asc" if direction == "asc" else "desc"


def task_document(task: Task) -> dict[str, Json]:
    """A task on the wire. Source: §1.4."""
    shown = {
        "id": task.id,
        "spec": task.spec,
        "status": task.status,
        "createdAt": task.created_at,
        "lastHeartbeatAt": task.last_heartbeat_at,
        "createdBy": task.created_by,
    }
    return {key: value for key, value in shown.items() if value is not None}


def event_document(event: TaskEvent, *, recoverable: bool) -> dict[str, Json]:
    """An event on the wire. Source: §1.8."""
    return {
        "id": event.id,
        "isTaskRecoverable": recoverable,
        "taskId": event.task_id,
        "body": event.body,
        "type": event.type,
        "createdAt": event.created_at,
    }


def is_recoverable(task: Task) -> bool:
    return recover_strategy(task.spec) == "startOver"


class AuthorizedTasks:
    """`Tasks` behind the policy, and with records of who did what."""

    def __init__(self, tasks: Tasks, templates: Templates, gate: Gate) -> None:
        self._tasks, self._templates, self._gate = tasks, templates, gate

    async def create(
        self, ref: str, values: Mapping[str, Json], secrets: Mapping[str, str], caller: Principal, token: str | None
    ) -> str:
        """Gives the new task's id. Raises InvalidValuesError beside the usual errors."""
        with audit.audited("task", caller, medium=True, actionType="create", templateRef=ref) as meta:
            wanted = template_ref(ref)
            # In the reference's order, which decides between several answers: who may start no task is told nothing of
            # templates. Source: §1.3.
            await self._gate.require(TASK_CREATE, caller)
            user = await self.user(caller)
            template = await self._templates.by_ref(wanted, caller)
            readable = await self._templates.readable(template, caller)
            check_values(readable, values)
            check_secrets(readable, secrets)
            spec = task_spec(readable, values, user, ref=ref_of(template), url=base_url(template))
            meta["taskId"] = task_id = await self._tasks.dispatch(spec, secrets=secrets, initiator=caller, token=token)
            return task_id

    async def user(self, caller: Principal) -> dict[str, Json]:
        """What templates see of who started a task; nothing of a service."""
        if caller.kind != "user":
            return {}
        entity = await self._templates.entity(caller.subject.lower(), caller)
        return {"ref": caller.subject} if entity is None else {"entity": entity, "ref": caller.subject}

    async def find(
        self,
        caller: Principal,
        *,
        created_by: Sequence[str],
        status: Sequence[str],
        order: Sequence[Order],
        limit: int | None,
        offset: int | None,
        after: str | None = None,
    ) -> tuple[list[Task], int]:
        with audit.audited("task", caller, actionType="list"):
            visible = await self._gate.visible_tasks(caller)
            return await self._tasks.find(
                created_by=created_by,
                status=status,
                order=order,
                limit=limit,
                offset=offset,
                after=after,
                visible=visible,
            )

    async def get(self, task_id: str, caller: Principal) -> Task:
        with audit.audited("task", caller, actionType="get", taskId=task_id):
            return await self._readable(task_id, caller)

    async def cancel(self, task_id: str, caller: Principal) -> None:
        with audit.audited("task", caller, medium=True, actionType="cancel", taskId=task_id):
            task = await self._tasks.get(task_id)
            await self._gate.require_task(TASK_CANCEL, caller, task)
            await self._gate.require_task(TASK_READ, caller, task)
            await self._tasks.cancel(task_id)

    async def retry(self, task_id: str, secrets: Mapping[str, str], caller: Principal, token: str | None) -> None:
        """Raises ConflictError for a task that has not ended, and InvalidValuesError."""
        with audit.audited("task", caller, medium=True, actionType="retry", taskId=task_id):
            # As the reference has it: first whether there is one.
            task = await self._tasks.get(task_id)
            await self._gate.require(TASK_CREATE, caller)
            await self._gate.require_task(TASK_READ, caller, task)
            template = await self._template_of(task, caller)
            if template is not None:
                check_secrets(template, secrets)
            await self._tasks.retry(task_id, secrets=secrets, initiator=caller, token=token)

    async def followed(self, task_id: str, caller: Principal, action: str) -> Task:
        """The task whose events are about to be read."""
        with audit.audited("task", caller, actionType=action, taskId=task_id):
            return await self._readable(task_id, caller)

    def events(self, task_id: str, after: int | None) -> AsyncIterator[list[TaskEvent]]:
        """Batches of events; ask `followed` first."""
        return self._tasks.follow(task_id, after=after)

    async def _readable(self, task_id: str, caller: Principal) -> Task:
        task = await self._tasks.get(task_id)
        await self._gate.require_task(TASK_READ, caller, task)
        return task

    async def _template_of(self, task: Task, caller: Principal) -> Entity | None:
        ref = (task.spec.get("templateInfo") or {}).get("entityRef")
        if not isinstance(ref, str):
            return None
        return await self._templates.readable(await self._templates.by_ref(template_ref(ref), caller), caller)
