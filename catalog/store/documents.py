"""Entities as JSON text in the database."""

from __future__ import annotations

from typing import Any

import orjson

from catalog.interfaces import Entity
from catalog.json_numbers import js_value

DIGITS = 17
"""As many digits of a number count at most; those that follow in a huge integer are zeros."""


def load_entity(text: str) -> Entity:
    """A stored entity. Integers beyond 64 bits come back as they were written, not as floats."""
    entity: Entity = orjson.loads(text)
    if "000" in text and _has_huge_integer(text.encode()):
        js_value(entity)
    return entity


def load_json(text: bytes) -> Any:
    """JSON that was written by `json_numbers.dumps`."""
    value = orjson.loads(text)
    return js_value(value) if _has_huge_integer(text) else value


def _has_huge_integer(text: bytes) -> bool:
    """Whether there may be an integer of 20 digits or more. Regular expressions take ten times as long for this."""
    zeros = text.find(b"000")
    while zeros >= 0:
        if text[max(zeros - DIGITS, 0) : zeros].isdigit() and zeros >= DIGITS:
            return True
        zeros = text.find(b"000", zeros + 1)
    return False
