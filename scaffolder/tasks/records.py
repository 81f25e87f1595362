"""Tasks and events as others see them: stored, listed, cancelled, retried. Source: spec/scaffolder.md §1.3–1.8."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal
from uuid import uuid4

from app.errors import ConflictError, InputError, NotFoundError
from app.interfaces import Database, Transaction
from app.together import Together
from scaffolder.interfaces import Task, TaskEvent
from scaffolder.tasks.encoding import CANCEL_CHANNEL, EVENT_CHANNEL, NOW, OPEN_CHANNEL, from_json, iso, to_json
from scaffolder.workflow.seam import recover_strategy

_COLUMNS: Final = "id, spec, status, created_at, last_heartbeat_at, created_by, n"
_CURSOR: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_ORDERS: Final = frozenset({"created_at", "status", "created_by"})
_New = tuple[str, str, str | None, bytes | None]
"""A task that is to be stored: its id, its spec, who made it, its sealed secrets."""
RETRIABLE: Final = ("cancelled", "completed", "failed", "skipped")


class TaskRecords:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._now = NOW[database.dialect]
        self._insert = Together(self._insert_all)

    async def create(self, spec: Mapping[str, Any], created_by: str | None, seal: Callable[[str], bytes | None]) -> str:
        """Store an open task and tell the workers. `seal(task_id)` gives its sealed secrets."""
        task_id = str(uuid4())
        return await self._insert((task_id, to_json(spec), created_by, seal(task_id)))

    async def _insert_all(self, rows: Sequence[_New]) -> Sequence[str]:
        async with self._database.write() as transaction:
            await transaction.execute_many(
                "INSERT INTO scaffolder_task (id, spec, status, created_by, secrets, created_at)"  # noqa: S608 - constants
                f" VALUES (?, ?, 'open', ?, ?, {self._now})",
                rows,
            )
            await transaction.notify(OPEN_CHANNEL)
        return [task_id for task_id, *_ in rows]

    async def get(self, task_id: str) -> Task:
        rows = await self._database.read(f"SELECT {_COLUMNS} FROM scaffolder_task WHERE id = ?", task_id)  # noqa: S608
        if not rows:
            raise _unknown(task_id)
        return _task(rows[0])

    async def find(
        self,
        *,
        created_by: Sequence[str],
        status: Sequence[str],
        order: Sequence[tuple[str, Literal["asc", "desc"]]],
        limit: int | None,
        offset: int | None,
        after: str | None,
        visible: Mapping[str, Any] | None,
    ) -> tuple[list[Task], int]:
        for field, direction in order:
            if field not in _ORDERS or direction not in ("asc", "desc"):
                raise InputError(f'Invalid order field "{field}"')
        last = order[-1][1]
        where, params = ["1 = 1"], list[Any]()
        for column, values in (("created_by", created_by), ("status", status)):
            if values:
                where.append(self._database.any_of(column, "text"))
                params.append(self._database.array(list(values)))
        if visible is not None:
            where.append(self._criteria(visible, params))
        condition = " AND ".join(where)
        count = await self._database.read(f"SELECT COUNT(*) FROM scaffolder_task WHERE {condition}", *params)  # noqa: S608
        page: list[int] = [2**62 if limit is None else limit, offset or 0]
        if after is not None:
            condition += f" AND (created_at, n) {'<' if last == 'desc' else '>'} (?, ?)"
            page = [*_place(after, order), *page]
        rows = await self._database.read(
            f"SELECT {_COLUMNS} FROM scaffolder_task WHERE {condition}"  # noqa: S608 - names are checked above
            f" ORDER BY {', '.join(f'{field} {direction}' for field, direction in order)}, n {last} LIMIT ? OFFSET ?",
            *params,
            *page,
        )
        return [_task(row) for row in rows], int(count[0][0])

    def _criteria(self, tree: Mapping[str, Any], params: list[Any]) -> str:
        """SQL of a tree of `allOf`, `anyOf`, `not` over `{key: "created_by", values}`. Raises InputError."""
        if "allOf" in tree:
            return "(" + " AND ".join(["1 = 1", *(self._criteria(one, params) for one in tree["allOf"])]) + ")"
        if "anyOf" in tree:
            return "(" + " OR ".join(["1 = 0", *(self._criteria(one, params) for one in tree["anyOf"])]) + ")"
        if "not" in tree:
            return f"NOT {self._criteria(tree['not'], params)}"
        if tree.get("key") != "created_by":
            raise InputError(f'Tasks cannot be filtered by "{tree.get("key")}"')
        params.append(self._database.array([value for value in tree.get("values") or () if isinstance(value, str)]))
        # Tasks of nobody fulfil no such condition, and every negated one.
        return f"(created_by IS NOT NULL AND {self._database.any_of('created_by', 'text')})"

    async def cancel(self, task_id: str) -> tuple[int, dict[str, Any]]:
        """Wish that a task stop; gives the event. Its status is the worker's to change. Source: §1.6."""
        async with self._database.write() as transaction:
            touched = await transaction.execute(
                "UPDATE scaffolder_task SET secrets = NULL, cancelled = 1 WHERE id = ?", task_id
            )
            if not touched:
                raise _unknown(task_id)
            body = await self._cancelled_body(transaction, task_id)
            event = await self._add_event(transaction, task_id, "cancelled", body)
            await transaction.notify(CANCEL_CHANNEL, task_id)
            await transaction.notify(EVENT_CHANNEL, task_id)
        return event, body

    async def _cancelled_body(self, transaction: Transaction, task_id: str) -> dict[str, Any]:
        step: Any = 0
        for (body,) in await transaction.fetch(
            "SELECT body FROM scaffolder_task_event WHERE task_id = ? ORDER BY id DESC LIMIT 1000", task_id
        ):
            found = from_json(body).get("stepId")
            if found is not None:
                step = found
                break
        return {"message": f"Step {step} has been cancelled.", "stepId": step, "status": "cancelled"}

    async def retry(self, task_id: str, sealed: bytes) -> tuple[int, dict[str, Any]]:
        """Open a task again that has ended; gives the event. Its steps are run anew, its checkpoints hold.

        Source: §1.7.
        """
        async with self._database.write() as transaction:
            opened = await transaction.execute(
                "UPDATE scaffolder_task SET status = 'open', secrets = ?, cancelled = 0, attempt = 1, lease = NULL,"  # noqa: S608
                f" lease_until = NULL, ended_at = NULL, last_heartbeat_at = {self._now}"
                f" WHERE id = ? AND {self._database.any_of('status', 'text')}",
                sealed,
                task_id,
                self._database.array(RETRIABLE),
            )
            rows = await transaction.fetch("SELECT spec FROM scaffolder_task WHERE id = ?", task_id)
            if not rows:
                raise _unknown(task_id)
            if not opened:
                raise ConflictError(f"Task with taskId {task_id} cannot be retried")
            await transaction.execute(
                "DELETE FROM scaffolder_task_event WHERE task_id = ? AND type IN ('cancelled', 'completion')", task_id
            )
            for table in ("step", "workspace"):
                await transaction.execute(f"DELETE FROM scaffolder_task_{table} WHERE task_id = ?", task_id)  # noqa: S608
            body = {"recoverStrategy": recover_strategy(from_json(rows[0][0]))}
            event = await self._add_event(transaction, task_id, "recovered", body)
            await transaction.notify(OPEN_CHANNEL)
            await transaction.notify(EVENT_CHANNEL, task_id)
        return event, body

    async def _add_event(self, transaction: Transaction, task_id: str, kind: str, body: Mapping[str, Any]) -> int:
        """Gives the event's id."""
        rows = await transaction.fetch(
            "INSERT INTO scaffolder_task_event (task_id, type, body, created_at)"  # noqa: S608 - constants
            f" VALUES (?, ?, ?, {self._now}) RETURNING id",
            task_id,
            kind,
            to_json(body),
        )
        return int(rows[0][0])

    async def events(self, task_id: str, after: int | None = None) -> list[TaskEvent]:
        """Stored events, oldest first: those after an id, and completions whatever their id. Source: §1.8."""
        rows = await self._database.read(
            "SELECT id, type, body, created_at FROM scaffolder_task_event"
            " WHERE task_id = ? AND (id > ? OR type = 'completion') ORDER BY id",
            task_id,
            -1 if after is None else after,
        )
        return [TaskEvent(event_id, task_id, kind, from_json(body), iso(at)) for event_id, kind, body, at in rows]


def visible_events(events: Sequence[TaskEvent]) -> list[TaskEvent]:
    """What is left when everything before a start-over is forgotten; nothing if that is the last event."""
    for index in range(len(events) - 1, -1, -1):
        if events[index].type == "recovered":
            if events[index].body.get("recoverStrategy") != "startOver":
                break
            return [] if index == len(events) - 1 else list(events[index:])
    return list(events)


def _task(row: tuple[Any, ...]) -> Task:
    task_id, spec, status, created_at, heartbeat, created_by, n = row
    beat = None if heartbeat is None else iso(heartbeat)
    return Task(task_id, from_json(spec), status, iso(created_at), beat, created_by, f"{created_at}-{n}")


def _place(cursor: str, order: Sequence[tuple[str, str]]) -> tuple[int, int]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InputError("Malformed cursor")
    if [field for field, _ in order] != ["created_at"]:
        raise InputError("A cursor goes with an order by created_at")
    return int(found[1]), int(found[2])


def _unknown(task_id: str) -> NotFoundError:
    return NotFoundError(f"No task with id '{task_id}' found")
