"""Who did what with templates and tasks, as log records of the logger `audit`. Source: spec/scaffolder.md §3.9.

A record's `event` holds `eventId`, `severityLevel`, `status`, `actor` and `meta`. What is of low severity is logged at
DEBUG: lists and logs of tasks are read all the time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal

from app.errors import describe
from app.interfaces import Principal

MAX_PARAMETER: Final = 256
TRUNCATED: Final = "...<truncated>"
EventId = Literal["template-parameter-schema", "action-fetch", "task"]
log = logging.getLogger("audit")


@contextmanager
def audited(event: EventId, caller: Principal, *, medium: bool = False, **meta: Any) -> Iterator[dict[str, Any]]:
    """`initiated` at the beginning, `succeeded` or `failed` at the end. Yields the record's `meta`, to be completed."""
    level = logging.INFO if medium else logging.DEBUG

    def record(status: str, **more: Any) -> None:
        if log.isEnabledFor(level):
            told = {
                "plugin": "scaffolder",
                "eventId": event,
                "severityLevel": "medium" if medium else "low",
                "status": status,
                "actor": {"actorType": caller.kind, "actorId": caller.subject},
                "meta": dict(meta),
                **more,
            }
            log.log(level, "scaffolder.%s %s", event, status, extra={"event": told})

    record("initiated")
    try:
        yield meta
    except Exception as error:
        record("failed", error=describe(error))
        raise
    record("succeeded")


def shortened(value: Any, most: int = MAX_PARAMETER) -> Any:
    """A task's parameters with long texts cut; `most` characters are kept of each, all of them where it is negative."""
    if isinstance(value, str):
        return value if most < 0 or len(value) <= most else value[:most] + TRUNCATED
    if isinstance(value, Mapping):
        return {key: shortened(one, most) for key, one in value.items()}
    return [shortened(one, most) for one in value] if isinstance(value, (list, tuple)) else value
