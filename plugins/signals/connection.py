"""One client: what it wants to hear, and what still waits to be told to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

MAX_CHANNEL: Final = 256
"""Characters of a channel's name; longer ones are nobody's."""
TRY_AGAIN_LATER: Final = 1013

Change = Callable[["Connection", str], None]


class Connection:
    """`refs` are the refs in whose name the client's user owns things."""

    def __init__(self, websocket: WebSocket, refs: tuple[str, ...], *, max_channels: int, max_waiting: int) -> None:
        self.refs = refs
        self.channels: set[str] = set()
        self._websocket = websocket
        self._max_channels, self._max_waiting = max_channels, max_waiting
        self._waiting: deque[str] = deque()
        self._sending: asyncio.Task[None] | None = None
        self._life = asyncio.timeout(None)
        self.too_slow = False

    async def listen(self, subscribed: Change, unsubscribed: Change) -> None:
        """Hears the client out until it goes. What makes no sense is ignored, as the reference does."""
        try:
            async with self._life:
                while (message := await self._websocket.receive())["type"] == "websocket.receive":
                    self._heard(message.get("text"), subscribed, unsubscribed)
        except TimeoutError:
            if not self.too_slow:
                raise
            # Whoever does not read does not read this either, but perhaps what is left in between lets it through.
            with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
                async with asyncio.timeout(1):
                    await self._websocket.close(TRY_AGAIN_LATER, "Too slow")
        except WebSocketDisconnect:
            pass
        finally:
            if self._sending is not None:
                self._sending.cancel()

    def tell(self, frame: str) -> bool:
        """Sends a frame when the client takes it. False: too many wait already, and the connection ends."""
        if len(self._waiting) >= self._max_waiting:
            if not self.too_slow:
                self.too_slow = True
                self._life.reschedule(asyncio.get_running_loop().time())
            return False
        self._waiting.append(frame)
        if self._sending is None or self._sending.done():
            # A task only while there is something to send: most connections are idle most of the time.
            self._sending = asyncio.create_task(self._send())
        return True

    async def _send(self) -> None:
        try:
            while self._waiting:
                await self._websocket.send_text(self._waiting[0])
                self._waiting.popleft()
        except (WebSocketDisconnect, RuntimeError):
            self._waiting.clear()

    def _heard(self, text: str | None, subscribed: Change, unsubscribed: Change) -> None:
        try:
            asked: Any = orjson.loads(text) if text is not None else None
        except orjson.JSONDecodeError:
            return
        if not isinstance(asked, dict):
            return
        channel = asked.get("channel")
        if not isinstance(channel, str) or not 0 < len(channel) <= MAX_CHANNEL:
            return
        if asked.get("action") == "subscribe":
            if channel not in self.channels and len(self.channels) < self._max_channels:
                self.channels.add(channel)
                subscribed(self, channel)
        elif asked.get("action") == "unsubscribe" and channel in self.channels:
            self.channels.discard(channel)
            unsubscribed(self, channel)
