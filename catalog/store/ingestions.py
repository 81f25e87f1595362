"""How far incremental ingestions are: one open one a provider, its pages, and the refs it has named."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import uuid4

import orjson

if TYPE_CHECKING:
    from app.interfaces import Clock, Database, Transaction

Action = Literal["ingest", "rest", "backoff", "cancel"]
CHANNEL: Final = "catalog_ingestion"
"""Payload: the provider whose next action was changed from outside."""
PAUSE_MS: Final = 24 * 60 * 60 * 1000
"""A provider that was stopped by hand rests so long."""
_OPEN: Final = "open"


@dataclass(frozen=True, slots=True)
class Ingestion:
    """`status` and `next_action` are the reference's words; `next_action_at` is in milliseconds."""

    id: str
    provider: str
    status: str
    next_action: Action
    next_action_at: int
    attempts: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A page that is in the catalog; `cursor` is where the next one begins, `created_at` in milliseconds."""

    id: str
    ingestion_id: str
    sequence: int
    cursor: Any
    created_at: int


@dataclass(frozen=True, slots=True)
class Deleted:
    ingestions: int = 0
    marks: int = 0
    entities: int = 0


class Ingestions:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    # ----------------------------------------------------------------------------------------------- looking

    async def current(self, provider: str) -> Ingestion | None:
        """The open one."""
        rows = await self._database.read(
            "SELECT id, provider, status, next_action, next_action_at, attempts, last_error FROM catalog_ingestion "
            "WHERE provider = ? AND ticket = ?",
            provider,
            _OPEN,
        )
        return Ingestion(*rows[0]) if rows else None

    async def providers(self) -> list[str]:
        """All that have ever begun, by name."""
        rows = await self._database.read("SELECT DISTINCT provider FROM catalog_ingestion ORDER BY provider")
        return [row[0] for row in rows]

    async def marks(self, ingestion: str) -> list[Mark]:
        """The newest first."""
        rows = await self._database.read(
            "SELECT id, ingestion_id, sequence, cursor, created_at FROM catalog_ingestion_mark "
            "WHERE ingestion_id = ? ORDER BY sequence DESC",
            ingestion,
        )
        return [Mark(row[0], row[1], row[2], orjson.loads(row[3]), row[4]) for row in rows]

    async def last_mark(self, ingestion: str) -> Mark | None:
        rows = await self._database.read(
            "SELECT id, ingestion_id, sequence, cursor, created_at FROM catalog_ingestion_mark "
            "WHERE ingestion_id = ? ORDER BY sequence DESC LIMIT 1",
            ingestion,
        )
        return Mark(rows[0][0], rows[0][1], rows[0][2], orjson.loads(rows[0][3]), rows[0][4]) if rows else None

    async def stale(self, provider: str, ingestion: str) -> list[str]:
        """What the catalog holds of a provider that this ingestion has not named."""
        rows = await self._database.read(
            "SELECT r.target_ref FROM catalog_refresh_reference r WHERE r.source_key = ? AND NOT EXISTS "
            "(SELECT 1 FROM catalog_ingestion_entity e WHERE e.ingestion_id = ? AND e.entity_ref = r.target_ref) "
            "ORDER BY r.target_ref",
            provider,
            ingestion,
        )
        return [row[0] for row in rows]

    # ----------------------------------------------------------------------------------------------- going on

    async def begin(self, provider: str) -> Ingestion:
        """A new open ingestion. What finished ones have left goes."""
        new = Ingestion(str(uuid4()), provider, "bursting", "ingest", self.now(), 0, None)
        async with self._database.write() as tx:
            await self._clear_finished(tx, provider)
            await _insert(tx, new)
        return new

    async def update(
        self,
        seen: Ingestion,
        *,
        status: str,
        action: Action,
        at: int,
        attempts: int = 0,
        error: str | None = None,
    ) -> bool:
        """`at` in milliseconds; `error` None leaves the last one. False, and nothing done, where somebody has changed
        it by hand since it was `seen`."""
        async with self._database.write() as tx:
            return bool(
                await tx.execute(
                    "UPDATE catalog_ingestion SET status = ?, next_action = ?, next_action_at = ?, attempts = ?, "
                    "last_error = COALESCE(?, last_error) "
                    "WHERE id = ? AND ticket = ? AND next_action = ? AND next_action_at = ?",
                    status,
                    action,
                    at,
                    attempts,
                    error,
                    seen.id,
                    _OPEN,
                    seen.next_action,
                    seen.next_action_at,
                )
            )

    async def note(self, ingestion: str, error: str) -> None:
        """An error that does not stop it."""
        async with self._database.write() as tx:
            await tx.execute("UPDATE catalog_ingestion SET last_error = ? WHERE id = ?", error, ingestion)

    async def mark(self, ingestion: str, sequence: int, cursor: Any, refs: Collection[str]) -> None:
        """A page is in the catalog."""
        async with self._database.write() as tx:
            await tx.execute(
                "INSERT INTO catalog_ingestion_mark (ingestion_id, sequence, id, cursor, created_at) "
                "VALUES (?, ?, ?, ?, ?)",
                ingestion,
                sequence,
                str(uuid4()),
                orjson.dumps(cursor).decode(),
                self.now(),
            )
            await tx.execute_many(
                "INSERT INTO catalog_ingestion_entity (ingestion_id, entity_ref) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [(ingestion, ref) for ref in sorted(set(refs))],
            )

    async def complete(self, ingestion: str) -> None:
        """Not open any more. Its pages stay until the next one begins."""
        async with self._database.write() as tx:
            await tx.execute(
                "UPDATE catalog_ingestion SET status = 'complete', next_action = 'rest', ticket = id WHERE id = ?",
                ingestion,
            )

    # ----------------------------------------------------------------------------------------------- by hand

    async def hurry(self, provider: str) -> None:
        """The next action comes at once."""
        await self._change(provider, "next_action_at = ?", self.now())

    async def restart(self, provider: str) -> None:
        """The open one is given up, or its rest ended: a new one begins."""
        await self._change(provider, "status = 'canceling', next_action = 'cancel', next_action_at = ?", self.now())

    async def stop(self, provider: str) -> None:
        """Rest for a day."""
        await self._change(
            provider, "status = 'resting', next_action = 'rest', next_action_at = ?", self.now() + PAUSE_MS
        )

    async def purge(self, provider: str) -> Deleted:
        """Forget all ingestions of a provider, and let it rest for a day. Its entities stay."""
        async with self._database.write() as tx:
            deleted = await self._purge(tx, provider)
            await tx.notify(CHANNEL, provider)
        return deleted

    async def purge_all(self) -> Deleted:
        names = await self.providers()
        ingestions = marks = entities = 0
        async with self._database.write() as tx:
            for name in names:
                one = await self._purge(tx, name)
                ingestions, marks, entities = (
                    ingestions + one.ingestions,
                    marks + one.marks,
                    entities + one.entities,
                )
                await tx.notify(CHANNEL, name)
        return Deleted(ingestions, marks, entities)

    async def clear_finished(self, provider: str) -> Deleted:
        """Forget what ingestions have left that are over."""
        async with self._database.write() as tx:
            return await self._clear_finished(tx, provider)

    async def _change(self, provider: str, what: str, at: int) -> None:
        async with self._database.write() as tx:
            await tx.execute(
                f"UPDATE catalog_ingestion SET {what} WHERE provider = ? AND ticket = ?",  # noqa: S608
                at,
                provider,
                _OPEN,
            )
            await tx.notify(CHANNEL, provider)

    async def _purge(self, tx: Transaction, provider: str) -> Deleted:
        deleted = await _delete(tx, "provider = ?", provider)
        await _insert(tx, Ingestion(str(uuid4()), provider, "resting", "rest", self.now() + PAUSE_MS, 0, None))
        return deleted

    async def _clear_finished(self, tx: Transaction, provider: str) -> Deleted:
        return await _delete(tx, "provider = ? AND ticket <> ?", provider, _OPEN)


async def _insert(tx: Transaction, one: Ingestion) -> None:
    await tx.execute(
        "INSERT INTO catalog_ingestion (id, provider, ticket, status, next_action, next_action_at, attempts) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        one.id,
        one.provider,
        _OPEN,
        one.status,
        one.next_action,
        one.next_action_at,
        one.attempts,
    )


async def _delete(tx: Transaction, where: str, *params: str) -> Deleted:
    chosen = f"(SELECT id FROM catalog_ingestion WHERE {where})"  # noqa: S608
    entities = await tx.execute(f"DELETE FROM catalog_ingestion_entity WHERE ingestion_id IN {chosen}", *params)  # noqa: S608
    marks = await tx.execute(f"DELETE FROM catalog_ingestion_mark WHERE ingestion_id IN {chosen}", *params)  # noqa: S608
    return Deleted(await tx.execute(f"DELETE FROM catalog_ingestion WHERE {where}", *params), marks, entities)  # noqa: S608
