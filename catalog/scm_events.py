"""What the catalog does when a repository changes. Source: spec/catalog.md §6.4, last paragraph."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from app.errors import CallboardError
from app.interfaces import Event, Events, Principal
from catalog.interfaces import (
    CatalogControl,
    Cause,
    Locations,
    LocationSpec,
    RegisteredLocation,
    ScmPush,
    ScmRepositoryChange,
)
from catalog.model.glob import compile_glob
from catalog.settings import ScmEventSettings
from catalog.store.inspection import keys_below
from catalog.store.locations import list_locations_below
from catalog.store.writing import CatalogStore

log = logging.getLogger(__name__)

PUSH_TOPIC = "scm.push"
REPOSITORY_TOPIC = "scm.repository"
MAX_STARS = 10
"""A glob with more of them is taken to match, instead of spending time on it."""
WEBHOOK = Principal("service", "webhook")


class ScmReactions:
    """Refreshes, forgets and follows locations. What comes twice or late does no harm: sources are read anew."""

    def __init__(
        self, store: CatalogStore, control: CatalogControl, locations: Locations, settings: ScmEventSettings
    ) -> None:
        self._store = store
        self._control = control
        self._locations = locations
        self._settings = settings

    def subscribe(self, events: Events) -> None:
        events.subscribe([PUSH_TOPIC, REPOSITORY_TOPIC], self.heard)

    async def heard(self, event: Event) -> None:
        change = event.payload
        if isinstance(change, ScmPush):
            await self.pushed(change)
        elif isinstance(change, ScmRepositoryChange):
            await self.repository_changed(change)

    async def pushed(self, push: ScmPush) -> None:
        """Read again what the push may have changed, and nothing else."""
        if self._settings.move:
            for old, new in push.moved:
                await self._move(old, new)
        if self._settings.unregister:
            for urls in push.removed:
                await self._unregister(urls)
        if self._settings.refresh:
            keys = await self._keys_of(push)
            if keys:
                detail = {"repository": _first(push.repository_urls or push.remotes), "commit": push.commit}
                count = await self._control.refresh_by_keys(keys, cause=Cause("webhook", detail))
                log.info("push of %s to %s: %d sources to read again", push.commit, detail["repository"], count)

    async def repository_changed(self, change: ScmRepositoryChange) -> None:
        if change.change == "moved" and change.previous_url and self._settings.move:
            old, new = change.previous_url.rstrip("/"), change.url.rstrip("/")
            for location in await self._below(old):
                await self._moved_to(location, new + location.target[len(old) :])
        elif change.change == "deleted" and self._settings.unregister:
            for location in await self._below(change.url):
                await self._forget(location)
        if self._settings.refresh:
            below = [change.url, *([change.previous_url] if change.previous_url else [])]
            keys = {key for url in below for key in await keys_below(self._store.database, f"url:{url.rstrip('/')}")}
            if keys:
                await self._control.refresh_by_keys(
                    keys, cause=Cause("webhook", {"repository": change.url, "change": change.change})
                )

    async def _keys_of(self, push: ScmPush) -> set[str]:
        urls = {url for group in (*push.added, *push.modified, *push.removed) for url in group}
        urls |= {url for pair in push.moved for url in pair}
        keys = {f"url:{url}" for url in urls}
        for repository in push.repository_urls:
            for key in await keys_below(self._store.database, f"url:{repository.rstrip('/')}"):
                if not push.complete or _could_match(key.removeprefix("url:"), urls):
                    keys.add(key)
        for remote in push.remotes:
            # A fetch tells which blobs have changed; which branch a location follows, only it knows.
            keys |= set(await keys_below(self._store.database, f"git:{remote.removesuffix('.git')}"))
        return keys

    async def _below(self, url: str) -> list[RegisteredLocation]:
        return await list_locations_below(self._store.database, url.rstrip("/") + "/")

    async def _unregister(self, urls: Sequence[str]) -> None:
        for url in urls:
            location = await self._locations.find(type="url", target=url)
            if location is not None:
                await self._forget(location)

    async def _move(self, old: str, new: str) -> None:
        location = await self._locations.find(type="url", target=old)
        if location is not None:
            await self._moved_to(location, new)

    async def _forget(self, location: RegisteredLocation) -> None:
        try:
            await self._locations.delete(location.id, actor=WEBHOOK)
        except CallboardError as error:
            log.info("location %s was not unregistered: %s", location.target, error)

    async def _moved_to(self, location: RegisteredLocation, target: str) -> None:
        try:
            await self._locations.update(location.id, LocationSpec(location.type, target), actor=WEBHOOK)
        except CallboardError as error:
            log.info("location %s was not moved to %s: %s", location.target, target, error)


def _could_match(target: str, urls: Iterable[str]) -> bool:
    """Whether a location's target, perhaps a glob, may name one of the files."""
    if not any(mark in target for mark in "*?[{"):
        return target in urls
    if target.count("*") > MAX_STARS:
        return True
    try:
        matches = compile_glob(target)
    except ValueError:
        return True
    return any(matches(url) for url in urls)


def _first(texts: Sequence[str]) -> str | None:
    return texts[0] if texts else None
