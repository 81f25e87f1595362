"""Which notifications somebody asks for. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from app.errors import InputError
from app.interfaces import Severity

COLUMNS: Final = {
    "id": "id",
    "title": "title",
    "description": "description",
    "severity": "severity",
    "link": "link",
    "origin": "origin",
    "scope": "scope",
    "topic": "topic",
    "icon": "icon",
    "created": "created_at",
    "updated": "updated_at",
    "user": "user_ref",
    "read": "read_at",
    "saved": "saved_at",
}
"""Columns by the names that `orderField` takes."""
_ISO_DATE: Final = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


@dataclass(frozen=True, slots=True)
class Selection:
    """None stands for all. `order` holds columns and whether they descend; `created_after` is in ms."""

    read: bool | None = None
    saved: bool | None = None
    topic: str | None = None
    search: str | None = None
    created_after: int | None = None
    minimum_severity: Severity | None = None
    ids: Sequence[str] | None = None
    order: tuple[tuple[str, bool], ...] = (("created_at", True),)
    offset: int = 0
    limit: int | None = None


def order_of(fields: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """From `created,desc` and the like. Raises InputError."""
    order = []
    for text in fields:
        field, _, direction = text.partition(",")
        if direction not in ("", "asc", "desc"):
            raise InputError("Invalid order field order, must be asc or desc")
        if field not in COLUMNS:
            raise InputError(f"Invalid order field '{field}', must be one of {', '.join(COLUMNS)}")
        order.append((COLUMNS[field], direction == "desc"))
    return tuple(order) or Selection().order


def moment(text: str) -> int:
    """Milliseconds of a moment as `Date.parse` reads ISO and mail dates; without zone in UTC. Raises InputError."""
    try:
        if _ISO_DATE.fullmatch(text):
            parts = [int(part) for part in text.split("-")]
            found = datetime(*[*parts, 1, 1][:3], tzinfo=UTC)  # type: ignore[arg-type,misc]
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            raise InputError("Unexpected date format") from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return int(found.timestamp() * 1000)
