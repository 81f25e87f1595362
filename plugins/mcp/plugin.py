"""MCP servers as a plugin."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from prometheus_client import Histogram
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.errors import AuthenticationError
from app.interfaces import JsonBytes, PluginHost, caller
from plugins.mcp import audit
from plugins.mcp.settings import McpSettings
from plugins.mcp.skill_files import BUILT_IN, PREFIX, read_skills, skill_routes
from plugins.mcp.tools import BUCKETS, Tools

if TYPE_CHECKING:
    from plugins.mcp.server import McpServer

_NOT_ALLOWED: Final = b'{"jsonrpc":"2.0","error":{"code":-32000,"message":"Method not allowed."},"id":null}'
_FAILED: Final = b'{"jsonrpc":"2.0","error":{"code":-32603,"message":"Internal server error"},"id":null}'

log = logging.getLogger(__name__)
sessions = Histogram(
    "mcp_server_session_duration_seconds",
    "The duration of the MCP session as observed on the MCP server.",
    buckets=BUCKETS,
)


class McpPlugin:
    """Lets agents use the actions of all plugins, in the name of whoever sent them."""

    id = "mcp-actions"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("mcpActions", McpSettings)
        if settings.skills is not False:
            further = settings.skills if isinstance(settings.skills, list) else []
            host.mount_root(skill_routes(read_skills([BUILT_IN, *further])))
            # What agents learn there is how to ask, not what there is.
            host.allow_unauthenticated(f"{PREFIX}/*")
        servers = Servers(host, settings)
        host.mount("mcp-actions", servers.router())
        host.on_stop(servers.stop)


class Servers:
    """The server of each key, made when it is first asked for; None is the one at `/v1`."""

    def __init__(self, host: PluginHost, settings: McpSettings) -> None:
        self._host, self._settings = host, settings
        self._running: dict[str | None, McpServer] = {}
        self._starting = asyncio.Lock()

    def router(self) -> APIRouter:
        routes = APIRouter(include_in_schema=False)
        for path in ("/v1", "/v1/{key}"):
            routes.add_api_route(path, self._serve, methods=["POST"])
            routes.add_api_route(path, self._refuse, methods=["GET", "DELETE"])
        return routes

    async def stop(self) -> None:
        for server in self._running.values():
            await server.stop()
        self._running.clear()

    async def _serve(self, request: Request) -> Response:
        key = request.path_params.get("key")
        if caller(request).kind == "none":
            raise AuthenticationError("Missing credentials")
        if self._settings.server(key) is None:
            return Response(status_code=404)
        return _Handled(await self._server(key))

    async def _refuse(self, request: Request) -> Response:
        """Without sessions there is nothing to listen to and nothing to end."""
        if self._settings.server(request.path_params.get("key")) is None:
            return Response(status_code=404)
        return JsonBytes(_NOT_ALLOWED, 405, {"allow": "POST"}, etag=False)

    async def _server(self, key: str | None) -> McpServer:
        async with self._starting:
            if key not in self._running:
                from plugins.mcp.server import McpServer

                settings = self._settings.server(key)
                assert settings is not None
                tools = Tools(self._host.actions, settings, namespaced=self._settings.namespaced_tool_names)
                server = McpServer(settings, tools)
                await server.start()
                self._running[key] = server
            return self._running[key]


class _Handled(Response):
    """What the SDK answers to the request, as it comes."""

    def __init__(self, server: McpServer) -> None:
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, started = time.perf_counter(), False

        async def noted(message: dict[str, object]) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        who = caller(Request(scope))
        audit.record("connection", who, transport="streamable", actionType="established")
        try:
            await self._server.handle(scope, receive, noted)  # type: ignore[arg-type]
        except Exception:
            log.exception("An MCP request failed")
            if started:
                raise
            await JsonBytes(_FAILED, 500)(scope, receive, send)
        finally:
            sessions.observe(time.perf_counter() - began)
            audit.record("connection", who, transport="streamable", actionType="closed")
