"""The guarded client for code that knows of no budgets: readers' requests to the API take their turn like others."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from app.interfaces import Outgoing
from app.reading.interfaces import Ask, PacedOutgoing, parse_web_url
from plugins.github.api.connection import GithubConnection
from plugins.github.api.limits import CORE
from plugins.github.api.priority import Priority
from plugins.github.credentials import ANONYMOUS, Credential


def budgeted(outgoing: Outgoing, connection: GithubConnection, priority: Priority) -> Outgoing:
    """Credentials are known by the token in the headers; each answer is learnt from, and for a token that has ended
    early a new one is tried."""
    return PacedOutgoing(outgoing, _Budgeted(connection, priority).pace)


class _Budgeted:
    def __init__(self, connection: GithubConnection, priority: Priority) -> None:
        self._connection = connection
        self._priority = priority

    async def pace(self, url: str, headers: Mapping[str, str], ask: Ask) -> httpx.Response:
        base = self._connection.settings.api
        if base is None or parse_web_url(url).origin != parse_web_url(base).origin:
            return await ask(headers)
        credential = self._credential(headers)
        response = await self._in_turn(credential, ask, headers)
        if response.status_code == 401 and credential.renewable:
            credentials = self._connection.credentials
            credentials.forget(credential)
            credential = await credentials.credential(credential.owner)
            response = await self._in_turn(credential, ask, {**headers, **credential.headers})
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
