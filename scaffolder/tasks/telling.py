"""Who is told of a task's life besides its watchers: the event bus and the audit log.

Source: spec/scaffolder.md §3.8, §3.9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from app.interfaces import Event, Events, Principal
from scaffolder.service import audit
from scaffolder.tasks.encoding import iso
from scaffolder.tasks.queue import Claim

TOPIC: Final = "scaffolder.task"


class Telling:
    """`parameter_length`: how much of a parameter's text the audit log holds; negative: all of it."""

    def __init__(self, events: Events | None = None, *, parameter_length: int = audit.MAX_PARAMETER) -> None:
        self._events, self._parameter_length = events, parameter_length

    async def publish(self, payload: Mapping[str, Any]) -> None:
        if self._events is not None:
            await self._events.publish(Event(TOPIC, dict(payload)))

    async def stands(self, claim: Claim, status: str) -> None:
        """A task was claimed or has ended. What its steps put out is told to nobody: it may hold secrets."""
        told = {
            "id": claim.task_id,
            "status": status,
            "createdAt": iso(claim.created_at),
            "createdBy": claim.created_by,
            "lastHeartbeatAt": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        await self.publish({key: value for key, value in told.items() if value is not None})

    @contextmanager
    def execution(self, claim: Claim, initiator: Principal) -> Iterator[None]:
        """The audit records of one run. Raise within for one that failed."""
        with audit.audited(
            "task",
            initiator,
            medium=True,
            actionType="execution",
            createdBy=claim.created_by,
            taskId=claim.task_id,
            taskParameters=audit.shortened(claim.spec.get("parameters") or {}, self._parameter_length),
            templateRef=(claim.spec.get("templateInfo") or {}).get("entityRef"),
        ):
            yield

    def closed_as_stale(self, task_ids: Sequence[str], worker: Principal) -> None:
        for task_id in task_ids:
            with audit.audited("task", worker, medium=True, actionType="stale-cancel", taskId=task_id):
                pass
