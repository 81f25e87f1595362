"""Compressed answers: gzip and deflate, from 1 KiB on. Source: spec/catalog.md §8."""

from __future__ import annotations

import asyncio
import zlib
from typing import Final, Protocol

THRESHOLD: Final = 1024
"""Bytes below which compressing does not pay."""
_OFF_LOOP: Final = 128 * 1024
"""Bytes from which on compressing would hold up other requests (about a millisecond) and moves to a thread."""
_LEVEL: Final = 1
"""Entities are repetitive: level 1 makes them about 8 times smaller, level 6 9 times, at three times the cost."""
_TYPES: Final = (b"text/", b"application/json", b"application/javascript", b"image/svg+xml", b"application/yaml")


class Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self, mode: int = zlib.Z_FINISH, /) -> bytes: ...


def compressible(content_type: bytes | None) -> bool:
    if content_type is None or content_type.startswith(b"text/event-stream"):
        return False
    return content_type.startswith(_TYPES)


def negotiate(accept: bytes | None) -> bytes | None:
    """`gzip`, `deflate` or None, by the Accept-Encoding header; gzip where both are as welcome."""
    if not accept:
        return None
    if accept == b"gzip":
        return accept
    weights: dict[str, float] = {}
    for part in accept.decode("latin-1").lower().split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip()] = _weight(parameters)
    gzip = weights.get("gzip", weights.get("*", 0.0))
    deflate = weights.get("deflate", weights.get("*", 0.0))
    if not gzip and not deflate:
        return None
    if weights.get("identity", 0.0) > max(gzip, deflate):
        return None
    return b"gzip" if gzip >= deflate else b"deflate"


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def compressor(encoding: bytes) -> Compressor:
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, 31 if encoding == b"gzip" else 15)


async def compress_part(stream: Compressor, part: bytes, mode: int) -> bytes:
    """One part of an answer; `mode` says whether more follow (Z_SYNC_FLUSH) or not (Z_FINISH)."""

    def run() -> bytes:
        return stream.compress(part) + stream.flush(mode)

    return run() if len(part) < _OFF_LOOP else await asyncio.to_thread(run)
