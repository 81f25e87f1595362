"""`notifications:get-notifications`. Source: spec/ui-backends.md §4.2."""

from __future__ import annotations

from typing import Any, Final

from app.errors import NotAllowedError
from app.interfaces import SEVERITIES, ActionInvocation, RegisteredAction
from plugins.notifications.selection import Selection, moment
from plugins.notifications.store import NotificationStore

_READ: Final = {"unread": False, "read": True}
_DESCRIPTION: Final = """Lists notifications of the user who asks, the newest first.

`view` chooses the unread ones (the default), those that were read, those the user has saved, or all. `search` looks in
titles and descriptions, `minimumSeverity` takes this severity and worse (critical, high, normal, low), `createdAfter`
is an ISO 8601 moment. `offset` and `limit` page; `totalCount` says how many there are in all."""
_INPUT: Final[dict[str, Any]] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "view": {
            "type": "string",
            "enum": ["unread", "read", "saved", "all"],
            "description": "Which notifications; the unread ones unless said otherwise",
        },
        "search": {"type": "string", "description": "A text within the title or the description"},
        "topic": {"type": "string", "description": "Notifications of this topic alone"},
        "minimumSeverity": {"type": "string", "enum": list(SEVERITIES), "description": "This severity and worse"},
        "createdAfter": {"type": "string", "description": "An ISO 8601 moment, such as 2025-01-01T00:00:00Z"},
        "offset": {"type": "integer", "minimum": 0, "description": "How many to pass over; 0 unless given"},
        "limit": {"type": "integer", "minimum": 1, "maximum": 100, "description": "How many at most; 10 unless given"},
    },
}
_OUTPUT: Final[dict[str, Any]] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "notifications": {"type": "array", "items": {"type": "object"}, "description": "The notifications found"},
        "totalCount": {"type": "number", "description": "How many there are, whatever the page"},
    },
    "required": ["notifications", "totalCount"],
}


def notification_actions(store: NotificationStore) -> list[RegisteredAction]:
    async def get(call: ActionInvocation) -> dict[str, Any]:
        if call.caller.kind != "user":
            raise NotAllowedError("This action requires user credentials")
        given = call.input
        view = given.get("view", "unread")
        selection = Selection(
            read=_READ.get(view),
            saved=True if view == "saved" else None,
            topic=given.get("topic"),
            search=given.get("search"),
            created_after=moment(given["createdAfter"]) if given.get("createdAfter") else None,
            minimum_severity=given.get("minimumSeverity"),
            offset=given.get("offset", 0),
            limit=given.get("limit", 10),
        )
        user = call.caller.subject
        return {
            "notifications": await store.select(user, selection),
            "totalCount": await store.count(user, selection),
        }

    return [
        RegisteredAction(
            "notifications",
            "get-notifications",
            "Get Notifications",
            _DESCRIPTION,
            _INPUT,
            _OUTPUT,
            get,
            read_only=True,
            idempotent=True,
            examples=(
                {"title": "Get my unread notifications", "input": {}},
                {"title": "Get what is urgent", "input": {"minimumSeverity": "high"}},
                {"title": "Get all of a topic", "input": {"view": "all", "topic": "deployment", "limit": 25}},
            ),
        )
    ]
