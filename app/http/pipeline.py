"""One request through the host, from path to answer. Source: spec/ui-backends.md §1.1, §1.2; spec/catalog.md §1.1.

The order is the reference's: CORS, health, mount, the gate while starting or stopping, the credentials barrier, the
route, the contract. It is one ASGI application on purpose: each layer of middleware costs every request two calls and a
closure, and here they would be ten.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable
from typing import Any, Final, Protocol

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from app.errors import InputError
from app.http.answer import Answer, Headers
from app.http.body import header, limited
from app.http.cors import Cors
from app.http.errors import ErrorAnswer, status_of
from app.http.exchange import JSON_TYPE, PRINCIPAL
from app.http.mounts import Mount, Mounts
from app.http.paths import decode_segments, raw_segments, relative_url
from app.interfaces import NOBODY, Principal
from app.lifecycle import Lifecycle
from app.telemetry import metrics, trace
from app.telemetry.requests import RequestLog

log = logging.getLogger(__name__)

PLUGIN: Final = "callboard.plugin"
"""Scope key: the plugin a request is for."""
_BODY_LIMIT: Final = 32 * 1024 * 1024
"""Bytes that a route without contract can be sent at most; webhooks are the largest."""
_HEALTH: Final = {b"readiness", b"liveness"}


class CallerOf(Protocol):
    """Finds the caller; see `app.auth.credentials.caller_of`."""

    def __call__(self, scope: Scope, *, allow_cookie: bool = False) -> Awaitable[Principal]: ...


class Pipeline:
    """The ASGI application for `http` scopes."""

    def __init__(
        self,
        mounts: Mounts,
        lifecycle: Lifecycle,
        caller_of: CallerOf,
        *,
        security: Headers,
        cors: Cors | None = None,
        requests: RequestLog | None = None,
        health_headers: Headers | None = None,
        development: bool = False,
        api: bool = True,
    ) -> None:
        """`api` False serves health and what is mounted at the root alone."""
        self._mounts, self._lifecycle, self._caller_of = mounts, lifecycle, caller_of
        self._security, self._cors, self._requests = security, cors, requests
        self._health_headers = health_headers or []
        self._development, self._api = development, api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        method: str = scope["method"]
        headers: Headers = scope["headers"]
        origin = header(headers, b"origin") if self._cors is not None else None
        if origin is not None and self._cors is not None and self._cors.allows(origin):
            if method == "OPTIONS":
                answer = Answer(send, method, [], self._security, None)
                await _plain(answer, self._cors.status, self._cors.preflight(origin, headers))
                return
            cors: Headers | None = self._cors.simple(origin)
        else:
            cors = None
        ids = trace.begin(header(headers, b"traceparent"))
        answer = Answer(send, method, headers, self._security, cors)
        scope["callboard.depth"] = 0
        try:
            await self._answer(scope, receive, answer)
        except ClientDisconnect:
            pass
        except Exception as error:  # noqa: BLE001 - whatever went wrong becomes an answer
            await self._fail(error, scope, answer)
        seconds = time.perf_counter() - began
        route: str = scope.get("callboard.route", "")
        metrics.observe_request(method, route, answer.status, seconds)
        if self._requests is not None and route != "health":
            path = scope.get("raw_path") or scope["path"].encode()
            agent = header(headers, b"user-agent")
            client = scope.get("client")
            self._requests.add(
                method,
                path.partition(b"?")[0].decode("latin-1"),
                answer.status,
                seconds=seconds,
                size=answer.size,
                trace=ids,
                client=client[0] if client else None,
                agent=agent.decode("latin-1") if agent else None,
            )

    async def _answer(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        raw = raw_segments(scope)
        mount: Mount | None
        if len(raw) >= 2 and raw[0].lower() == b"api":
            mount = self._mounts.find(raw[1]) if self._api else None
            if mount is None:
                await _plain(answer, 404, [(b"content-length", b"0")])
                return
            raw = raw[2:]
            scope["callboard.depth"] = 2
            scope[PLUGIN] = mount.plugin
            if not self._lifecycle.running:
                await self._lifecycle.admit()
        else:
            if len(raw) == 4 and raw[:3] == [b".backstage", b"health", b"v1"] and raw[3] in _HEALTH:
                await self._health(scope, answer, raw[3])
                return
            mount = self._mounts.root
        await self._serve(mount, raw, scope, receive, answer)

    async def _serve(self, mount: Mount, raw: list[bytes], scope: Scope, receive: Receive, answer: Answer) -> None:
        segments: list[str] | None
        try:
            segments, broken = decode_segments(raw), None
        except InputError as error:
            segments, broken = None, error
        found = mount.table.find(segments) if segments is not None else None
        if mount.plugin is None and found is None and broken is None:
            # What is not there at the root is not there for anybody; plugins ask for credentials first.
            await _plain(answer, 404, [(b"content-length", b"0")])
            return
        method = scope["method"]
        endpoint = found[0].endpoint(method) if found is not None else None
        public = found is not None and (found[0].public if endpoint is None else endpoint.public)
        if public or (segments is not None and mount.public and segments in mount.public):
            scope[PRINCIPAL] = NOBODY
        else:
            cookie = segments is not None and bool(mount.cookie) and segments in mount.cookie
            scope[PRINCIPAL] = await (self._caller_of(scope, allow_cookie=True) if cookie else self._caller_of(scope))
        if broken is not None:
            raise broken
        if found is None or endpoint is None:
            if found is not None and method == "OPTIONS":
                await _options(answer, found[0].allow)
            else:
                await _plain(answer, 404, [(b"content-length", b"0")])
            return
        leaf, values = found
        scope["path_params"] = dict(zip(leaf.names["GET" if method == "HEAD" else method], values, strict=True))
        scope["callboard.route"] = mount.prefix + endpoint.template
        if endpoint.operation is None and method not in ("GET", "HEAD"):
            receive = limited(receive, _BODY_LIMIT)
        await endpoint(scope, receive, answer)

    async def _health(self, scope: Scope, answer: Answer, probe: bytes) -> None:
        scope["callboard.route"] = "health"
        lifecycle = self._lifecycle
        status, body = 200, b'{"status":"ok"}'
        if scope["method"] not in ("GET", "HEAD"):
            await _plain(answer, 404, [(b"content-length", b"0")])
            return
        if probe == b"readiness" and (lifecycle.leaving or not lifecycle.running):
            status = 503
            stopping = lifecycle.leaving or lifecycle.state == "stopping"
            message = b"Backend is shutting down" if stopping else b"Backend has not started yet"
            body = b'{"message":"%s","status":"error"}' % message
        start: Headers = [(b"content-type", JSON_TYPE), (b"content-length", b"%d" % len(body)), *self._health_headers]
        await _plain(answer, status, start, body)

    async def _fail(self, error: Exception, scope: Scope, answer: Answer) -> None:
        url = relative_url(scope, scope["callboard.depth"])
        if answer.started:
            log.error("Request failed after its answer had begun", exc_info=error)
            # Only a broken connection tells the client that what it has is not all.
            raise error
        if status_of(error) == 304:
            await _plain(answer, 304, [])
            return
        told = ErrorAnswer(error, scope["method"], url, development=self._development)
        start: dict[str, Any] = {
            "type": "http.response.start",
            "status": told.status,
            "headers": [(b"content-type", JSON_TYPE), (b"content-length", b"%d" % len(told.body))],
        }
        await answer(start)
        await answer({"type": "http.response.body", "body": told.body, "more_body": False})


async def _plain(answer: Answer, status: int, headers: Headers, body: bytes = b"") -> None:
    await answer({"type": "http.response.start", "status": status, "headers": headers})
    await answer({"type": "http.response.body", "body": body, "more_body": False})


async def _options(answer: Answer, allow: str) -> None:
    body = allow.encode()
    headers = [
        (b"allow", body),
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    ]
    await _plain(answer, 200, headers, body)
