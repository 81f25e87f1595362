"""Failures of the model, under the names that the wire has for them, and how they are written down.

The reference throws JavaScript's own `TypeError` where a value is not of the right form, and clients see that name
in `status.items` and in the answers of validate-entity.
"""

from __future__ import annotations

from typing import Any, ClassVar

from app.errors import CallboardError, name_of

MAX_CAUSES = 10
"""Causes nested deeper than this are cut off when an error is stored."""


class FormError(CallboardError):
    """A value is not of the form that its place demands. `TypeError` on the wire."""

    name: ClassVar[str] = "TypeError"


def serialized(error: BaseException, *, depth: int = MAX_CAUSES) -> dict[str, Any]:
    """An error as JSON: `{name, message, cause?}` and further members it has. Source: spec/catalog.md §1.2, §3.2."""
    written: dict[str, Any] = {"name": name_of(error), "message": str(error)}
    if isinstance(error, CallboardError):
        written |= {key: value for key, value in error.extra.items() if key not in ("name", "message", "cause")}
        if error.cause is not None and depth > 0:
            written["cause"] = serialized(error.cause, depth=depth - 1)
    return written
