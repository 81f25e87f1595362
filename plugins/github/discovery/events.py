"""What webhooks change: `github.push` and `github.repository`. Source: spec/catalog.md §6.2.

A delivery only says where to look. What is added or removed is what GitHub says of the repository now, so deliveries
may come twice, late, or in the wrong order. Descriptors that a push has changed are read again without asking.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from app.errors import ServiceUnavailableError
from app.interfaces import Clock, Event, Events
from plugins.github.api.errors import GithubLimitedError
from plugins.github.api.priority import Priority
from plugins.github.discovery.provider import GithubEntityProvider
from plugins.github.discovery.repository import Repository, from_webhook

PUSH: Final = "github.push"
REPOSITORY: Final = "github.repository"
AGAIN_AFTER: Final = timedelta(seconds=30)
MAX_WAITING: Final = 1000
"""Repositories that wait to be looked at again; beyond it the next scan finds out."""

log = logging.getLogger(__name__)
Json = Any


class RepositoryEvents:
    """Follows repositories for all providers together: one that leaves the organization of one may enter another's."""

    def __init__(self, providers: Sequence[GithubEntityProvider], clock: Clock) -> None:
        self._providers = providers
        self._clock = clock
        self._again: dict[str, asyncio.Task[None]] = {}
        for provider in providers:
            provider.follow_elsewhere = self.taken_elsewhere

    def subscribe(self, events: Events) -> None:
        events.subscribe([PUSH, REPOSITORY], self.heard)

    async def stop(self) -> None:
        for task in self._again.values():
            task.cancel()

    async def heard(self, event: Event) -> None:
        body = event.payload if isinstance(event.payload, dict) else {}
        repository = from_webhook(body.get("repository"))
        if repository is None:
            return
        if event.topic == PUSH:
            await self._pushed(body, repository)
        elif body.get("action") in ("archived", "unarchived", "deleted", "edited", "renamed", "transferred",
                                    "created", "privatized", "publicized"):  # fmt: skip
            await self.look({repository.slug, *_former(body, repository)}, repository, str(body["action"]))

    async def _pushed(self, body: Json, repository: Repository) -> None:
        detail = {"event": "push", "repository": repository.url, "commit": body.get("after")}
        for provider in await self._of(repository):
            selection = provider.selection
            # A push does not tell whether the file is there at all.
            if not selection.takes(repository) or body.get("ref") != f"refs/heads/{selection.branch(repository)}":
                continue
            added, changed, removed = _files(body)
            touched = [path for path in (*added, *changed, *removed) if selection.concerns(path)]
            complete = not body.get("forced") and bool(body.get("commits"))
            if not touched and complete:
                continue
            await provider.refresh_files(repository, touched, detail)
            held = await provider.holds(repository)
            leaves = not selection.is_glob and selection.path in removed
            enters = not leaves
            if (held and leaves) or (not held and enters):
                await self.look({repository.slug}, repository, "push", removed=leaves)

    async def look(self, slugs: set[str], repository: Repository, why: str, *, removed: bool = False) -> None:
        """Bring all providers in line with what GitHub says of a repository now; later if it does not say."""
        try:
            await self._look(slugs, repository, why, removed=removed)
        except ServiceUnavailableError as error:
            wait = AGAIN_AFTER
            if isinstance(error, GithubLimitedError):
                wait = max(error.retry_at - self._clock.now(), timedelta(seconds=1))
            log.warning("%s of %s: %s; looking again in %s", why, repository.url, error, wait)
            self._look_later(slugs, repository, why, wait, removed=removed)

    def _look_later(self, slugs: set[str], repository: Repository, why: str, wait: timedelta, *, removed: bool) -> None:
        key = " ".join(sorted(slugs))
        if key in self._again or len(self._again) >= MAX_WAITING:
            return

        async def again() -> None:
            await asyncio.sleep(wait.total_seconds())
            del self._again[key]
            await self.look(slugs, repository, why, removed=removed)

        self._again[key] = asyncio.create_task(again(), name=f"look at {key} again")

    async def _look(self, slugs: set[str], repository: Repository, why: str, *, removed: bool) -> None:
        detail = {"event": why, "repository": repository.url}
        names = [(owner, name) for owner, _, name in (slug.partition("/") for slug in sorted(slugs))]
        entered: list[tuple[GithubEntityProvider, str]] = []
        gone: list[tuple[GithubEntityProvider, list[str]]] = []
        for provider in self._providers:
            if not provider.connected or not await self._concerns(provider, slugs, repository):
                continue
            found = (await provider.source.by_name(names, Priority.EVENT)).values()
            living = [one for one in found if one is not None and await provider.source.covers(one.owner)]
            if removed:
                # As the reference: a descriptor that was taken away takes its location along.
                living = [one for one in living if one.has_file is not False]
            entered += [
                (provider, provider.selection.target(one)) for one in living if await provider.take(one, detail)
            ]
            gone.append((provider, await provider.stale(slugs | {one.slug for one in living}, living)))
        if any(stale for _, stale in gone):
            # Known before the old place goes: an entity that has moved is handed over, and stays the same.
            for provider, target in entered:
                await provider.processed([target])
        for provider, stale in gone:
            await provider.let_go(stale, detail)

    async def taken_elsewhere(self, repository: Repository) -> bool:
        """A repository that one provider has lost: whether another one takes it, and it is known there."""
        for provider in self._providers:
            if provider.connected and await provider.source.covers(repository.owner):
                now = (await provider.source.by_name([(repository.owner, repository.name)], Priority.SCAN))[
                    repository.slug
                ]
                if now is not None and await provider.take(now, {"event": "transferred", "repository": now.url}):
                    return await provider.processed([provider.selection.target(now)])
        return False

    async def _of(self, repository: Repository) -> list[GithubEntityProvider]:
        return [
            provider
            for provider in self._providers
            if provider.connected
            and _same_host(provider, repository)
            and await provider.source.covers(repository.owner)
        ]

    async def _concerns(self, provider: GithubEntityProvider, slugs: Iterable[str], repository: Repository) -> bool:
        owners = {slug.partition("/")[0] for slug in slugs}
        return _same_host(provider, repository) and any([await provider.source.covers(owner) for owner in owners])


def _same_host(provider: GithubEntityProvider, repository: Repository) -> bool:
    return repository.url.partition("://")[2].startswith(f"{provider.settings.host}/")


def _former(body: Json, repository: Repository) -> list[str]:
    """The names a repository had before this event."""
    changes = body.get("changes") if isinstance(body.get("changes"), dict) else {}
    name = ((changes.get("repository") or {}).get("name") or {}).get("from")
    if name:
        return [f"{repository.owner}/{name}".lower()]
    sender = (changes.get("owner") or {}).get("from") or {}
    login = (sender.get("organization") or sender.get("user") or {}).get("login")
    return [f"{login}/{repository.name}".lower()] if login else []


def _files(body: Json) -> tuple[list[str], list[str], list[str]]:
    """Added, modified and removed files of a push, each where its last commit leaves it."""
    last: dict[str, str] = {}
    for commit in body.get("commits") or ():
        if isinstance(commit, dict):
            for what in ("added", "modified", "removed"):
                last |= {path: what for path in commit.get(what) or () if isinstance(path, str)}
    return tuple([path for path, how in last.items() if how == what] for what in ("added", "modified", "removed"))  # type: ignore[return-value]
