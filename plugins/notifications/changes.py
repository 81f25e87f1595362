"""Notifications written, set by set: a thousand recipients cost a handful of statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.interfaces import Database, Transaction
from plugins.notifications.model import CONTENT, SELECTED, Json, content, from_row, storable
from plugins.notifications.preferences import Choice

_RENEWED: Final = ("title", "description", "severity", "link", "topic")
"""What a notification of the same scope replaces; the icon stays, as in the reference."""
_DELETE_BATCH: Final = 5_000


@dataclass(frozen=True, slots=True)
class Draft:
    """A notification to be stored; `user` None makes it a broadcast."""

    id: str
    user: str | None
    origin: str
    payload: Mapping[str, Any]
    created_at: int


class NotificationChanges:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def store(self, drafts: Sequence[Draft]) -> dict[str | None, Json]:
        """Stores drafts of one origin, at most one for each user. Gives those that renewed an older notification of
        the same scope, by user, as they are now."""
        own = [draft for draft in drafts if draft.user is not None]
        broadcasts = [draft for draft in drafts if draft.user is None]
        async with self._database.write() as transaction:
            renewed: dict[str | None, Json] = {}
            if own:
                await self._insert(transaction, own)
                renewed |= await self._renewed(transaction, own)
            for draft in broadcasts:
                await self._insert_broadcast(transaction, draft)
                renewed |= await self._renewed_broadcast(transaction, draft)
        return renewed

    async def mark(
        self, user: str, ids: Collection[str], now: int, *, read: bool | None = None, saved: bool | None = None
    ) -> None:
        """None leaves a state as it is."""
        changes = {
            column: now if wanted else None
            for column, wanted in (("read_at", read), ("saved_at", saved))
            if wanted is not None
        }
        if not changes or not ids:
            return
        chosen, array = self._database.any_of("id", "text"), self._database.array([storable(one) for one in ids])
        assignments = ", ".join(f"{column} = ?" for column in changes)
        async with self._database.write() as transaction:
            await transaction.execute(
                f"UPDATE notifications_notification SET {assignments} WHERE user_ref = ? AND {chosen}",  # noqa: S608
                *changes.values(),
                user,
                array,
            )
            rows = await transaction.fetch(
                f"SELECT id FROM notifications_broadcast WHERE {chosen} ORDER BY id",  # noqa: S608
                array,
            )
            kept = ", ".join(f"{column} = excluded.{column}" for column in changes)
            await transaction.execute_many(
                f"INSERT INTO notifications_broadcast_status (user_ref, broadcast_id, {', '.join(changes)})"  # noqa: S608
                f" VALUES (?, ?{', ?' * len(changes)}) ON CONFLICT (user_ref, broadcast_id) DO UPDATE SET {kept}",
                [(user, row[0], *changes.values()) for row in rows],
            )

    async def forget(self, before: int) -> int:
        """Removes what has neither been created nor renewed since; gives how many. In batches: others write too."""
        total = 0
        for table in ("notifications_notification", "notifications_broadcast"):
            while True:
                async with self._database.write() as transaction:
                    removed = await transaction.execute(
                        f"DELETE FROM {table} WHERE id IN"  # noqa: S608
                        f" (SELECT id FROM {table} WHERE touched_at <= ? LIMIT ?)",
                        before,
                        _DELETE_BATCH,
                    )
                total += removed
                if removed < _DELETE_BATCH:
                    break
        return total

    async def choices(self, users: Collection[str]) -> dict[str, list[Choice]]:
        """What users have chosen; users who have not are absent."""
        rows = await self._database.read(
            "SELECT user_ref, channel, origin, topic, enabled FROM notifications_setting"  # noqa: S608
            f" WHERE {self._database.any_of('user_ref', 'text')} ORDER BY user_ref, channel, origin, topic",
            self._database.array(list(users)),
        )
        found: dict[str, list[Choice]] = {}
        for user, channel, origin, topic, enabled in rows:
            found.setdefault(user, []).append(Choice(channel, origin, topic, bool(enabled)))
        return found

    async def choose(self, user: str, choices: Sequence[Choice]) -> None:
        """Replaces all that the user has chosen before."""
        async with self._database.write() as transaction:
            await transaction.execute("DELETE FROM notifications_setting WHERE user_ref = ?", user)
            await transaction.execute_many(
                "INSERT INTO notifications_setting (user_ref, channel, origin, topic, enabled) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (user_ref, channel, origin, topic) DO UPDATE SET enabled = excluded.enabled",
                [(user, one.channel, storable(one.origin), storable(one.topic), one.enabled) for one in choices],
            )

    async def _insert(self, transaction: Transaction, drafts: Sequence[Draft]) -> None:
        await transaction.execute_many(
            f"INSERT INTO notifications_notification (id, user_ref, {', '.join(CONTENT)}, created_at, touched_at)"  # noqa: S608
            f" VALUES ({', '.join('?' * (len(CONTENT) + 4))})"
            " ON CONFLICT (user_ref, origin, scope) WHERE scope IS NOT NULL"
            f" DO UPDATE SET {_renewal()}, read_at = NULL",
            [
                (one.id, one.user, *content(one.origin, one.payload), one.created_at, one.created_at)
                # In one order in every process, so that two of them never wait for each other.
                for one in sorted(drafts, key=lambda one: one.user or "")
            ],
        )

    async def _insert_broadcast(self, transaction: Transaction, draft: Draft) -> None:
        await transaction.execute(
            f"INSERT INTO notifications_broadcast (id, {', '.join(CONTENT)}, created_at, touched_at)"  # noqa: S608
            f" VALUES ({', '.join('?' * (len(CONTENT) + 3))})"
            f" ON CONFLICT (origin, scope) WHERE scope IS NOT NULL DO UPDATE SET {_renewal()}",
            draft.id,
            *content(draft.origin, draft.payload),
            draft.created_at,
            draft.created_at,
        )

    async def _renewed(self, transaction: Transaction, drafts: Sequence[Draft]) -> dict[str | None, Json]:
        scope = storable(drafts[0].payload.get("scope") or "")
        if not scope:
            return {}
        rows = await transaction.fetch(
            f"SELECT {SELECTED} FROM notifications_notification WHERE origin = ? AND scope = ?"  # noqa: S608
            f" AND {self._database.any_of('user_ref', 'text')}",
            drafts[0].origin,
            scope,
            self._database.array([one.user or "" for one in drafts]),
        )
        new = {one.id for one in drafts}
        return {row[1]: from_row(row) for row in rows if row[0] not in new}

    async def _renewed_broadcast(self, transaction: Transaction, draft: Draft) -> dict[str | None, Json]:
        scope = storable(draft.payload.get("scope") or "")
        if not scope:
            return {}
        rows = await transaction.fetch(
            "SELECT id, NULL, created_at, NULL, NULL, updated_at, origin, title, description, link, topic, severity,"
            " scope, icon FROM notifications_broadcast WHERE origin = ? AND scope = ? AND id <> ?",
            draft.origin,
            scope,
            draft.id,
        )
        return {None: from_row(rows[0])} if rows else {}


def _renewal() -> str:
    columns = [f"{name} = excluded.{name}" for name in _RENEWED]
    return ", ".join([*columns, "updated_at = excluded.created_at", "touched_at = excluded.created_at"])
