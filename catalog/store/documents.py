"""Entities as JSON text in the database."""

from __future__ import annotations

import re

import orjson

from catalog.interfaces import Entity
from catalog.json_numbers import js_value

_HUGE = re.compile(r"\d{17}000", re.ASCII).search


def load_entity(text: str) -> Entity:
    """A stored entity. Integers beyond 64 bits come back as they were written, not as floats."""
    entity: Entity = orjson.loads(text)
    # Such a number has 17 digits that count at most, so its text ends in zeros.
    if "000" in text and _HUGE(text):
        js_value(entity)
    return entity
