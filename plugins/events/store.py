"""Deliveries in the database: remembered once, claimed by lease, forgotten when nobody can repeat them any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson

from app.interfaces import Database

CHANNEL: Final = "events_delivery"
KEPT: Final = timedelta(hours=48)
"""How long a delivery is known. Senders repeat for a day at most. Source: FIELD §5d (24 hours)."""


@dataclass(frozen=True, slots=True)
class Claimed:
    id: int
    topic: str
    headers: Mapping[str, str]
    payload: str
    attempts: int
    """This one included."""


class DeliveryStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def remember(
        self, topic: str, delivery: str | None, headers: Mapping[str, str], payload: str, now: datetime
    ) -> bool:
        """Store a delivery, durably. False: it has been before, and nothing is stored."""
        async with self._database.write() as transaction:
            stored = await transaction.execute(
                "INSERT INTO events_delivery (topic, delivery, headers, payload, received_at, leased_until, attempts)"
                " VALUES (?, ?, ?, ?, ?, 0, 0) ON CONFLICT (topic, delivery) DO NOTHING",
                topic,
                delivery,
                orjson.dumps(dict(headers)).decode(),
                payload,
                _ms(now),
            )
            if stored:
                await transaction.notify(CHANNEL)
        return stored > 0

    async def claim(self, now: datetime, *, limit: int, lease: timedelta) -> list[Claimed]:
        """Take at most `limit` deliveries, oldest first, until `now + lease`. Two callers never get the same one."""
        waiting = await self._database.read(
            "SELECT 1 FROM events_delivery WHERE done_at IS NULL AND leased_until <= ? LIMIT 1", _ms(now)
        )
        if not waiting:
            return []
        lock = " FOR UPDATE SKIP LOCKED" if self._database.dialect == "postgresql" else ""
        async with self._database.write() as transaction:
            rows = await transaction.fetch(
                # Not a plain subquery: PostgreSQL may run one again per row and overshoot the limit.
                "WITH due AS (SELECT id FROM events_delivery WHERE done_at IS NULL AND leased_until <= ?"  # noqa: S608
                f" ORDER BY id LIMIT ?{lock})"
                " UPDATE events_delivery SET leased_until = ?, attempts = attempts + 1"
                " WHERE id IN (SELECT id FROM due) RETURNING id, topic, headers, payload, attempts",
                _ms(now),
                limit,
                _ms(now + lease),
            )
        return [Claimed(row[0], row[1], orjson.loads(row[2]), row[3], row[4]) for row in sorted(rows)]

    async def finish(self, ids: Sequence[int], now: datetime) -> None:
        """They are done: nothing but the id is kept."""
        async with self._database.write() as transaction:
            await transaction.execute(
                "UPDATE events_delivery SET done_at = ?, payload = '', headers = '{}'"  # noqa: S608
                f" WHERE {self._database.any_of('id', 'bigint')}",
                _ms(now),
                self._database.array(ids),
            )

    async def forget(self, now: datetime) -> int:
        """Remove what has been done for longer than `KEPT`; gives how many."""
        async with self._database.write() as transaction:
            return await transaction.execute(
                "DELETE FROM events_delivery WHERE done_at IS NOT NULL AND done_at < ? AND received_at < ?",
                _ms(now - KEPT),
                _ms(now - KEPT),
            )


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
