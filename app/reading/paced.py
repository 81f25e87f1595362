"""The guarded client at a host's pace, for code that knows of none: readers' requests take their turn like others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import httpx

from app.interfaces import Outgoing

Ask = Callable[[Mapping[str, str]], Awaitable[httpx.Response]]
"""Sends the request with these headers; may be called again."""
Pace = Callable[[str, Mapping[str, str], Ask], Awaitable[httpx.Response]]
"""Given a request's URL and headers, lets it go when it is time, and again if need be."""


class PacedOutgoing:
    """See `app.interfaces.Outgoing`."""

    def __init__(self, outgoing: Outgoing, pace: Pace) -> None:
        self._outgoing = outgoing
        self._pace = pace

    def trust(self, host: str) -> None:
        self._outgoing.trust(host)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        allow: Callable[[str], bool] | None = None,
        max_redirects: int = 0,
        max_bytes: int = 50 * 1024 * 1024,
        timeout: float = 30.0,
    ) -> httpx.Response:
        async def ask(sent: Mapping[str, str]) -> httpx.Response:
            return await self._outgoing.request(
                method,
                url,
                headers=sent,
                content=content,
                allow=allow,
                max_redirects=max_redirects,
                max_bytes=max_bytes,
                timeout=timeout,
            )

        return await self._pace(url, dict(headers or {}), ask)
