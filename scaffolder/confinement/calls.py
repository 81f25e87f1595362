"""Values of filter and global calls on their way between a job and its parent: JSON, and UNDEFINED."""

from __future__ import annotations

from typing import Any

from scaffolder.language import UNDEFINED


def packed_value(value: Any) -> list[Any]:
    """A list of one value, or of none for undefined."""
    return [] if value is UNDEFINED else [value]


def unpacked_value(value: list[Any]) -> Any:
    return value[0] if value else UNDEFINED
