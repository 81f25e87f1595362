"""One WebSocket connection through the host, from its request to its end. Source: spec/ui-backends.md §9.

The credentials barrier is that of `app.http.pipeline`, but for where the token stands: browsers cannot set headers for
a WebSocket, so the stock UI offers it as the subprotocol, which has to be accepted as it was offered.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from prometheus_client import Counter, Gauge
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.auth.credentials import PLUGIN_KEY, PRINCIPAL_KEY, bearer_of
from app.auth.tokens import expiry, peek
from app.errors import AuthenticationError, CallboardError, InputError, NotFoundError, ServiceUnavailableError
from app.http.errors import status_of
from app.http.mounts import Mounts
from app.http.paths import decode_segments, raw_segments
from app.interfaces import NOBODY, Principal, WebSocketEndpoint
from app.lifecycle import Lifecycle
from app.telemetry import trace
from app.telemetry.requests import RequestLog

MAX_FRAME: Final = 64 * 1024
"""Bytes of a message from a client; a longer one ends the connection (1009)."""
PING_INTERVAL: Final = 30.0
"""Seconds between pings, as in the reference; a peer that has not answered by the next one is gone."""
NORMAL: Final = 1000
POLICY_VIOLATION: Final = 1008
INTERNAL_ERROR: Final = 1011

log = logging.getLogger(__name__)
open_sockets = Gauge("http_server_websocket_connections", "Open WebSocket connections.", ("http_route",))
refused_sockets = Counter(
    "http_server_websocket_refused", "WebSocket requests that were refused.", ("http_response_status_code",)
)


class TokenCheck(Protocol):
    """Who presents a token to a plugin."""

    default_policy_disabled: bool

    async def authenticate(self, token: str, *, plugin: str | None = None) -> Principal: ...


@dataclass(frozen=True, slots=True)
class Limits:
    connections: int = 10_000
    """Open at once in this process; more are answered with 503."""


class WebSockets:
    """The ASGI application for `websocket` scopes."""

    def __init__(
        self,
        mounts: Mounts,
        lifecycle: Lifecycle,
        auth: TokenCheck,
        *,
        limits: Limits | None = None,
        requests: RequestLog | None = None,
        api: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._mounts, self._lifecycle, self._auth = mounts, lifecycle, auth
        self._limits, self._requests, self._api, self._now = limits or Limits(), requests, api, now
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        # What is answered before the handshake is an HTTP answer like any other.
        trace_ids = trace.begin(next((value for key, value in scope["headers"] if key == b"traceparent"), None))
        websocket = WebSocket(scope, receive, send)
        await websocket.receive()
        try:
            route, endpoint, principal, seconds = await self._admit(scope)
        except CallboardError as error:
            status = status_of(error)
            refused_sockets.labels(str(status)).inc()
            self._log(scope, status, time.perf_counter() - began, trace_ids)
            with suppress(WebSocketDisconnect):
                await _refuse(send, status)
            return
        scope[PRINCIPAL_KEY] = principal
        self._log(scope, 101, time.perf_counter() - began, trace_ids)
        self._open += 1
        open_sockets.labels(route).inc()
        try:
            await websocket.accept(subprotocol=next(iter(scope["subprotocols"]), None))
            await self._run(endpoint(websocket, principal), websocket, seconds)
        finally:
            self._open -= 1
            open_sockets.labels(route).dec()

    async def _admit(self, scope: Scope) -> tuple[str, WebSocketEndpoint, Principal, float | None]:
        """Route, endpoint, caller and the seconds for which the caller's token is good.

        Raises NotFoundError, AuthenticationError, NotAllowedError, ServiceUnavailableError.
        """
        raw = raw_segments(scope)
        mount = self._mounts.find(raw[1]) if self._api and len(raw) >= 2 and raw[0].lower() == b"api" else None
        if mount is None or not mount.sockets:
            raise NotFoundError
        if not self._lifecycle.running:
            await self._lifecycle.admit()
        try:
            segments = decode_segments(raw[2:])
        except InputError:
            raise NotFoundError from None
        found = mount.sockets.get("/".join(segments).lower())
        if found is None:
            raise NotFoundError
        if self._open >= self._limits.connections:
            raise ServiceUnavailableError("Too many connections")
        scope[PLUGIN_KEY] = mount.plugin
        token = bearer_of(scope["headers"]) or next(iter(scope["subprotocols"]), None)
        route = f"{mount.prefix}/{'/'.join(segments)}".rstrip("/")
        if token is not None:
            principal = await self._auth.authenticate(token, plugin=mount.plugin)
            known = peek(token)
            until = math.inf if known is None else expiry(known.claims)
            return route, found, principal, None if until == math.inf else until - self._now()
        if segments in mount.public or self._auth.default_policy_disabled:
            return route, found, NOBODY, None
        raise AuthenticationError("Missing credentials")

    async def _run(self, work: Awaitable[None], websocket: WebSocket, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds) as life:
                await work
            await _close(websocket, NORMAL)
        except TimeoutError:
            if not life.expired():
                raise
            # The UI connects again with its next token after any end but a normal one.
            await _close(websocket, POLICY_VIOLATION, "The token has expired")
        except WebSocketDisconnect:
            pass
        except Exception:
            log.exception("A WebSocket connection failed")
            await _close(websocket, INTERNAL_ERROR)

    def _log(self, scope: Scope, status: int, seconds: float, trace_ids: tuple[str, str]) -> None:
        if self._requests is None:
            return
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        agent = next((value for key, value in scope["headers"] if key == b"user-agent"), None)
        client = scope.get("client")
        self._requests.add(
            "GET",
            path.partition(b"?")[0].decode("latin-1"),
            status,
            seconds=seconds,
            size=0,
            trace=trace_ids,
            client=client[0] if client else None,
            agent=agent.decode("latin-1") if agent else None,
        )


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b"", "more_body": False})


async def _close(websocket: WebSocket, code: int, reason: str = "") -> None:
    # The peer may have gone meanwhile, or not read what was sent before: then there is nobody to tell.
    with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        async with asyncio.timeout(1):
            await websocket.close(code, reason)
