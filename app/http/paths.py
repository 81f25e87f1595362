"""Paths as the wire has them: cut into segments first, decoded afterwards.

So `svc%2Done` is one segment, a doubled or trailing slash makes no segment, and everybody who looks at a path (the
credentials barrier and the router alike) sees the same segments.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.types import Scope

from app.errors import InputError

_BROKEN: Final = re.compile(rb"%(?![0-9a-fA-F]{2})")


def raw_segments(scope: Scope) -> list[bytes]:
    """The non-empty segments of the path as sent."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    # Some servers leave the query string on it.
    return [segment for segment in raw.partition(b"?")[0].split(b"/") if segment]


def decode_segments(raw: list[bytes]) -> list[str]:
    """Segments decoded. Raises InputError for an escape that is broken or not UTF-8."""
    try:
        return [_decoded(segment) if b"%" in segment else segment.decode() for segment in raw]
    except UnicodeDecodeError:
        raise InputError("malformed uri'") from None


def _decoded(segment: bytes) -> str:
    if _BROKEN.search(segment):
        raise InputError("malformed uri'")
    return unquote_to_bytes(segment).decode()


def relative_url(scope: Scope, depth: int) -> str:
    """The request's URL as errors quote it: without the first `depth` segments, with the query string as sent."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1")
    position = 0
    for _ in range(depth):
        while position < len(path) and path[position] == "/":
            position += 1
        end = path.find("/", position)
        position = len(path) if end < 0 else end
    query = scope["query_string"].decode("latin-1")
    return (path[position:] or "/") + (f"?{query}" if query else "")
