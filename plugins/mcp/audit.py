"""What agents did, as log records of the logger `audit`. Source: spec/ui-backends.md §1.5, §15."""

from __future__ import annotations

import logging
from typing import Any, Literal

from app.interfaces import Principal

log = logging.getLogger("audit")


def record(
    event: Literal["connection", "tool-discovery", "tool-execution"],
    caller: Principal,
    *,
    error: str | None = None,
    **meta: Any,
) -> None:
    """Executions are `medium` and logged at INFO, the rest is `low` and logged at DEBUG. Never a tool's input."""
    medium = event == "tool-execution"
    level = logging.INFO if medium or error is not None else logging.DEBUG
    if not log.isEnabledFor(level):
        return
    entry: dict[str, Any] = {
        "plugin": "mcp-actions",
        "eventId": event,
        "severityLevel": "medium" if medium else "low",
        "status": "succeeded" if error is None else "failed",
        "actor": {"actorType": caller.kind, "actorId": caller.subject},
        "meta": meta,
    }
    if error is not None:
        entry["error"] = error
    log.log(level, "mcp-actions.%s%s", event, "" if error is None else " failed", extra={"event": entry})
