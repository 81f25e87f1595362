"""A provider as its environments: which one a request means. Source: spec/ui-backends.md §3.5."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request, Response

from app.errors import InputError, NotFoundError
from app.interfaces import SignInProvider
from plugins.auth.oauth.flow import OAuthClient
from plugins.auth.oauth.state import OAuthState


class OAuthProvider(SignInProvider):
    def __init__(self, provider: str, clients: Mapping[str, OAuthClient]) -> None:
        self.id = provider
        self._clients = clients

    async def start(self, request: Request) -> Response:
        env = await self._env(request)
        return await self._client(env).start(request, env)

    async def frame(self, request: Request) -> Response:
        return await self._client(await self._env(request)).frame(request)

    async def refresh(self, request: Request) -> Response:
        return await self._client(await self._env(request)).refresh(request)

    async def logout(self, request: Request) -> Response:
        return await self._client(await self._env(request)).logout(request)

    def _client(self, env: str) -> OAuthClient:
        if env not in self._clients:
            raise NotFoundError(f"No configuration available for the '{env}' environment of this provider.")
        return self._clients[env]

    async def _env(self, request: Request) -> str:
        """By the query, or the state that comes back from the identity provider, in the query or a form."""
        env, state = request.query_params.get("env"), request.query_params.get("state")
        if not env and not state and request.method == "POST":
            state = dict(parse_qsl((await request.body()).decode("utf-8", "replace"))).get("state")
        if not env and state:
            env = OAuthState.decode(state).env
        if not env:
            raise InputError("Must specify 'env' query to select environment")
        return env
