"""The guarded client at GitLab's pace."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx

from app.interfaces import Outgoing
from plugins.gitlab.pace import Pace


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
        return await self._pace.run(
            lambda: self._outgoing.request(
                method,
                url,
                headers=headers,
                content=content,
                allow=allow,
                max_redirects=max_redirects,
                max_bytes=max_bytes,
                timeout=timeout,
            )
        )
