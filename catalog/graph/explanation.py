"""An explanation as text, in words that an owner understands."""

from __future__ import annotations

from typing import Any


def as_text(found: dict[str, Any]) -> str:
    raise NotImplementedError
