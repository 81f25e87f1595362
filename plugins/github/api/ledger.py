"""What all replicas know of a credential's quotas, in the database: a restart or a second process starts with it.

GitHub itself adds up what all processes use and says so in every answer; the ledger carries that to who has not asked
yet. Blocks are told at once, quotas now and then. Nothing is written while nothing is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from app.interfaces import Database
from plugins.github.api.limits import Quota

CHANNEL: Final = "github_budget"
EVERYTHING: Final = "*"
"""The resource whose row holds a block of all."""


@dataclass(frozen=True, slots=True)
class Known:
    """A row: `quota` None where only a block is known."""

    resource: str
    quota: Quota | None
    blocked_until: datetime | None


class Ledger:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._open = False
        self._heard: list[Callable[[str], None]] = []

    async def start(self) -> None:
        """From here on there is a database. Commands that need none go without a ledger."""
        self._open = True
        self._database.listen(CHANNEL, self._tell)

    async def stop(self) -> None:
        self._open = False

    def subscribe(self, heard: Callable[[str], None]) -> None:
        """Call `heard(credential)` when another process has met a limit."""
        self._heard.append(heard)

    def _tell(self, credential: str) -> None:
        for heard in self._heard:
            heard(credential)

    async def load(self, credential: str) -> list[Known]:
        if not self._open:
            return []
        rows = await self._database.read(
            "SELECT resource, quota_limit, remaining, reset_at, blocked_until FROM github_budget WHERE credential = ?",
            credential,
        )
        return [
            Known(
                resource,
                Quota(limit, remaining, _moment(reset_at)) if limit is not None else None,
                _moment(blocked_until) if blocked_until is not None else None,
            )
            for resource, limit, remaining, reset_at, blocked_until in rows
        ]

    async def note(self, credential: str, resource: str, quota: Quota) -> None:
        if not self._open:
            return
        async with self._database.write() as transaction:
            await transaction.execute(
                "INSERT INTO github_budget (credential, resource, quota_limit, remaining, reset_at)"
                " VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (credential, resource) DO UPDATE SET quota_limit = excluded.quota_limit,"
                " remaining = excluded.remaining, reset_at = excluded.reset_at",
                credential,
                resource,
                quota.limit,
                quota.remaining,
                _ms(quota.reset_at),
            )

    async def block(self, credential: str, resource: str | None, until: datetime) -> None:
        """Everybody stays away; a block is never shortened."""
        if not self._open:
            return
        async with self._database.write() as transaction:
            await transaction.execute(
                "INSERT INTO github_budget (credential, resource, blocked_until) VALUES (?, ?, ?)"
                " ON CONFLICT (credential, resource) DO UPDATE SET blocked_until = excluded.blocked_until"
                " WHERE github_budget.blocked_until IS NULL OR github_budget.blocked_until < excluded.blocked_until",
                credential,
                resource or EVERYTHING,
                _ms(until),
            )
            await transaction.notify(CHANNEL, credential)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
