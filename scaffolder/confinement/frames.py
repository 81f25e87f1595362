"""Messages between a job and its parent: a length of four bytes, then JSON."""

from __future__ import annotations

import json
import socket
from typing import Any, Final

from app.errors import InputError

MAX_FRAME: Final = 256 * 1024 * 1024
_UNDEFINED_KEY: Final = "\0undefined"


def packed(message: Any) -> bytes:
    # ASCII with escapes: halves of surrogate pairs and NaN pass, too.
    text = json.dumps(message, separators=(",", ":")).encode("ascii")
    if len(text) > MAX_FRAME:
        raise InputError(f"A confined job cannot exchange more than {MAX_FRAME} bytes at once")
    return len(text).to_bytes(4, "big") + text


def unpacked(text: bytes) -> Any:
    return json.loads(text)


def size_of(head: bytes) -> int:
    """Raises InputError: more than anybody here sends."""
    size = int.from_bytes(head, "big")
    if size > MAX_FRAME:
        raise InputError("A confined job sent an oversized answer")
    return size


def receive(connection: socket.socket) -> Any:
    """Blocking. Raises EOFError when the other side has gone."""
    return unpacked(_exactly(connection, size_of(_exactly(connection, 4))))


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        chunk = connection.recv(min(size - len(parts), 1 << 20))
        if not chunk:
            raise EOFError("the other side has gone")
        parts += chunk
    return bytes(parts)
