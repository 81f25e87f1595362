"""uvicorn's HTTP protocol with bounds on what a client may send before it has made a request, and answers in one piece.

The parser itself takes headers of any length at any speed; a few connections could hold all memory. uvicorn writes the
head of an answer and its body one after the other: two calls into the kernel, and two packets that wake the client.
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_LIMIT: Final = 64 * 1024
"""Bytes of request line and headers. Node.js, and so the reference, stops at 16 KiB."""
HEADER_SECONDS = 60.0
"""How long they may take, as in Node.js; also the longest a connection may stay silent at its beginning."""
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class AnswerWriter:
    """A connection's transport as one answer after the other writes to it: the head waits for the first of the body."""

    __slots__ = ("_head", "_started", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._started = False

    def write(self, data: bytes) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.writelines((head, data))
        elif self._started or data == _CONTINUE:
            self._transport.write(data)
        else:
            self._started, self._head = True, data

    def finish(self) -> None:
        """The answer is complete; an answer to HEAD has no body."""
        self._flush()
        self._started = False

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def _flush(self) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.write(head)


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    _waiting = True
    """Between the beginning of a request, or of the connection, and the end of the headers."""
    _received = 0
    _since = 0.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._answers = AnswerWriter(transport)
        self._since = self.loop.time()
        self._timer = self.loop.call_later(HEADER_SECONDS, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        # Another protocol takes the connection over, and nobody tells this one when it ends.
        if self._timer is not None:
            self._timer.cancel()
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        if self._waiting:
            self._received += len(data)
            # A request may be followed by its body, or by the next one: only what is still incomplete is too long.
            if self._received > HEADER_LIMIT and b"\r\n\r\n" not in data:
                self.transport.write(_TOO_LARGE)
                self.transport.close()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._waiting, self._since = True, self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._waiting, self._received = False, 0
        super().on_headers_complete()
        if self.cycle is not None:
            self.cycle.transport = cast(asyncio.Transport, self._answers)

    def on_response_complete(self) -> None:
        self._answers.finish()
        super().on_response_complete()

    def _check(self) -> None:
        if self._waiting and self.loop.time() - self._since >= HEADER_SECONDS:
            self.transport.close()
        else:
            self._timer = self.loop.call_later(HEADER_SECONDS, self._check)
