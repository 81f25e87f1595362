"""Events in the database, in the order of their publication, for each subscription to read on from where it was.

Whoever publishes holds one row, so ids are in the order of commits: a reader never passes one that is still to come.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from app.errors import NotFoundError
from app.interfaces import Database, Json, Transaction
from app.together import Together

CHANNEL: Final = "events_bus"
"""Notified with the topic of what has been published; with nothing where that is too long for a notification."""
BATCH: Final = 10
"""Events of one answer. Source: spec/ui-backends.md §11."""
SEEN: Final = timedelta(minutes=1)
"""How exactly it is known when somebody was last there."""
GONE: Final = timedelta(days=1)
"""After so long without a request a subscription is forgotten, and an event too."""
MANY: Final = 10_000
"""So many of the newest events are kept for `GONE`; older ones for `LEAST` only."""
LEAST: Final = timedelta(minutes=10)
_NOTIFIED_BYTES: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class _News:
    """An event on its way into the database. `at`: milliseconds."""

    topic: str
    payload: Json
    by: str
    at: int
    notified: frozenset[str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a subscription has before it; `topics` are those it wants to hear of."""

    topics: frozenset[str]
    news: bool
    seen_at: int


class UnknownSubscriptionError(NotFoundError):
    def __init__(self, subscription: str) -> None:
        super().__init__(f"Subscription with ID '{subscription}' not found")


class BusStore:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._publish = Together(self._publish_all)
        # `notified` is a JSON array of texts.
        if database.dialect == "postgresql":
            not_notified = "NOT jsonb_exists(e.notified::jsonb, ?)"
        else:
            not_notified = "NOT EXISTS (SELECT 1 FROM json_each(e.notified) WHERE value = ?)"
        self._unread = (
            "SELECT e.id, e.topic, e.payload FROM events_bus_event e"  # noqa: S608
            " JOIN events_bus_topic t ON t.topic = e.topic AND t.subscription = ?"
            f" WHERE e.id > ? AND {not_notified}"
        )

    async def publish(
        self, topic: str, payload: Json, *, by: str, now: datetime, notified: Collection[str] = ()
    ) -> int | None:
        """Keep an event for the subscriptions that have not been notified of it; gives its id, None if there are none.

        What is published after a subscription has been answered for reaches it. Raises TypeError for a payload that is
        not JSON.
        """
        return await self._publish(_News(topic, payload, by, _ms(now), frozenset(notified)))

    async def _publish_all(self, news: Sequence[_News]) -> Sequence[int | None]:
        wanted: dict[str, set[str]] = {}
        for topic, subscription in await self._database.read(
            f"SELECT topic, subscription FROM events_bus_topic WHERE {self._database.any_of('topic', 'text')}",  # noqa: S608
            self._database.array(sorted({one.topic for one in news})),
        ):
            wanted.setdefault(topic, set()).add(subscription)
        kept = [one for one in news if not wanted.get(one.topic, set()) <= one.notified]
        if not kept:
            return [None] * len(news)
        # Before any is numbered: one that is not JSON takes no number.
        contents = [orjson.dumps(one.payload, option=orjson.OPT_PASSTHROUGH_DATACLASS).decode() for one in kept]
        async with self._database.write() as transaction:
            ((last,),) = await transaction.fetch(
                "UPDATE events_bus_state SET last_id = last_id + ? WHERE id = 1 RETURNING last_id", len(kept)
            )
            numbers = range(last - len(kept) + 1, last + 1)
            await transaction.execute_many(
                "INSERT INTO events_bus_event (id, topic, payload, notified, created_by, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (number, one.topic, content, orjson.dumps(sorted(one.notified)).decode(), one.by, one.at)
                    for number, one, content in zip(numbers, kept, contents, strict=True)
                ],
            )
            for topic in dict.fromkeys(one.topic for one in kept):
                await transaction.notify(CHANNEL, topic if len(topic.encode()) <= _NOTIFIED_BYTES else "")
        given = dict(zip(kept, numbers, strict=True))
        return [given.get(one) for one in news]

    async def subscribe(self, subscription: str, topics: Sequence[str], *, by: str, now: datetime) -> None:
        """Makes the subscription, which then gets what is published from now on, or gives it other topics."""
        async with self._database.write() as transaction:
            last_id = await _last_id(transaction)
            await transaction.execute(
                "INSERT INTO events_bus_subscription (id, read_until, created_by, seen_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET created_by = excluded.created_by, seen_at = excluded.seen_at",
                subscription,
                last_id,
                by,
                _ms(now),
            )
            await transaction.execute("DELETE FROM events_bus_topic WHERE subscription = ?", subscription)
            await transaction.execute_many(
                "INSERT INTO events_bus_topic (topic, subscription) VALUES (?, ?)",
                [(topic, subscription) for topic in sorted(set(topics))],
            )

    async def waiting(self, subscription: str) -> Waiting:
        """Looks, and changes nothing. Raises UnknownSubscriptionError."""
        rows = await self._database.read(
            "SELECT s.read_until, s.seen_at, t.topic FROM events_bus_subscription s"
            " LEFT JOIN events_bus_topic t ON t.subscription = s.id WHERE s.id = ?",
            subscription,
        )
        if not rows:
            raise UnknownSubscriptionError(subscription)
        read_until, seen_at = rows[0][:2]
        unread = await self._database.read(f"{self._unread} LIMIT 1", subscription, read_until, subscription)
        return Waiting(frozenset(row[2] for row in rows if row[2] is not None), bool(unread), seen_at)

    async def read(self, subscription: str, now: datetime) -> list[dict[str, Any]]:
        """The next events, which are then read: `{topic, payload}`. Two callers never get the same one.

        Raises UnknownSubscriptionError.
        """
        lock = " FOR UPDATE" if self._database.dialect == "postgresql" else ""
        async with self._database.write() as transaction:
            rows = await transaction.fetch(
                f"SELECT read_until FROM events_bus_subscription WHERE id = ?{lock}",  # noqa: S608
                subscription,
            )
            if not rows:
                raise UnknownSubscriptionError(subscription)
            events = await transaction.fetch(
                f"{self._unread} ORDER BY e.id LIMIT {BATCH}", subscription, rows[0][0], subscription
            )
            await transaction.execute(
                "UPDATE events_bus_subscription SET read_until = ?, seen_at = ? WHERE id = ?",
                events[-1][0] if events else rows[0][0],
                _ms(now),
                subscription,
            )
        return [{"topic": topic, "payload": orjson.loads(payload)} for _, topic, payload in events]

    async def forget(self, now: datetime) -> int:
        """Removes events that are old and subscriptions that nobody asks for any more; gives how many rows went."""
        ((last_id,),) = await self._database.read("SELECT last_id FROM events_bus_state WHERE id = 1")
        rules = (
            ("events_bus_event", "created_at < ?", (_ms(now - GONE),)),
            ("events_bus_event", "created_at < ? AND id <= ?", (_ms(now - LEAST), last_id - MANY)),
            ("events_bus_subscription", "seen_at < ?", (_ms(now - GONE),)),
        )
        gone = 0
        for table, condition, values in rules:
            if not await self._database.read(f"SELECT 1 FROM {table} WHERE {condition} LIMIT 1", *values):  # noqa: S608
                continue
            async with self._database.write() as transaction:
                gone += await transaction.execute(f"DELETE FROM {table} WHERE {condition}", *values)  # noqa: S608
                await transaction.execute(
                    "DELETE FROM events_bus_topic WHERE subscription NOT IN (SELECT id FROM events_bus_subscription)"
                )
        return gone


async def _last_id(transaction: Transaction) -> int:
    """The newest event's id; nobody publishes until the transaction ends."""
    lock = " FOR UPDATE" if transaction.dialect == "postgresql" else ""
    rows = await transaction.fetch(f"SELECT last_id FROM events_bus_state WHERE id = 1{lock}")  # noqa: S608
    return int(rows[0][0])


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
