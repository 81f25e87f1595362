"""Notifications read: a user's own and all broadcasts, as one list."""

from __future__ import annotations

from typing import Any, Final

from app.interfaces import SEVERITIES, Database
from plugins.notifications.model import SELECTED, Json, from_row, storable
from plugins.notifications.selection import Selection

_OWN: Final = "notifications_notification n"
_BROADCASTS: Final = (
    "notifications_broadcast b LEFT JOIN notifications_broadcast_status s ON s.broadcast_id = b.id AND s.user_ref = ?"
)
_BROADCAST_COLUMNS: Final = (
    "b.id, NULL AS user_ref, b.created_at, s.saved_at, s.read_at, b.updated_at, b.origin, b.title, b.description,"
    " b.link, b.topic, b.severity, b.scope, b.icon"
)
_NEVER_NULL: Final = frozenset({"id", "title", "severity", "origin", "created_at"})
"""Here SQLite takes an index only for an order that says nothing of nulls."""


class NotificationStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def select(self, user: str, selection: Selection) -> list[Json]:
        own, own_values = self._conditions(selection, "n", "n")
        all_, all_values = self._conditions(selection, "b", "s")
        order = self._order(selection)
        # Each side need not give more than the page reaches: neither is read to its end.
        enough, page = "", ""
        bounds: tuple[int, ...] = ()
        if selection.limit is not None:
            enough, page = f" ORDER BY {order} LIMIT ?", " LIMIT ? OFFSET ?"
            bounds = (selection.limit + selection.offset,)
        elif selection.offset:
            page = " LIMIT ? OFFSET ?"
        rows = await self._database.read(
            f"SELECT {SELECTED} FROM ("  # noqa: S608 - columns are this module's
            f"SELECT * FROM (SELECT {SELECTED} FROM {_OWN} WHERE user_ref = ?{own}{enough}) own"
            f" UNION ALL SELECT * FROM (SELECT {SELECTED} FROM (SELECT {_BROADCAST_COLUMNS} FROM {_BROADCASTS}"
            f" WHERE TRUE{all_}) b{enough}) broadcasts"
            f") found ORDER BY {order}{page}",
            user,
            *own_values,
            *bounds,
            user,
            *all_values,
            *bounds,
            *((selection.limit if selection.limit is not None else 2**31 - 1, selection.offset) if page else ()),
        )
        return [from_row(row) for row in rows]

    async def count(self, user: str, selection: Selection) -> int:
        own, own_values = self._conditions(selection, "n", "n")
        all_, all_values = self._conditions(selection, "b", "s")
        rows = await self._database.read(
            f"SELECT (SELECT count(*) FROM {_OWN} WHERE user_ref = ?{own})"  # noqa: S608
            f" + (SELECT count(*) FROM {_BROADCASTS} WHERE TRUE{all_})",
            user,
            *own_values,
            user,
            *all_values,
        )
        return int(rows[0][0])

    async def status(self, user: str) -> dict[str, int]:
        rows = await self._database.read(
            # Each count is answered by an index alone.
            "SELECT (SELECT count(*) FROM notifications_notification WHERE user_ref = ? AND read_at IS NULL),"
            " (SELECT count(*) FROM notifications_notification WHERE user_ref = ?),"
            " (SELECT count(*) FROM notifications_broadcast),"
            " (SELECT count(*) FROM notifications_broadcast_status WHERE user_ref = ? AND read_at IS NOT NULL)",
            user,
            user,
            user,
        )
        unread, own, broadcasts, broadcasts_read = rows[0]
        return {"unread": unread + broadcasts - broadcasts_read, "read": own - unread + broadcasts_read}

    async def topics(self, user: str, selection: Selection) -> list[str]:
        own, own_values = self._conditions(selection, "n", "n")
        all_, all_values = self._conditions(selection, "b", "s")
        rows = await self._database.read(
            f"SELECT topic FROM {_OWN} WHERE user_ref = ? AND topic IS NOT NULL{own}"  # noqa: S608
            f" UNION SELECT topic FROM {_BROADCASTS} WHERE topic IS NOT NULL{all_} ORDER BY topic",
            user,
            *own_values,
            user,
            *all_values,
        )
        return [row[0] for row in rows]

    async def known(self, user: str) -> list[tuple[str, str]]:
        """Origins and topics (empty: none) of what the user has been sent."""
        rows = await self._database.read(
            "SELECT DISTINCT origin, coalesce(topic, '') FROM notifications_notification WHERE user_ref = ?"
            " ORDER BY 1, 2",
            user,
        )
        return [(row[0], row[1]) for row in rows]

    def _conditions(self, selection: Selection, row: str, state: str) -> tuple[str, list[Any]]:
        """SQL after a WHERE, and its values. `row` and `state` are the aliases of content and of what was done."""
        terms: list[str] = []
        values: list[Any] = []
        for wanted, column in ((selection.read, "read_at"), (selection.saved, "saved_at")):
            if wanted is not None:
                terms.append(f"{state}.{column} IS {'NOT ' if wanted else ''}NULL")
        if selection.topic:
            terms.append(f"{row}.topic = ?")
            values.append(storable(selection.topic))
        if selection.created_after is not None:
            terms.append(f"{row}.created_at >= ?")
            values.append(selection.created_after)
        # The least severe one and worse is everything, and the UI always asks so.
        if selection.minimum_severity is not None and selection.minimum_severity != SEVERITIES[-1]:
            enough = SEVERITIES[: SEVERITIES.index(selection.minimum_severity) + 1]
            terms.append(f"{row}.severity IN ({', '.join('?' * len(enough))})")
            values += enough
        if selection.search:
            escaped = [f"\\{sign}" if sign in "\\%_" else sign for sign in storable(selection.search)]
            pattern = f"%{''.join(escaped)}%"
            terms.append(
                f"(lower({row}.title) LIKE lower(?) ESCAPE '\\' OR lower({row}.description) LIKE lower(?) ESCAPE '\\')"
            )
            values += [pattern, pattern]
        if selection.ids is not None:
            terms.append(self._database.any_of(f"{row}.id", "text"))
            values.append(self._database.array([storable(one) for one in selection.ids]))
        return "".join(f" AND {term}" for term in terms), values

    def _order(self, selection: Selection) -> str:
        """Nulls stand where PostgreSQL puts them; what is equal otherwise is in the order of ids."""
        columns = []
        for name, down in selection.order:
            nulls = "" if name in _NEVER_NULL else " NULLS FIRST" if down else " NULLS LAST"
            columns.append(f"{name} {'DESC' if down else 'ASC'}{nulls}")
        return ", ".join([*columns, "id"])
