"""How a process and its child talk: frames on the child's standard streams, a length in eight bytes and JSON."""

from __future__ import annotations

LENGTH_BYTES = 8
UNANSWERED = b"null"
"""The child could not do what it was asked."""


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload
