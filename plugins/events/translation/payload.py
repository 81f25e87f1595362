"""Looking things up in somebody else's JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Json = Any


def at(value: Json, *path: str | int) -> Json:
    """The member at a path, None where there is none."""
    for key in path:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
            value = value[key]
        else:
            return None
    return value


def text(value: Json, *path: str | int) -> str:
    """The text at a path, empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def items(value: Json, *path: str | int) -> list[Json]:
    """The list at a path, empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def texts(value: Json, *path: str | int) -> list[str]:
    """The texts of the list at a path."""
    return [entry for entry in items(value, *path) if isinstance(entry, str) and entry]


def some(values: Iterable[str]) -> tuple[str, ...]:
    """Those that are not empty, each once."""
    return tuple(dict.fromkeys(value for value in values if value))
