"""Which languages a Component is written in, as GitHub has found out."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, ClassVar, Final

from app.errors import CallboardError
from app.interfaces import Reading
from catalog.interfaces import CatalogProcessor, Emit, Entity, LocationSpec, ProcessorCache
from plugins.github.api.hosts import GithubHosts
from plugins.github.api.priority import Priority
from plugins.github.processors.settings import LanguagesSettings
from plugins.github.processors.slug import repository_at

LANGUAGES: Final = "github.com/languages"
ASK_EVERY_S: Final = 3600.0
"""Languages change slowly; asked again, GitHub mostly answers 304, which costs nothing."""
MAX_KNOWN: Final = 20_000
_NOT_IN_TAGS = re.compile(r"[^a-z0-9+#]+")

Shares = dict[str, int]


def shares_of(bytes_of: Shares) -> list[tuple[str, float]]:
    """Languages by their share of all bytes, largest first; equals by name."""
    total = sum(bytes_of.values()) or 1
    return [(name, size / total) for name, size in sorted(bytes_of.items(), key=lambda one: (-one[1], one[0]))]


def tag_of(language: str) -> str:
    """`Jupyter Notebook` → `jupyter-notebook`, `C#` stays. Source: spec/catalog.md §3.1 (tags)."""
    return _NOT_IN_TAGS.sub("-", language.lower()).strip("-")[:63]


class GithubLanguagesProcessor(CatalogProcessor):
    """While GitHub does not answer, what it said last holds."""

    name: ClassVar[str] = "GithubLanguagesProcessor"
    reads_outside: ClassVar[bool] = True

    def __init__(
        self,
        reading: Reading,
        hosts: GithubHosts,
        settings: LanguagesSettings,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reading = reading
        self._hosts = hosts
        self._settings = settings
        self._now = now
        self._asked: OrderedDict[str, tuple[float, Shares]] = OrderedDict()

    async def pre_process(
        self, entity: Entity, location: LocationSpec, emit: Emit, origin: LocationSpec, cache: ProcessorCache
    ) -> Entity:
        found = repository_at(self._reading, location) if entity["kind"] == "Component" else None
        if found is None:
            return entity
        key = "/".join(found)
        known: Shares = cache.get("languages") or {}
        told = await self._languages(key, *found)
        if told is not None:
            known = told
        cache.set("repository", key)
        cache.set("languages", known)
        if not known:
            return entity
        metadata = entity["metadata"]
        shares = shares_of(known)
        changed = {**metadata, "annotations": {**(metadata.get("annotations") or {}), LANGUAGES: _text(shares)}}
        if self._settings.tags:
            tags = [tag for name, share in shares if share >= self._settings.min_share and (tag := tag_of(name))]
            changed["tags"] = list(dict.fromkeys([*(metadata.get("tags") or ()), *tags]))
        return {**entity, "metadata": changed}

    async def unchanged(self, doing: str, state: dict[str, Any]) -> bool:
        """Not worth a pass while GitHub was asked within the hour, or says what it said."""
        key = str(state.get("repository", ""))
        if key.count("/") < 2:
            return True
        told = await self._languages(key, *key.split("/", 2))
        return told is None or told == state.get("languages")

    async def _languages(self, key: str, host: str, owner: str, name: str) -> Shares | None:
        now = self._now()
        known = self._asked.get(key)
        if known is not None and now - known[0] < ASK_EVERY_S:
            return known[1]
        try:
            api = self._hosts.api(host, owner, priority=Priority.SCAN)
            found: Shares = await api.find("/repos/{owner}/{repo}/languages", keep=True, owner=owner, repo=name) or {}
        except CallboardError:
            return None
        self._asked[key] = (now, found)
        self._asked.move_to_end(key)
        while len(self._asked) > MAX_KNOWN:
            self._asked.popitem(last=False)
        return found


def _text(shares: list[tuple[str, float]]) -> str:
    """`Go:83.2,Shell:16.8`, in percent."""
    return ",".join(f"{name}:{share * 100:.1f}" for name, share in shares)
