"""The port `scaffolder.interfaces.Tasks`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal

from app.interfaces import Database, Events, Principal
from scaffolder.interfaces import Task, TaskEvent
from scaffolder.secrets.sealing import Seal
from scaffolder.tasks.feed import Feeds
from scaffolder.tasks.initiator import stored_secrets
from scaffolder.tasks.records import TaskRecords, visible_events
from scaffolder.tasks.telling import Telling


class DurableTasks:
    """See `scaffolder.interfaces.Tasks`. `seal` is asked for when it is first needed."""

    def __init__(self, database: Database, seal: Seal, events: Events | None = None) -> None:
        self._records = TaskRecords(database)
        self._feeds = Feeds(database, self._records)
        self._seal, self._telling = seal, Telling(events)

    async def dispatch(
        self, spec: Mapping[str, Any], *, secrets: Mapping[str, str], initiator: Principal, token: str | None
    ) -> str:
        kept = stored_secrets(secrets, initiator, token)
        created_by = initiator.subject if initiator.kind == "user" else None
        task_id = await self._records.create(spec, created_by, lambda task: self._seal.close(kept, task))
        await self._telling.publish({"id": task_id, "spec": spec, "createdBy": created_by, "status": "open"})
        return task_id

    async def get(self, task_id: str) -> Task:
        return await self._records.get(task_id)

    async def find(
        self,
        *,
        created_by: Sequence[str] = (),
        status: Sequence[str] = (),
        order: Sequence[tuple[str, Literal["asc", "desc"]]] = (("created_at", "desc"),),
        limit: int | None = None,
        offset: int | None = None,
        after: str | None = None,
        visible: Mapping[str, Any] | None = None,
    ) -> tuple[list[Task], int]:
        return await self._records.find(
            created_by=created_by, status=status, order=order, limit=limit, offset=offset, after=after, visible=visible
        )

    async def cancel(self, task_id: str) -> None:
        event, body = await self._records.cancel(task_id)
        await self._telling.publish({"id": event, "taskId": task_id, "status": "cancelled", "body": body})

    async def retry(self, task_id: str, *, secrets: Mapping[str, str], initiator: Principal, token: str | None) -> None:
        kept = stored_secrets(secrets, initiator, token)
        event, body = await self._records.retry(task_id, self._seal.close(kept, task_id))
        await self._telling.publish({"id": event, "taskId": task_id, "status": "open", "body": body})

    async def events(self, task_id: str, *, after: int | None = None) -> list[TaskEvent]:
        return visible_events(await self._records.events(task_id, after))

    def follow(self, task_id: str, *, after: int | None = None) -> AsyncIterator[list[TaskEvent]]:
        return self._feeds.follow(task_id, after)

    async def close(self) -> None:
        await self._feeds.close()
