"""One MCP server over the official SDK: stateless streamable HTTP. Source: spec/ui-backends.md §15.

Loaded when the first agent comes: the SDK takes a good part of a second, which no start has to wait for.
"""

from __future__ import annotations

import asyncio
import logging
from importlib.metadata import version
from typing import Any, Final

from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from app.errors import CallboardError
from app.interfaces import Principal, RegisteredAction, bearer, caller
from plugins.mcp.settings import McpServerSettings
from plugins.mcp.tools import ToolFailedError, Tools

VERSION: Final = version("callboard")
# The SDK tells of each request's beginning and end; the request log has them already.
logging.getLogger("mcp").setLevel(logging.WARNING)


class McpServer:
    """Serves requests from `start()` to `stop()`; nothing is remembered between two of them."""

    def __init__(self, settings: McpServerSettings, tools: Tools) -> None:
        self._tools = tools
        server: Server[Any] = Server(
            settings.name,
            version=VERSION,
            description=settings.description,
            instructions=settings.instructions,
            on_list_tools=self._list,
            on_call_tool=self._call,
        )
        self._manager = StreamableHTTPSessionManager(server, stateless=True)
        self._running: asyncio.Task[None] | None = None
        self._ready, self._over = asyncio.Event(), asyncio.Event()

    async def start(self) -> None:
        # The manager's scope has to be left by the task that entered it.
        self._running = asyncio.create_task(self._run(), name="mcp")
        await self._ready.wait()

    async def stop(self) -> None:
        self._over.set()
        if self._running is not None:
            await self._running

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)

    async def _run(self) -> None:
        async with self._manager.run():
            self._ready.set()
            await self._over.wait()

    async def _list(self, context: Any, _params: PaginatedRequestParams | None) -> ListToolsResult:
        try:
            found = await self._tools.list(_caller(context))
        except CallboardError as error:
            raise MCPError(INTERNAL_ERROR, f"{error.name}: {error.message}") from error
        return ListToolsResult(tools=[_tool(name, action) for name, action in found])

    async def _call(self, context: Any, params: CallToolRequestParams) -> CallToolResult:
        try:
            answer = await self._tools.call(
                params.name, params.arguments or {}, _caller(context), bearer(context.request)
            )
        except ToolFailedError as error:
            raise MCPError(INTERNAL_ERROR, "Internal server error") from error
        content: list[Any] = [TextContent(type="text", text=answer.text)]
        if answer.failed:
            return CallToolResult(content=content, is_error=True)
        return CallToolResult(content=content, structured_content=answer.output)


def _caller(context: Any) -> Principal:
    """Whom the credentials barrier let in with the very request that asks."""
    request: Request = context.request
    return caller(request)


def _tool(name: str, action: RegisteredAction) -> Tool:
    attributes = action.attributes
    return Tool(
        name=name,
        description=action.description,
        input_schema=dict(action.input),
        annotations=ToolAnnotations(
            title=action.title,
            destructive_hint=attributes["destructive"],
            idempotent_hint=attributes["idempotent"],
            read_only_hint=attributes["readOnly"],
            open_world_hint=False,
        ),
    )
