"""Requests to one GitHub host: with the right token, at the right time, and again where that is safe."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx
import orjson

from app.errors import InputError, ServiceUnavailableError
from app.interfaces import Clock, Outgoing
from app.reading.interfaces import parse_web_url
from plugins.github.api.answers import Answers
from plugins.github.api.budgets import Budgets
from plugins.github.api.errors import GithubLimitedError, GithubUnavailableError, error_of, message_of
from plugins.github.api.priority import Priority
from plugins.github.credentials import Credential, GithubCredentials, token_credential
from plugins.github.settings import GithubHost

API_VERSION: Final = "2022-11-28"
JSON: Final = "application/vnd.github+json"
TIMEOUT_S: Final = 60.0
MAX_REDIRECTS: Final = 3
MAX_BYTES: Final = 50 * 1024 * 1024
TRIES: Final = 4
"""How often a request that only reads is made, when GitHub stumbles (5xx, no answer)."""
LIMITED_TRIES: Final = 4
"""How often a request is made that a rate limit refused: it was not carried out, whatever it is."""
_REFUSED_FOR_NOW: Final = frozenset({500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Caller:
    """In whose name, and how urgently. `token` is a user's own, which goes before everything configured."""

    owner: str | None = None
    priority: Priority = Priority.USER
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """`reads`: nothing changes at GitHub, so it may be made again when nobody knows what became of it."""

    method: str
    url: str
    resource: str
    reads: bool
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)


class GithubConnection:
    """See `GithubApi` for what callers use. `sleep` is a parameter for tests."""

    def __init__(
        self,
        settings: GithubHost,
        outgoing: Outgoing,
        credentials: GithubCredentials,
        budgets: Budgets,
        answers: Answers,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.settings = settings
        self.credentials = credentials
        self.budgets = budgets
        self._outgoing = outgoing
        self._answers = answers
        self._clock = clock
        self._sleep = sleep

    @property
    def base(self) -> str:
        """Where REST paths start. Raises InputError for a host of which only raw files are known."""
        if self.settings.api is None:
            raise InputError(f"The integration for {self.settings.host} has no apiBaseUrl")
        return self.settings.api

    @property
    def graphql_url(self) -> str:
        """Enterprise has GraphQL beside REST's `/api/v3`, not below."""
        base = self.base
        return f"{base.removesuffix('/v3') if base.endswith('/api/v3') else base}/graphql"

    async def credential(self, caller: Caller) -> Credential:
        if caller.token is not None:
            return token_credential(caller.token, configured=False)
        return await self.credentials.credential(caller.owner)

    async def send(self, request: Request, caller: Caller) -> httpx.Response:
        """The answer, whatever GitHub thinks of the request.

        Raises GithubLimitedError, GithubUnavailableError, and what giving out credentials raises.
        """
        tries = limited = 0
        renewed = False
        while True:
            credential = await self.credential(caller)
            budget = self.budgets.of(credential)
            async with budget.turn(request.resource, caller.priority):
                response = await self._once(request, credential)
                refusal = await budget.observe(request.resource, response) if response is not None else None
            if response is None or response.status_code in _REFUSED_FOR_NOW:
                tries += 1
                if tries < TRIES and request.reads:
                    await self._sleep(2.0 ** (tries - 1) * (1 + random.random() / 4))  # noqa: S311 -- no secret
                    continue
                if response is None:
                    raise GithubUnavailableError(f"'{self.settings.host}' did not answer")
                return response
            if refusal is not None:
                # The next turn waits for its time, or fails at once if that is too far away.
                limited += 1
                if limited < LIMITED_TRIES:
                    continue
                words, _ = message_of(response)
                raise GithubLimitedError(f"{words} (rate limit exceeded)", refusal.until, status=response.status_code)
            if response.status_code == 401 and credential.renewable and not renewed:
                renewed = True
                self.credentials.forget(credential)
                continue
            return response

    async def get_kept(self, request: Request, caller: Caller) -> httpx.Response:
        """`send` for what is asked for again and again: an answer of before serves when GitHub says that it still
        holds, which costs nothing."""
        credential = await self.credential(caller)
        if not credential.configured:
            return await self.send(request, caller)
        kept = await self._answers.find(credential.id, request.url)
        if kept is not None:
            asked = Request(
                request.method,
                request.url,
                request.resource,
                request.reads,
                {**request.headers, "if-none-match": kept.etag},
            )
            response = await self.send(asked, caller)
            if response.status_code == 304:
                headers = {"etag": kept.etag, **({"link": kept.link} if kept.link else {})}
                return httpx.Response(200, headers=headers, content=kept.body, request=response.request)
        else:
            response = await self.send(request, caller)
        if response.status_code == 200:
            await self._answers.keep(credential.id, request.url, response.headers, response.content, self._clock.now())
        return response

    async def _once(self, request: Request, credential: Credential) -> httpx.Response | None:
        """None: no answer, or half of one."""
        origin = parse_web_url(request.url).origin
        headers = {"accept": JSON, "x-github-api-version": API_VERSION, **request.headers, **credential.headers}
        if request.content is not None:
            headers["content-type"] = "application/json"
        try:
            return await self._outgoing.request(
                request.method,
                request.url,
                headers=headers,
                content=request.content,
                allow=lambda hop: parse_web_url(hop).origin == origin,
                # Renamed and transferred repositories answer with their new place. What changes something is not
                # sent on: its method might become another one on the way.
                max_redirects=MAX_REDIRECTS if request.method in ("GET", "HEAD") else 0,
                max_bytes=MAX_BYTES,
                timeout=TIMEOUT_S,
            )
        except ServiceUnavailableError:
            return None


def json_of(response: httpx.Response) -> object:
    """The JSON of a successful answer; None for an empty one. Raises GithubError."""
    if not response.is_success:
        raise error_of(response)
    if not response.content:
        return None
    try:
        return orjson.loads(response.content)
    except ValueError as error:
        # A sign-in page, say: it must never pass for an empty answer.
        raise GithubUnavailableError("GitHub's answer makes no sense", status=response.status_code) from error
