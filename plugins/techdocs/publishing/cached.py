"""Files of a bucket in memory for a while. Source: spec/ui-backends.md §7 (`techdocs.cache`)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from app.interfaces import Clock
from plugins.techdocs.interfaces import Publisher, Site, StoredFile

MAX_FILE: Final = 1024 * 1024
"""Larger files pass by."""
CHANNEL: Final = "techdocs_published"


class CachedPublisher:
    """A publisher with a cache before it. `published(prefix)` tells other processes that a site has changed."""

    def __init__(
        self, inner: Publisher, clock: Clock, *, ttl: timedelta, megabytes: int, published: Callable[[str], Any]
    ) -> None:
        self._inner, self._clock, self._ttl = inner, clock, ttl
        self._room = megabytes * 1024 * 1024
        self._published = published
        self._files: OrderedDict[tuple[str, str], tuple[datetime, StoredFile, bytes]] = OrderedDict()
        self._size = 0
        self._stamps: dict[str, Any] = {}
        """When the site was built that files are kept of, as far as somebody has asked."""
        self.redirects_case, self.missing = inner.redirects_case, inner.missing

    async def ready(self) -> None:
        await self._inner.ready()

    async def publish(self, site: Site, folder: Path) -> list[str]:
        files = await self._inner.publish(site, folder)
        self.invalidate(site.prefix)
        await self._published(site.prefix)
        return files

    async def metadata(self, site: Site) -> Mapping[str, Any]:
        metadata = await self._inner.metadata(site)
        self._stamps.setdefault(site.prefix, metadata.get("build_timestamp"))
        return metadata

    async def has_site(self, site: Site) -> bool:
        return await self._inner.has_site(site)

    async def is_folder(self, site: Site, path: str) -> bool:
        return await self._inner.is_folder(site, path)

    async def read(self, site: Site, path: str, *, max_bytes: int) -> bytes:
        return await self._inner.read(site, path, max_bytes=max_bytes)

    async def open(self, site: Site, path: str) -> StoredFile | None:
        key = (site.prefix, path)
        kept = self._files.get(key)
        if kept is not None and self._clock.now() < kept[0]:
            self._files.move_to_end(key)
            return replace(kept[1], chunks=_once(kept[2]))
        found = await self._inner.open(site, path)
        if found is None or found.chunks is None or found.size is None or found.size > MAX_FILE:
            return found
        content = b"".join([chunk async for chunk in found.chunks])
        self._keep(key, replace(found, chunks=None), content)
        return replace(found, chunks=_once(content))

    def _keep(self, key: tuple[str, str], file: StoredFile, content: bytes) -> None:
        self._drop(key)
        self._files[key] = (self._clock.now() + self._ttl, file, content)
        self._size += len(content)
        while self._size > self._room:
            self._drop(next(iter(self._files)))

    def _drop(self, key: tuple[str, str]) -> None:
        dropped = self._files.pop(key, None)
        if dropped is not None:
            self._size -= len(dropped[2])

    def invalidate(self, prefix: str) -> None:
        """Forget a site's files."""
        self._stamps.pop(prefix, None)
        for key in [key for key in self._files if key[0] == prefix]:
            self._drop(key)

    async def refreshed(self, site: Site) -> bool:
        """Whether the site has been published anew since its files were cached; they are forgotten then."""
        known = self._stamps.get(site.prefix)
        stamp = (await self._inner.metadata(site)).get("build_timestamp")
        self._stamps[site.prefix] = stamp
        if known is None or known == stamp:
            return False
        self.invalidate(site.prefix)
        self._stamps[site.prefix] = stamp
        return True


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
