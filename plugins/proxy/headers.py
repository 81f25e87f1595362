"""Which headers are passed on, in either direction. Pure. Source: spec/ui-backends.md §12."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

SAFE: Final = frozenset(
    {
        *("cache-control", "content-language", "content-length", "content-type"),
        *("expires", "last-modified", "pragma", "host", "accept", "accept-language", "user-agent"),
    }
)
_OF_THE_CONNECTION: Final = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade", "accept-encoding"),
    }
)
"""Between us and one side; nobody's to allow."""

Headers = list[tuple[str, str]]


class HeaderRules:
    """Of one endpoint. `given` are the headers that it adds; they go before a client's own of the same name."""

    def __init__(self, allowed: Iterable[str], given: Mapping[str, str], *, forward: bool) -> None:
        extra = {name.lower() for name in allowed}
        self._given = {name.lower(): value for name, value in given.items()}
        self._back = (SAFE | extra) - _OF_THE_CONNECTION
        self._on = (SAFE | extra | ({"authorization"} if forward else set())) - _OF_THE_CONNECTION - set(self._given)

    def to_target(self, headers: Sequence[tuple[bytes, bytes]], *, host: str | None) -> Headers:
        """`host` replaces the client's; None keeps it."""
        sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        sent = [(name, value) for name, value in sent if name in self._on and (name != "host" or host is None)]
        if host is not None and "host" not in self._given:
            sent.insert(0, ("host", host))
        return [*sent, *self._given.items()]

    def to_client(self, headers: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
        return [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers
            if name.lower() in self._back
        ]
