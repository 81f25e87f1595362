"""Hosts as the configuration names them: `name`, `name:port`, `name:low-high`, `*.name`. Pure. Source: §5.3."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from app.errors import InputError
from app.reading.urls import DEFAULT_PORTS, WebUrl

_PATTERN = re.compile(
    r"(?P<wild>\*\.)?(?P<name>\[[0-9A-Fa-f:.]+\]|[^\s:/*?#@\[\]\\]+)(?::(?P<low>\d{1,5})(?:-(?P<high>\d{1,5}))?)?"
)


@dataclass(frozen=True, slots=True)
class HostPattern:
    """`ports` None: only URLs that name no port, or their scheme's own."""

    name: str
    wildcard: bool = False
    ports: tuple[int, int] | None = None

    @classmethod
    def parse(cls, text: str) -> HostPattern:
        """Raises InputError."""
        found = _PATTERN.fullmatch(text)
        if found is None:
            raise InputError(f"'{text}' is not a host: expected name, name:port, name:low-high or *.name")
        name = found["name"].strip("[]").lower().rstrip(".")
        if not name.isascii():
            name = name.encode("idna").decode()
        low, high = found["low"], found["high"]
        ports = (int(low), int(high or low)) if low else None
        if ports and not 0 < ports[0] <= ports[1] <= 65535:
            raise InputError(f"'{text}' names no valid range of ports")
        return cls(name, bool(found["wild"]), ports)

    def matches(self, url: WebUrl) -> bool:
        if self.ports is None:
            if url.port != DEFAULT_PORTS[url.scheme]:
                return False
        elif not self.ports[0] <= url.port <= self.ports[1]:
            return False
        if self.wildcard:
            return url.host.endswith(f".{self.name}") and len(url.host) > len(self.name) + 1
        return url.host == self.name


class TrustedHosts:
    """The hosts that the configuration names, and so vouches for."""

    def __init__(self) -> None:
        self._patterns: set[HostPattern] = set()

    def add(self, pattern: HostPattern) -> None:
        self._patterns.add(pattern)

    def level(self, url: WebUrl) -> Literal["exact", "wildcard"] | None:
        found = [pattern for pattern in self._patterns if pattern.matches(url)]
        if any(not pattern.wildcard for pattern in found):
            return "exact"
        return "wildcard" if found else None
