"""What all proxied sign-ins share: only `refresh` is there, and it reads the request's headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import Request, Response

from app.errors import CallboardError
from app.interfaces import Auth, SignInContext, SignInInfo, SignInProfile, SignInProvider, SignInResolver
from plugins.auth import metrics
from plugins.auth.session import session, session_response


@dataclass(frozen=True, slots=True)
class ProxyResult:
    profile: SignInProfile
    result: Mapping[str, Any]
    provider_info: Mapping[str, Any]


class ProxyAuthenticator(Protocol):
    async def authenticate(self, request: Request) -> ProxyResult:
        """Who the proxy says it is. Raises AuthenticationError where it says nothing, or not believably."""


class ProxyProvider(SignInProvider):
    def __init__(
        self,
        provider: str,
        authenticator: ProxyAuthenticator,
        resolver: SignInResolver,
        users: SignInContext,
        auth: Auth,
    ) -> None:
        self.id = provider
        self._authenticator, self._resolver, self._users, self._auth = authenticator, resolver, users, auth

    async def refresh(self, request: Request) -> Response:
        try:
            found = await self._authenticator.authenticate(request)
            identity = await self._resolver(SignInInfo(self.id, found.profile, found.result), self._users)
        except CallboardError:
            metrics.ended(self.id, "refresh", well=False)
            raise
        metrics.ended(self.id, "refresh", well=True)
        return session_response(await session(self._auth, identity, found.profile, found.provider_info))
