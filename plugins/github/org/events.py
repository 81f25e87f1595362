"""What webhooks change: `github.installation`, `github.organization`, `github.team`, `github.membership`.

As with repositories, a delivery only says where to look. Source: spec/catalog.md §6.2.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

from app.errors import ServiceUnavailableError
from app.interfaces import Clock, Event, Events
from plugins.github.api.errors import GithubLimitedError
from plugins.github.api.hosts import GithubHosts
from plugins.github.org.provider import GithubMultiOrgEntityProvider

TOPICS: Final = ("github.installation", "github.organization", "github.team", "github.membership")
AGAIN_AFTER: Final = timedelta(seconds=30)
MAX_WAITING: Final = 1000
log = logging.getLogger(__name__)
Json = Any


class OrgEvents:
    def __init__(self, providers: Sequence[GithubMultiOrgEntityProvider], hosts: GithubHosts, clock: Clock) -> None:
        self._providers = providers
        self._hosts = hosts
        self._clock = clock
        self._again: dict[str, asyncio.Task[None]] = {}

    def subscribe(self, events: Events) -> None:
        events.subscribe(TOPICS, self.heard)

    async def stop(self) -> None:
        for task in self._again.values():
            task.cancel()

    async def heard(self, event: Event) -> None:
        body = event.payload if isinstance(event.payload, dict) else {}
        action = str(body.get("action"))
        if event.topic == "github.installation":
            await self._installed(body, action)
            return
        org = _text(body, "organization", "login")
        if not org:
            return
        detail = {"event": event.topic.removeprefix("github."), "action": action, "organization": org}
        for provider in self._providers:
            if not provider.connected or not _same_host(provider, body) or not await provider.source.covers(org):
                continue
            slug, login = _text(body, "team", "slug"), _text(body, "member", "login")
            if event.topic == "github.team" and action in ("created", "deleted", "edited"):
                await self._do(f"teams {org}", partial(provider.sync_teams, org, detail), provider)
            elif event.topic == "github.membership" and slug and login and body.get("scope", "team") == "team":
                await self._do(f"team {org}/{slug}", partial(provider.sync_team, org, slug, detail), provider)
            elif event.topic == "github.organization" and action in ("member_added", "member_removed"):
                who = _text(body, "membership", "user", "login")
                await self._do(f"{who} in {org}", partial(provider.sync_member, org, who, detail), provider)

    async def _installed(self, body: Json, action: str) -> None:
        for name in self._hosts.names:
            self._hosts.connection(name).credentials.forget_installations()
        org = _text(body, "installation", "account", "login")
        kind = _text(body, "installation", "account", "type")
        if action not in ("created", "unsuspend") or not org or kind != "Organization":
            return
        detail = {"event": "installation", "action": action, "organization": org}
        for provider in self._providers:
            # The legacy provider of a single organization does not listen to this one.
            listens = provider.connected and provider.settings.org_url is None and _same_host(provider, body)
            if listens and await provider.source.covers(org):
                await self._do(org, partial(provider.sync_organization, org, detail), provider)

    async def _do(self, what: str, sync: Callable[[], Awaitable[None]], provider: GithubMultiOrgEntityProvider) -> None:
        """Now, or again when GitHub is there again."""
        try:
            await sync()
        except ServiceUnavailableError as error:
            wait = AGAIN_AFTER
            if isinstance(error, GithubLimitedError):
                wait = max(error.retry_at - self._clock.now(), timedelta(seconds=1))
            log.warning("%s: %s: %s; looking again in %s", provider.name, what, error, wait)
            self._later(f"{provider.name} {what}", wait, partial(self._do, what, sync, provider))

    def _later(self, key: str, wait: timedelta, run: Callable[[], Awaitable[None]]) -> None:
        if key in self._again or len(self._again) >= MAX_WAITING:
            return

        async def again() -> None:
            await asyncio.sleep(wait.total_seconds())
            del self._again[key]
            await run()

        self._again[key] = asyncio.create_task(again(), name=f"look at {key} again")


def _text(body: Json, *path: str) -> str:
    for key in path:
        body = body.get(key) if isinstance(body, dict) else None
    return body if isinstance(body, str) else ""


def _same_host(provider: GithubMultiOrgEntityProvider, body: Json) -> bool:
    """Deliveries of several hosts come in by one door; one that does not say its host may be any's."""
    page = _text(body, "team", "html_url") or _text(body, "sender", "html_url")
    return not page or page.startswith(f"{provider.settings.github_url}/")
