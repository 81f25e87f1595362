"""JSON columns and the database's clock."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

import orjson

NOW: Final = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    "postgresql": "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
}
"""SQL for the time in milliseconds, by dialect: no process's own clock decides over a task."""

OPEN_CHANNEL: Final = "scaffolder_open"
"""A task waits for a worker. No payload."""
EVENT_CHANNEL: Final = "scaffolder_event"
"""Payload: ids of tasks that have new events, separated by commas."""
CANCEL_CHANNEL: Final = "scaffolder_cancel"
"""Payload: the id of a task that is to stop."""


def to_json(value: Any) -> str:
    """JSON text that both engines can hold. Halves of surrogate pairs become `?`."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        text = json.dumps(value, default=str, ensure_ascii=False).encode("utf-8", "replace").decode()
        json.loads(text)
        return text


def from_json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def iso(milliseconds: int) -> str:
    """ISO-8601, UTC, milliseconds."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
