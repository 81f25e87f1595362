"""The trace a piece of work belongs to, taken over from `traceparent` (W3C) or begun here."""

from __future__ import annotations

import random
import re
from contextvars import ContextVar
from typing import Final

_TRACEPARENT: Final = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")

current: ContextVar[tuple[str, str] | None] = ContextVar("trace", default=None)
"""Trace id and span id."""


def begin(traceparent: bytes | None) -> tuple[str, str]:
    """Ids for one request; becomes `current`."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    # Names, not secrets: nothing is granted to whoever guesses one.
    span = f"{random.getrandbits(64):016x}"
    trace = match[1].decode() if match else f"{random.getrandbits(128):032x}"
    current.set((trace, span))
    return trace, span
