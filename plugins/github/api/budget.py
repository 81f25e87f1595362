"""What one credential may still ask of GitHub, shared by everybody who uses it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx

from app.interfaces import Clock
from plugins.github.api import metrics
from plugins.github.api.errors import GithubLimitedError
from plugins.github.api.ledger import EVERYTHING, Ledger
from plugins.github.api.limits import SECONDARY_WAIT, Quota, Refusal, quota_of, refusal_of, resource_of
from plugins.github.api.priority import PATIENCE, RESERVED, Priority
from plugins.github.api.turns import Turns

CONCURRENT: Final = 20
"""GitHub refuses more than 100 at a time over all processes."""
NOTED_EVERY: Final = timedelta(seconds=15)
LOOKED_UP_EVERY: Final = timedelta(seconds=60)
LONGEST_SLEEP_S: Final = 5.0
"""Then it is looked again: another answer, or another process, may know better by now."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """Whose budget it is. `label` names it for people; `key` is unique and no secret, None where other processes have
    nothing to do with it; `shown`: whether the metrics name what is left."""

    host: str
    label: str
    key: str | None = None
    shown: bool = True


class Budget:
    """Lets requests through: the urgent ones first, none that GitHub would refuse, and each only if enough stays for
    those before it."""

    def __init__(
        self, account: Account, ledger: Ledger, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self.account = account
        self._ledger = ledger
        self._clock = clock
        self._sleep = sleep
        self._turns = Turns(CONCURRENT)
        self._quotas: dict[str, Quota] = {}
        self._blocks: dict[str, datetime] = {}
        self._strikes = 0
        self._under_way: dict[str, int] = {}
        self._looked_up: datetime | None = None
        self._noted: dict[str, datetime] = {}

    def quota(self, resource: str) -> Quota | None:
        """What is known to be left; None before the first answer and after the reset."""
        found = self._quotas.get(resource)
        return found if found is not None and found.reset_at > self._clock.now() else None

    def stale(self) -> None:
        """Another process has met a limit: look it up before the next request."""
        self._looked_up = None

    @asynccontextmanager
    async def turn(self, resource: str, priority: Priority) -> AsyncIterator[None]:
        """Waits until the request may be made. Raises GithubLimitedError if that would be too long."""
        began, clock = self._clock.now(), time.perf_counter()
        while True:
            await self._wait(resource, priority, began)
            async with self._turns.turn(priority):
                if self._not_before(resource, priority) is not None:
                    # Things have changed while this one stood in line.
                    continue
                metrics.waits.labels(priority.name.lower()).observe(time.perf_counter() - clock)
                self._under_way[resource] = self._under_way.get(resource, 0) + 1
                try:
                    yield
                finally:
                    self._under_way[resource] -= 1
                return

    async def observe(self, resource: str, response: httpx.Response) -> Refusal | None:
        """Learn from an answer; gives the refusal if it is a rate limit's."""
        now = self._clock.now()
        counted = resource_of(response, resource)
        account = self.account
        metrics.requests.labels(account.host, account.label, counted, str(response.status_code)).inc()
        quota = quota_of(response, now)
        refusal = refusal_of(response, resource, now, self._strikes)
        if quota is not None:
            await self._know(counted, quota, now)
        if refusal is not None:
            self._strikes += 1
            await self.block(refusal)
        elif response.status_code < 400:
            self._strikes = 0
        return refusal

    async def block(self, refusal: Refusal) -> None:
        """Stay away, and tell the other processes."""
        key = refusal.resource or EVERYTHING
        held = self._blocks.get(key)
        if held is None or held < refusal.until:
            self._blocks[key] = refusal.until
            self._show_block(refusal.until)
            log.warning(
                "GitHub (%s, %s) wants no more requests%s until %s",
                self.account.host,
                self.account.label,
                f" for {refusal.resource}" if refusal.resource else "",
                refusal.until.isoformat(timespec="seconds"),
            )
        if self.account.key is not None:
            await self._ledger.block(self.account.key, refusal.resource, refusal.until)

    async def out_of(self, resource: str) -> None:
        """An answer said that the quota is used up without saying so in its status."""
        quota = self.quota(resource)
        until = quota.reset_at if quota is not None else self._clock.now() + SECONDARY_WAIT
        await self.block(Refusal(resource, until))

    async def _wait(self, resource: str, priority: Priority, began: datetime) -> None:
        while True:
            await self._look_up()
            until = self._not_before(resource, priority)
            if until is None:
                return
            now = self._clock.now()
            if until > began + PATIENCE[priority]:
                raise GithubLimitedError(
                    f"GitHub's rate limit for {self.account.label} at {self.account.host} is used up"
                    f" until {until.isoformat(timespec='seconds')} (rate limit exceeded)",
                    until,
                )
            await self._sleep(min(max((until - now).total_seconds(), 0.01), LONGEST_SLEEP_S))

    def _not_before(self, resource: str, priority: Priority) -> datetime | None:
        """When such a request may be made at the earliest; None: now."""
        now = self._clock.now()
        held = [until for key in (EVERYTHING, resource) if (until := self._blocks.get(key)) is not None and until > now]
        quota = self.quota(resource)
        if quota is not None:
            left = quota.remaining - self._under_way.get(resource, 0)
            if left <= int(quota.limit * RESERVED[priority]):
                held.append(quota.reset_at)
        return max(held, default=None)

    async def _know(self, resource: str, quota: Quota, now: datetime) -> None:
        known = self.quota(resource)
        if known is not None and abs((known.reset_at - quota.reset_at).total_seconds()) < 5:
            # Answers overtake one another: within one period only less is news.
            quota = Quota(quota.limit, min(quota.remaining, known.remaining), max(known.reset_at, quota.reset_at))
        self._quotas[resource] = quota
        self._show(resource, quota)
        noted = self._noted.get(resource)
        if self.account.key is not None and (noted is None or now - noted >= NOTED_EVERY):
            self._noted[resource] = now
            await self._ledger.note(self.account.key, resource, quota)

    async def _look_up(self) -> None:
        now = self._clock.now()
        key = self.account.key
        if key is None or (self._looked_up is not None and now - self._looked_up < LOOKED_UP_EVERY):
            return
        self._looked_up = now
        for known in await self._ledger.load(key):
            if known.blocked_until is not None and known.blocked_until > now:
                held = self._blocks.get(known.resource)
                self._blocks[known.resource] = max(held or known.blocked_until, known.blocked_until)
                self._show_block(self._blocks[known.resource])
            if known.quota is not None and known.quota.reset_at > now:
                mine = self.quota(known.resource)
                if mine is None or known.quota.remaining < mine.remaining:
                    self._quotas[known.resource] = known.quota
                    self._show(known.resource, known.quota)

    def _show(self, resource: str, quota: Quota) -> None:
        if self.account.shown:
            labels = (self.account.host, self.account.label, resource)
            metrics.remaining.labels(*labels).set(quota.remaining)
            metrics.limit.labels(*labels).set(quota.limit)
            metrics.reset.labels(*labels).set(quota.reset_at.timestamp())

    def _show_block(self, until: datetime) -> None:
        if self.account.shown:
            metrics.blocked.labels(self.account.host, self.account.label).set(until.timestamp())
