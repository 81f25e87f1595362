"""What running tasks write: log lines, steps, checkpoints, their ends. All tasks of a process share transactions.

Nothing is written for a task whose lease is not held any more.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from app.errors import ServiceUnavailableError
from app.interfaces import Database, Transaction
from scaffolder.secrets.sealing import Seal
from scaffolder.tasks.encoding import EVENT_CHANNEL, NOW, from_json, to_json
from scaffolder.tasks.queue import Claim, TaskQueue
from scaffolder.workflow.seam import Json, LeaseLostError, StepStatus

log = logging.getLogger(__name__)

MAX_PENDING: Final = 5_000
"""Entries that may wait to be written before whoever logs has to wait."""
_BATCH: Final = 2_000
_AGAIN_S: Final = (0.1, 2.0)
_CLOSING_S: Final = 2.0
_NOTIFIED: Final = 100
"""Task ids in one notification: PostgreSQL takes 8000 bytes."""

Step = tuple[Literal["started", "completed", "failed"], str, str | None]


@dataclass(slots=True)
class _Entry:
    claim: Claim
    body: str | None = None
    step: Step | None = None
    checkpoint: tuple[str, str, str] | None = None
    workspace: bytes | None = None
    end: tuple[str, Mapping[str, Json]] | None = None
    stored: bool = True
    """Its workspace may be in the database."""
    written: asyncio.Future[None] | None = None


@dataclass(slots=True)
class _Rows:
    events: list[tuple[str, str, str]] = field(default_factory=list)
    steps: list[tuple[Any, ...]] = field(default_factory=list)
    checkpoints: list[tuple[Any, ...]] = field(default_factory=list)
    workspaces: dict[str, bytes] = field(default_factory=dict)
    cleared: list[str] = field(default_factory=list)
    """Tasks whose workspaces are of no use any more."""
    ends: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """By task: status, id, lease."""


class Journal:
    """Writes entries in their order, as many at once as have come together while the last were written."""

    def __init__(self, database: Database, queue: TaskQueue) -> None:
        self._database, self._queue = database, queue
        self._pending: list[_Entry] = []
        self._lost: set[str] = set()
        self._writing: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._room.set()
        now = NOW[database.dialect]
        self._insert_event = (
            f"INSERT INTO scaffolder_task_event (task_id, type, body, created_at) VALUES (?, ?, ?, {now})"  # noqa: S608
        )
        self._lock = " FOR UPDATE" if database.dialect == "postgresql" else ""

    async def add(self, entry: _Entry, *, wait: bool = False) -> None:
        """Raises LeaseLostError: at once for what waits, later for what does not."""
        if entry.claim.lease in self._lost:
            raise LeaseLostError
        await self._room.wait()
        if wait:
            entry.written = asyncio.get_running_loop().create_future()
        self._pending.append(entry)
        if len(self._pending) >= MAX_PENDING:
            self._room.clear()
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all(), name="scaffolder-journal")
        if entry.written is not None:
            await entry.written

    def forget(self, claim: Claim) -> None:
        """The lease is gone: drop what waits to be written, and refuse the rest."""
        self._lost.add(claim.lease)
        for entry in self._pending:
            if entry.claim.lease == claim.lease and entry.written is not None and not entry.written.done():
                entry.written.set_exception(LeaseLostError())
        self._pending = [entry for entry in self._pending if entry.claim.lease != claim.lease]

    def ended(self, claim: Claim) -> None:
        """Nothing more will come for this claim."""
        self._lost.discard(claim.lease)

    async def close(self) -> None:
        """Give up on what cannot be written within a moment."""
        if self._writing is not None and not self._writing.done():
            await asyncio.wait({self._writing}, timeout=_CLOSING_S)
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing

    async def _write_all(self) -> None:
        delay = _AGAIN_S[0]
        while self._pending:
            batch: list[_Entry] = []
            try:
                async with self._database.write() as transaction:
                    # Taken as late as can be: what has come while the transaction began goes along.
                    batch, self._pending = self._pending[:_BATCH], self._pending[_BATCH:]
                    held = await self._write(transaction, batch)
            except ServiceUnavailableError as error:
                # Nothing is lost: the same entries again, as long as the leases hold.
                log.warning("task events wait to be written: %s", error)
                self._pending = [entry for entry in batch if entry.claim.lease not in self._lost] + self._pending
                await asyncio.sleep(delay)
                delay = min(delay * 2, _AGAIN_S[1])
                continue
            except Exception as error:
                log.exception("task events cannot be written")
                if not batch:
                    # Not even begun, which will be no better next time.
                    batch, self._pending = self._pending, []
                self._refuse(batch, error)
                continue
            delay = _AGAIN_S[0]
            self._settle(batch, held)
            if len(self._pending) < MAX_PENDING:
                self._room.set()
        self._room.set()

    def _refuse(self, batch: list[_Entry], error: Exception) -> None:
        for entry in batch:
            if entry.written is not None and not entry.written.done():
                entry.written.set_exception(error)

    def _settle(self, batch: list[_Entry], held: set[str]) -> None:
        for entry in batch:
            lease = entry.claim.lease
            if lease not in held:
                self._lost.add(lease)
            if entry.written is None or entry.written.done():
                continue
            if lease in held:
                entry.written.set_result(None)
            else:
                entry.written.set_exception(LeaseLostError())

    async def _write(self, transaction: Transaction, batch: list[_Entry]) -> set[str]:
        """Gives the leases that are held and so were written for."""
        leases = sorted({entry.claim.lease for entry in batch})
        rows = await transaction.fetch(
            "SELECT lease FROM scaffolder_task WHERE status = 'processing'"  # noqa: S608 - constants
            f" AND {self._database.any_of('lease', 'text')} ORDER BY n{self._lock}",
            self._database.array(leases),
        )
        held = {lease for (lease,) in rows}
        collected = _Rows()
        notified: dict[str, None] = {}
        for entry in batch:
            if entry.claim.lease not in held:
                continue
            task_id = entry.claim.task_id
            if entry.body is not None:
                collected.events.append((task_id, "log", entry.body))
                notified[task_id] = None
            if entry.step is not None:
                status, step_id, output = entry.step
                collected.steps.append((task_id, step_id, status, output, int(status == "started")))
            if entry.checkpoint is not None:
                collected.checkpoints.append((task_id, *entry.checkpoint))
            if entry.workspace is not None:
                collected.workspaces[task_id] = entry.workspace
            if entry.end is not None and task_id not in collected.ends:
                # The row is locked and the lease held: this entry ends the task.
                ending, body = entry.end
                collected.ends[task_id] = (ending, task_id, entry.claim.lease)
                if entry.stored:
                    collected.cleared.append(task_id)
                collected.events.append((task_id, "completion", to_json(body)))
                notified[task_id] = None
        await self._insert(transaction, collected)
        ids = list(notified)
        for start in range(0, len(ids), _NOTIFIED):
            await transaction.notify(EVENT_CHANNEL, ",".join(ids[start : start + _NOTIFIED]))
        return held

    async def _insert(self, transaction: Transaction, rows: _Rows) -> None:
        if rows.events:
            await transaction.execute_many(self._insert_event, rows.events)
        if rows.steps:
            await transaction.execute_many(
                "INSERT INTO scaffolder_task_step (task_id, step_id, status, output, runs) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (task_id, step_id) DO UPDATE SET status = excluded.status, output = excluded.output,"
                " runs = scaffolder_task_step.runs + excluded.runs",
                rows.steps,
            )
        if rows.checkpoints:
            await transaction.execute_many(
                "INSERT INTO scaffolder_task_checkpoint (task_id, step_id, key, value) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (task_id, step_id, key) DO UPDATE SET value = excluded.value",
                rows.checkpoints,
            )
        if rows.workspaces:
            await transaction.execute_many(
                "INSERT INTO scaffolder_task_workspace (task_id, content) VALUES (?, ?)"
                " ON CONFLICT (task_id) DO UPDATE SET content = excluded.content",
                rows.workspaces.items(),
            )
        if rows.cleared:
            await transaction.execute(
                f"DELETE FROM scaffolder_task_workspace WHERE {self._database.any_of('task_id', 'text')}",  # noqa: S608
                self._database.array(rows.cleared),
            )
        if rows.ends:
            await transaction.execute_many(self._queue.end_sql, rows.ends.values())


class TaskJournal:
    """The Sink and the StepState of one claimed task. See `scaffolder.workflow.seam`.

    What actions put out and what checkpoints give may hold secrets, so it is sealed. `snapshot` gives the packed
    workspace, where that is to be stored as well.
    """

    def __init__(self, journal: Journal, claim: Claim, seal: Seal) -> None:
        self._journal, self._claim, self._seal = journal, claim, seal
        self.snapshot: Callable[[], Awaitable[bytes | None]] | None = None
        self._completed: dict[str, Mapping[str, Json]] = {}
        self._failures: dict[str, Mapping[str, str]] = {}
        self._interrupted: str | None = None
        self._checkpoints: dict[str, dict[str, Json]] = defaultdict(dict)
        self.draining = False
        """True: no further step may begin here."""

    async def load(self, database: Database) -> None:
        """What earlier attempts have left."""
        if self._claim.attempt == 1:
            return
        task_id = self._claim.task_id
        for step_id, status, output in await database.read(
            "SELECT step_id, status, output FROM scaffolder_task_step WHERE task_id = ?", task_id
        ):
            if status == "completed":
                self._completed[step_id] = self._opened(output)
            elif status == "failed":
                self._failures[step_id] = from_json(output or "{}")
            elif status == "started":
                self._interrupted = step_id
        for step_id, key, value in await database.read(
            "SELECT step_id, key, value FROM scaffolder_task_checkpoint WHERE task_id = ?", task_id
        ):
            self._checkpoints[step_id][key] = self._opened(value)

    async def log(self, message: str, *, step_id: str | None = None, status: StepStatus | None = None) -> None:
        body: dict[str, Json] = {"message": message}
        if step_id is not None:
            body["stepId"] = step_id
        if status is not None:
            body["status"] = status
        await self._journal.add(_Entry(self._claim, body=to_json(body)))

    def completed(self) -> Mapping[str, Mapping[str, Json]]:
        return self._completed

    def failures(self) -> Mapping[str, Mapping[str, str]]:
        return self._failures

    def interrupted(self) -> str | None:
        return self._interrupted

    async def begin(self, step_id: str) -> None:
        if self.draining:
            raise LeaseLostError
        await self._journal.add(_Entry(self._claim, step=("started", step_id, None)), wait=True)

    async def complete(self, step_id: str, output: Mapping[str, Json]) -> None:
        # Not waited for: the next step's beginning, or the task's end, is written after it.
        content = None if self.snapshot is None else await self.snapshot()
        done: Step = ("completed", step_id, self._sealed(to_json(output)))
        await self._journal.add(_Entry(self._claim, step=done, workspace=content))

    async def failed(self, step_id: str, error: Mapping[str, str]) -> None:
        await self._journal.add(_Entry(self._claim, step=("failed", step_id, to_json(error))))

    def checkpoints(self, step_id: str) -> Mapping[str, Json]:
        return self._checkpoints[step_id]

    async def checkpoint(self, step_id: str, key: str, value: Json) -> None:
        text = to_json(value)
        await self._journal.add(_Entry(self._claim, checkpoint=(step_id, key, self._sealed(text))), wait=True)
        self._checkpoints[step_id][key] = from_json(text)

    def _sealed(self, text: str) -> str:
        return self._seal.close_text(text, self._claim.task_id)

    def _opened(self, sealed: str) -> Json:
        return from_json(self._seal.open_text(sealed, self._claim.task_id))

    async def end(self, status: Literal["completed", "failed"], body: Mapping[str, Json]) -> None:
        """Returns once the task has ended. Raises LeaseLostError: it already had, or belongs to another."""
        # Only earlier attempts, or this one, have stored any.
        stored = self._claim.attempt > 1 or self.snapshot is not None
        await self._journal.add(_Entry(self._claim, end=(status, body), stored=stored), wait=True)
