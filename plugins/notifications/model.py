"""Notifications as the wire has them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

Json = dict[str, Any]
CONTENT: Final = ("origin", "title", "description", "severity", "link", "topic", "scope", "icon")
SELECTED: Final = (
    "id, user_ref, created_at, saved_at, read_at, updated_at, origin, title, description, link, topic, severity, scope,"
    " icon"
)
"""What `from_row` takes, in order."""


def from_row(row: tuple[Any, ...]) -> Json:
    """A stored notification: what it does not have is null. `user` is null for a broadcast."""
    return {
        "id": row[0],
        "user": row[1],
        "created": iso(row[2]),
        "saved": iso(row[3]),
        "read": iso(row[4]),
        "updated": iso(row[5]),
        "origin": row[6],
        "payload": {
            "title": row[7],
            "description": row[8],
            "link": row[9],
            "topic": row[10],
            "severity": row[11],
            "scope": row[12],
            "icon": row[13],
        },
    }


def content(origin: str, payload: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of `CONTENT`; empty texts count as absent."""
    values = [payload.get(name) for name in CONTENT[2:]]
    return (origin, storable(payload["title"]), *(storable(value) if value else None for value in values))


def storable(text: str) -> str:
    """NUL and lone surrogates, which databases refuse in text, are replaced."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def iso(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
