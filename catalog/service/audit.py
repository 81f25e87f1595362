"""Who did what to the catalog, as log records of the logger `audit`. Source: spec/catalog.md §8.

A record's `event` holds `eventId`, `severityLevel`, `status`, `actor` and `meta`. Reads are `low` and logged at DEBUG,
so that a catalog that is read ten thousand times a second does not log as often unless asked to.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from app.errors import describe
from app.interfaces import Principal

EventId = Literal[
    "entity-fetch",
    "entity-mutate",
    "entity-facets",
    "entity-validate",
    "location-fetch",
    "location-mutate",
    "location-analyze",
]
log = logging.getLogger("audit")


def _record(
    event: EventId, caller: Principal, severity: str, status: str, meta: dict[str, Any], error: str | None = None
) -> dict[str, Any]:
    actor = {"actorType": caller.kind, "actorId": caller.subject}
    record: dict[str, Any] = {
        "plugin": "catalog",
        "eventId": event,
        "severityLevel": severity,
        "status": status,
        "actor": actor,
        "meta": meta,
    }
    if error is not None:
        record["error"] = error
    return record


def fetched(event: EventId, caller: Principal, **meta: Any) -> None:
    """A read that was answered."""
    if log.isEnabledFor(logging.DEBUG):
        log.debug("catalog.%s", event, extra={"event": _record(event, caller, "low", "succeeded", meta)})


@contextmanager
def changing(event: EventId, caller: Principal, **meta: Any) -> Iterator[dict[str, Any]]:
    """Something that changes or costs: one record when it is done, or failed and why.

    Yields the record's `meta`, to be completed with what comes out.
    """
    try:
        yield meta
    except Exception as error:
        record = _record(event, caller, "medium", "failed", meta, describe(error))
        log.info("catalog.%s failed", event, extra={"event": record})
        raise
    log.info("catalog.%s", event, extra={"event": _record(event, caller, "medium", "succeeded", meta)})
