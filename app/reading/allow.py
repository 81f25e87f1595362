"""`backend.reading.allow`: which URLs the generic reader may read. Source: §5.3.

Entries are compared part by part with the parsed URL, never as text with wildcards (CVE-2026-32235).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import normpath

from pydantic import BaseModel

from app.errors import InputError
from app.reading.hosts import HostPattern
from app.reading.urls import WebUrl, parse_web_url, settled


class AllowSettings(BaseModel, frozen=True, defer_build=True):
    """One entry of `backend.reading.allow`."""

    host: str
    """`example.com`, `*.example.com`, `example.com:8080` or `example.com:8000-8999`."""
    paths: tuple[str, ...] | None = None
    """Paths that match exactly, or up to a `/`. Absent: all."""


@dataclass(frozen=True, slots=True)
class Allowed:
    host: HostPattern
    paths: tuple[str, ...] | None

    def covers(self, url: WebUrl) -> bool:
        if not self.host.matches(url):
            return False
        if self.paths is None:
            return True
        path = normpath(settled(url.path))
        return any(path == prefix or path.startswith(prefix.rstrip("/") + "/") for prefix in self.paths)


class AllowList:
    """Raises InputError when an entry's host is malformed."""

    def __init__(self, entries: Iterable[AllowSettings]) -> None:
        self._entries = tuple(
            Allowed(
                HostPattern.parse(entry.host),
                None if entry.paths is None else tuple(normpath("/" + path.lstrip("/")) for path in entry.paths),
            )
            for entry in entries
        )

    def covers(self, url: str) -> bool:
        """Whether the URL may be read. A URL that cannot be understood may not."""
        try:
            parsed = parse_web_url(url)
            return any(entry.covers(parsed) for entry in self._entries)
        except InputError:
            return False
