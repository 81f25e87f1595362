"""Who works on a task: claims, leases, recovery and time-outs. Each is one conditional UPDATE.

Source: spec/scaffolder.md §3.8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.interfaces import Database, Transaction
from scaffolder.tasks.encoding import EVENT_CHANNEL, NOW, OPEN_CHANNEL, from_json, to_json
from scaffolder.workflow.seam import recover_strategy

STALE: Final = "This task was marked as stale as it exceeded its timeout"
_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that this process may work on until its lease runs out."""

    task_id: str
    lease: str
    spec: Mapping[str, Any]
    sealed: bytes | None
    attempt: int
    cancelled: bool
    created_by: str | None = None
    created_at: int = 0
    """Milliseconds, by the database's clock."""


@dataclass(frozen=True, slots=True)
class Leases:
    """What a heartbeat tells: which leases are still held, and which of their tasks are to stop."""

    held: frozenset[str]
    cancelled: frozenset[str]


def _claims(rows: Sequence[tuple[Any, ...]]) -> list[Claim]:
    """Of what `_claim_sql` gives, in whatever order: the oldest first."""
    return [
        Claim(task_id, lease, from_json(spec), sealed, attempt, bool(cancelled), *created)
        for _, task_id, lease, spec, sealed, attempt, cancelled, *created in sorted(rows)
    ]


class TaskQueue:
    """`lease_ms`: how long a lease holds without a heartbeat."""

    def __init__(self, database: Database, *, lease_ms: int, keep_secrets: bool = True) -> None:
        self._database = database
        self._lease_ms = lease_ms
        self._keep_secrets = keep_secrets
        self._now = NOW[database.dialect]
        self.end_sql = (
            "UPDATE scaffolder_task SET status = ?, secrets = NULL, lease = NULL, lease_until = NULL,"  # noqa: S608
            f" ended_at = {self._now} WHERE id = ? AND status = 'processing' AND lease = ?"
        )
        """The one way into a terminal state, for its status, the task's id and its lease."""
        postgres = database.dialect == "postgresql"
        self._skip = " FOR UPDATE SKIP LOCKED" if postgres else ""
        unique = "gen_random_uuid()::text" if postgres else "lower(hex(randomblob(16)))"
        # MATERIALIZED: looked for once, however the rest is planned.
        self._claim_sql = (
            "WITH found AS MATERIALIZED"  # noqa: S608 - constants
            f" (SELECT n FROM scaffolder_task WHERE status = 'open' ORDER BY n LIMIT ?{self._skip})"
            f" UPDATE scaffolder_task SET status = 'processing', lease = {unique},"
            f" lease_until = {self._now} + ?, last_heartbeat_at = {self._now}, attempt = attempt + 1"
            " WHERE n IN (SELECT n FROM found) AND status = 'open'"
            " RETURNING n, id, lease, spec, secrets, attempt, cancelled, created_by, created_at"
        )
        self._more = False
        """The last claim got all it asked for, so there are probably more."""

    async def claim(self, limit: int) -> list[Claim]:
        """Take up to `limit` open tasks, oldest first. No two callers ever get the same one."""
        if not self._more and not await self._database.read(
            "SELECT 1 FROM scaffolder_task WHERE status = 'open' LIMIT 1"
        ):
            return []
        if self._keep_secrets:
            claims = _claims(await self._database.write_one(self._claim_sql, limit, self._lease_ms))
        else:
            async with self._database.write() as transaction:
                claims = _claims(await transaction.fetch(self._claim_sql, limit, self._lease_ms))
                # Nobody else will ever run these: what is stored can only leak.
                once = [claim.task_id for claim in claims if recover_strategy(claim.spec) != "startOver"]
                await transaction.execute(
                    f"UPDATE scaffolder_task SET secrets = NULL WHERE {self._database.any_of('id', 'text')}",  # noqa: S608
                    self._database.array(once),
                )
        self._more = len(claims) == limit
        return claims

    async def heartbeat(self, leases: Sequence[str]) -> Leases:
        """Prolong leases, by one statement for all tasks of this process."""
        rows = await self._database.write_one(
            f"UPDATE scaffolder_task SET last_heartbeat_at = {self._now}, lease_until = {self._now} + ?"  # noqa: S608
            f" WHERE status = 'processing' AND {self._database.any_of('lease', 'text')} RETURNING lease, cancelled",
            self._lease_ms,
            self._database.array(leases),
        )
        return Leases(frozenset(lease for lease, _ in rows), frozenset(lease for lease, stop in rows if stop))

    async def give_up(self, leases: Sequence[str]) -> None:
        """Let others take over at once what this process can no longer finish."""
        await self._database.write_one(
            "UPDATE scaffolder_task SET lease_until = 0 WHERE status = 'processing'"  # noqa: S608 - constants
            f" AND {self._database.any_of('lease', 'text')}",
            self._database.array(leases),
        )

    async def recover(self, max_attempts: int) -> list[str]:
        """Open tasks again whose worker has gone; those it has gone too often for fail.

        Returns the ids of both.
        """
        lapsed = f"status = 'processing' AND lease_until < {self._now}"
        if not await self._database.read(f"SELECT 1 FROM scaffolder_task WHERE {lapsed} LIMIT 1"):  # noqa: S608
            return []
        async with self._database.write() as transaction:
            rows = await transaction.fetch(
                f"SELECT id, spec, attempt, lease FROM scaffolder_task WHERE {lapsed} ORDER BY n"  # noqa: S608
                f" LIMIT {_BATCH}{self._skip}"
            )
            for task_id, spec_text, attempt, lease in rows:
                spec = from_json(spec_text)
                if attempt >= max_attempts:
                    message = f"The task was given up: its worker stopped {attempt} times while running it"
                    error = {"name": "Error", "message": message}
                    body = {"message": "Run completed with status: failed", "error": error}
                    await self.end(transaction, task_id, lease, "failed", body)
                    continue
                strategy = recover_strategy(spec)
                await transaction.execute(
                    "UPDATE scaffolder_task SET status = 'open', lease = NULL, lease_until = NULL"
                    " WHERE id = ? AND status = 'processing' AND lease = ?",
                    task_id,
                    lease,
                )
                if strategy == "startOver":
                    await transaction.execute("DELETE FROM scaffolder_task_step WHERE task_id = ?", task_id)
                await self.add_event(transaction, task_id, "recovered", {"recoverStrategy": strategy})
            recovered = [row[0] for row in rows]
            if recovered:
                await transaction.notify(EVENT_CHANNEL, ",".join(recovered))
                await transaction.notify(OPEN_CHANNEL)
        return recovered

    async def close_stale(self, timeout_ms: int) -> list[str]:
        """End tasks without a heartbeat for so long that nobody will go on with them. Source: §3.5, §3.8."""
        stale = f"status = 'processing' AND last_heartbeat_at < {self._now} - ?"
        if not await self._database.read(f"SELECT 1 FROM scaffolder_task WHERE {stale} LIMIT 1", timeout_ms):  # noqa: S608
            return []
        async with self._database.write() as transaction:
            rows = await transaction.fetch(
                f"SELECT id, lease FROM scaffolder_task WHERE {stale} ORDER BY n LIMIT {_BATCH}{self._skip}",  # noqa: S608
                timeout_ms,
            )
            for task_id, lease in rows:
                for step_id in await self._unfinished(transaction, task_id):
                    body = {"message": STALE, "stepId": step_id, "status": "failed"}
                    await self.add_event(transaction, task_id, "log", body)
                await self.end(transaction, task_id, lease, "failed", {"message": STALE})
            if rows:
                await transaction.notify(EVENT_CHANNEL, ",".join(row[0] for row in rows))
        return [row[0] for row in rows]

    async def _unfinished(self, transaction: Transaction, task_id: str) -> list[str]:
        rows = await transaction.fetch(
            "SELECT body FROM scaffolder_task_event WHERE task_id = ? AND type = 'log' ORDER BY id", task_id
        )
        status: dict[str, str] = {}
        for (body,) in rows:
            event = from_json(body)
            if "stepId" in event and "status" in event:
                status[event["stepId"]] = event["status"]
        return [step for step, last in status.items() if last == "processing"]

    async def end(
        self, transaction: Transaction, task_id: str, lease: str, status: str, body: Mapping[str, Any]
    ) -> bool:
        """End a task and say so: only for the holder of the lease, and only once."""
        ended = await transaction.execute(self.end_sql, status, task_id, lease)
        if ended:
            await transaction.execute("DELETE FROM scaffolder_task_workspace WHERE task_id = ?", task_id)
            await self.add_event(transaction, task_id, "completion", body)
        return bool(ended)

    async def add_event(self, transaction: Transaction, task_id: str, kind: str, body: Mapping[str, Any]) -> None:
        await transaction.execute(
            f"INSERT INTO scaffolder_task_event (task_id, type, body, created_at) VALUES (?, ?, ?, {self._now})",  # noqa: S608
            task_id,
            kind,
            to_json(body),
        )

    async def ended_among(self, task_ids: Sequence[str]) -> list[str]:
        """Those of the given ids that are tasks which have ended."""
        rows = await self._database.read(
            "SELECT id FROM scaffolder_task WHERE status NOT IN ('open', 'processing')"  # noqa: S608 - constants
            f" AND {self._database.any_of('id', 'text')}",
            self._database.array(task_ids),
        )
        return [task_id for (task_id,) in rows]

    async def prune(self, older_than_ms: int) -> int:
        """Forget tasks that ended so long ago; gives their number, of one batch."""
        async with self._database.write() as transaction:
            rows = await transaction.fetch(
                f"SELECT id FROM scaffolder_task WHERE ended_at < {self._now} - ? AND status NOT IN"  # noqa: S608
                f" ('open', 'processing') ORDER BY ended_at LIMIT {_BATCH}{self._skip}",
                older_than_ms,
            )
            ids = self._database.array([row[0] for row in rows])
            for table in ("event", "step", "checkpoint"):
                await transaction.execute(
                    f"DELETE FROM scaffolder_task_{table} WHERE {self._database.any_of('task_id', 'text')}",  # noqa: S608
                    ids,
                )
            await transaction.execute(
                f"DELETE FROM scaffolder_task WHERE {self._database.any_of('id', 'text')}",  # noqa: S608
                ids,
            )
        return len(rows)
