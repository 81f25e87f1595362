"""A router under a plugin's mount, behind the credentials barrier: as small a host as will do."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI
from starlette.types import Receive, Scope, Send

from app.auth.credentials import PLUGIN_KEY, PRINCIPAL_KEY, caller_of
from app.auth.service import AuthService
from app.errors import CallboardError
from app.http.errors import ErrorAnswer
from app.interfaces import NOBODY, JsonBytes
from tests.app.auth.world import BASE_URL


def client_of(
    auth: AuthService, plugin: str, router: APIRouter, *, public: Iterable[str] = (), headers: Any = None
) -> httpx.AsyncClient:
    """A client of the router; paths in `public` (all, if it holds `*`) need no credentials."""
    app = FastAPI()
    app.include_router(router)
    open_to_all = frozenset(public)

    async def host(scope: Scope, receive: Receive, send: Send) -> None:
        scope[PLUGIN_KEY] = plugin
        try:
            is_public = "*" in open_to_all or scope["path"] in open_to_all
            scope[PRINCIPAL_KEY] = NOBODY if is_public else await caller_of(auth, scope)
            await app.router(scope, receive, send)
        except CallboardError as error:
            answer = ErrorAnswer(error, scope["method"], scope["path"])
            await JsonBytes(answer.body, answer.status)(scope, receive, send)

    # FastAPI's application puts this into the scope; its routes close uploaded files by it.
    return httpx.AsyncClient(transport=httpx.ASGITransport(_with_stacks(host)), base_url=BASE_URL, headers=headers)


def _with_stacks(app: Any) -> Any:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as files:
            scope["fastapi_middleware_astack"] = files
            await app(scope, receive, send)

    return run
