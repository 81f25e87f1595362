"""The guarded client for code that knows of no budgets: readers' requests to the API take their turn like others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import httpx

from app.interfaces import Outgoing
from app.reading.interfaces import parse_web_url
from plugins.github.api.connection import GithubConnection
from plugins.github.api.limits import CORE
from plugins.github.api.priority import Priority
from plugins.github.credentials import ANONYMOUS, Credential

Ask = Callable[[Mapping[str, str]], Awaitable[httpx.Response]]


class BudgetedOutgoing:
    """See `app.interfaces.Outgoing`. Credentials are known by the token in the headers; each answer is learnt from, and
    for a token that has ended early a new one is tried."""

    def __init__(self, outgoing: Outgoing, connection: GithubConnection, priority: Priority) -> None:
        self._outgoing = outgoing
        self._connection = connection
        self._priority = priority

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

        given = dict(headers or {})
        base = self._connection.settings.api
        if base is None or parse_web_url(url).origin != parse_web_url(base).origin:
            return await ask(given)
        credential = self._credential(given)
        response = await self._in_turn(credential, ask, given)
        if response.status_code == 401 and credential.renewable:
            credentials = self._connection.credentials
            credentials.forget(credential)
            credential = await credentials.credential(credential.owner)
            response = await self._in_turn(credential, ask, {**given, **credential.headers})
        return response

    async def _in_turn(self, credential: Credential, ask: Ask, headers: Mapping[str, str]) -> httpx.Response:
        budget = self._connection.budgets.of(credential)
        async with budget.turn(CORE, self._priority):
            response = await ask(headers)
            await budget.observe(CORE, response)
        return response

    def _credential(self, headers: Mapping[str, str]) -> Credential:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        return self._connection.credentials.known(token) if token else ANONYMOUS
