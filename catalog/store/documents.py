"""Entities as JSON text in the database.

At most 17 digits of a number count: an integer beyond 64 bits ends in at least three zeros.
"""

from __future__ import annotations

from typing import Any

import orjson

from catalog.interfaces import Entity
from catalog.json_numbers import js_value


def load_entity(text: str) -> Entity:
    """A stored entity. Integers beyond 64 bits come back as they were written, not as floats."""
    entity: Entity = orjson.loads(text)
    if "000," in text or "000}" in text or "000]" in text:
        js_value(entity)
    return entity


def load_json(text: bytes) -> Any:
    """JSON that was written by `json_numbers.dumps`."""
    value = orjson.loads(text)
    return js_value(value) if b"000," in text or b"000}" in text or b"000]" in text or text.endswith(b"000") else value
