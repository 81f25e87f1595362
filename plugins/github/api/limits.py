"""What answers tell of rate limits. Pure.

Sources: docs.github.com, "Rate limits for the REST API" and "Rate limits and query limits for the GraphQL API".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

CORE: Final = "core"
GRAPHQL: Final = "graphql"
SECONDARY_WAIT: Final = timedelta(seconds=60)
"""How long to stay away after a secondary limit that names no time; doubled each further time."""
MAX_WAIT: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of one resource (`core`, `graphql`, `search`, …) is left until `reset_at`."""

    limit: int
    remaining: int
    reset_at: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """Not now. `resource` is None where everything is refused (secondary limits)."""

    resource: str | None
    until: datetime


def resource_for(path: str) -> str:
    """Which quota a REST path most likely counts against; the answer tells for sure."""
    if path.startswith("/search/code"):
        return "code_search"
    return "search" if path.startswith("/search/") else CORE


def resource_of(response: httpx.Response, expected: str) -> str:
    return str(response.headers.get("x-ratelimit-resource") or expected)


def quota_of(response: httpx.Response, now: datetime) -> Quota | None:
    """The quota an answer names. Its end is put into our own time: clocks differ."""
    limit, remaining, reset = (_number(response, f"x-ratelimit-{name}") for name in ("limit", "remaining", "reset"))
    if limit is None or remaining is None or reset is None:
        return None
    try:
        ends = datetime.fromtimestamp(reset, UTC)
        left = ends - (_date(response) or now)
    except (ValueError, OverflowError, OSError):
        return None
    return Quota(limit, remaining, now + min(max(left, timedelta(0)), MAX_WAIT))


def refusal_of(response: httpx.Response, expected: str, now: datetime, strikes: int = 0) -> Refusal | None:
    """Whether an answer is a rate limit's, and until when.

    Args:
        expected: the resource the request was taken to count against.
        strikes: how many secondary limits came before, without a success between.
    """
    if response.status_code not in (403, 429):
        return None
    wait = _number(response, "retry-after")
    if wait is not None:
        return Refusal(None, now + min(timedelta(seconds=wait), MAX_WAIT))
    quota = quota_of(response, now)
    if quota is not None and quota.remaining == 0:
        return Refusal(resource_of(response, expected), quota.reset_at)
    if response.status_code == 429 or b"secondary rate limit" in response.content or b"abuse" in response.content:
        return Refusal(None, now + min(SECONDARY_WAIT * 2 ** min(strikes, 6), MAX_WAIT))
    return None


def _number(response: httpx.Response, header: str) -> int | None:
    told = response.headers.get(header, "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 13 else None


def _date(response: httpx.Response) -> datetime | None:
    try:
        found = parsedate_to_datetime(response.headers["date"])
    except (KeyError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
