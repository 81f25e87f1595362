"""Names that everything here uses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel
from starlette.websockets import WebSocket

if TYPE_CHECKING:
    from app.interfaces.identity import Principal

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Json = Any
"""A JSON value: None, bool, int, float, str, list or dict of these."""

Role = Literal["api", "ingest", "worker"]
Hook = Callable[[], Awaitable[None]]
WebSocketEndpoint = Callable[[WebSocket, "Principal"], Awaitable[None]]
"""Serves one accepted connection until it returns. `NOBODY` calls where the path is public."""
