"""Weak ETags of buffered JSON, and what makes an answer 304. Source: spec/catalog.md §8."""

from __future__ import annotations

import hashlib
from base64 import b64encode


def weak_etag(body: bytes) -> bytes:
    """`W/"<length in hex>-<27 characters of base64 SHA-1>"`, as the reference's framework writes it."""
    # Not for security: a name for a content.
    digest = b64encode(hashlib.sha1(body, usedforsecurity=False).digest())[:27]
    return b'W/"%x-%s"' % (len(body), digest)


def fresh(if_none_match: bytes, etag: bytes) -> bool:
    """Whether the client's copy is still right. Weak comparison, as If-None-Match demands."""
    if if_none_match.strip() == b"*":
        return True
    wanted = etag.removeprefix(b"W/")
    return any(candidate.strip().removeprefix(b"W/") == wanted for candidate in if_none_match.split(b","))
