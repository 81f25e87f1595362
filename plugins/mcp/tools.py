"""Actions as tools, for whoever asks. Knows nothing of the protocol's transport. Source: spec/ui-backends.md §15."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import orjson
from prometheus_client import Histogram

from app.errors import (
    AuthenticationError,
    CallboardError,
    ConflictError,
    InputError,
    NotAllowedError,
    NotFoundError,
    NotImplementedByServerError,
    NotModifiedError,
    ServiceUnavailableError,
)
from app.interfaces import Actions, Principal, RegisteredAction
from plugins.mcp import audit
from plugins.mcp.settings import McpServerSettings, permits

KNOWN: Final = (
    InputError,
    AuthenticationError,
    NotAllowedError,
    NotFoundError,
    ConflictError,
    NotModifiedError,
    NotImplementedByServerError,
    ServiceUnavailableError,
)
"""Errors that agents are told in words, as an answer; all others are the server's own affair."""
BUCKETS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)

log = logging.getLogger(__name__)
operations = Histogram(
    "mcp_server_operation_duration_seconds",
    "MCP request duration as observed on the receiver.",
    ("mcp_method_name", "gen_ai_tool_name", "error_type"),
    buckets=BUCKETS,
)


class ToolFailedError(Exception):
    """An action failed in a way that is not the agent's business."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool gave: its output and the same as text, or the text of what was wrong."""

    text: str
    output: Any = None
    failed: bool = False


class Tools:
    """The tools of one server."""

    def __init__(self, actions: Actions, server: McpServerSettings, *, namespaced: bool) -> None:
        self._actions, self._server, self._namespaced = actions, server, namespaced

    async def list(self, caller: Principal) -> list[tuple[str, RegisteredAction]]:
        """Names and actions that the caller may use."""
        with _observed("tools/list", "") as outcome:
            try:
                found = await self._usable(caller)
            except CallboardError as error:
                outcome.error = error.name
                audit.record("tool-discovery", caller, error=error.name)
                raise
            audit.record("tool-discovery", caller, toolCount=len(found))
            return list(found.items())

    async def call(self, name: str, given: Mapping[str, Any], caller: Principal, token: str | None = None) -> Answer:
        """`token` is the caller's own. Raises ToolFailedError."""
        known = ""
        try:
            action = (await self._usable(caller)).get(name)
            # Names that are no tools are anybody's invention, and no label.
            known = name if action is not None else ""
            with _observed("tools/call", known) as outcome:
                try:
                    if action is None:
                        raise NotFoundError(f'Action "{name}" not found')
                    output = await self._actions.invoke(action.id, given, caller, token=token)
                except BaseException as error:
                    outcome.error = "tool_error" if isinstance(error, KNOWN) else type(error).__name__
                    raise
        except KNOWN as error:
            audit.record("tool-execution", caller, error=error.name, toolName=known or name[:200])
            return Answer(f"{error.name}: {error.message}", failed=True)
        except Exception as error:
            audit.record("tool-execution", caller, error="Error", toolName=known or name[:200])
            log.exception("The tool '%s' failed", known or name[:200])
            raise ToolFailedError from error
        audit.record("tool-execution", caller, toolName=known)
        return Answer(_text(output), output)

    async def _usable(self, caller: Principal) -> dict[str, RegisteredAction]:
        """By name; of two actions of one name the first is the tool."""
        usable: dict[str, RegisteredAction] = {}
        for action in await self._actions.list(caller, matching=self._server.filter):
            if permits(self._server.allowed_actions, action):
                usable.setdefault(f"{action.plugin}.{action.name}" if self._namespaced else action.name, action)
        return usable


class _Outcome:
    error = ""


@contextmanager
def _observed(method: str, tool: str) -> Iterator[_Outcome]:
    began, outcome = time.perf_counter(), _Outcome()
    try:
        yield outcome
    finally:
        operations.labels(method, tool, outcome.error).observe(time.perf_counter() - began)


def _text(output: Any) -> str:
    try:
        return orjson.dumps(output).decode()
    except orjson.JSONEncodeError:
        return json.dumps(output)
