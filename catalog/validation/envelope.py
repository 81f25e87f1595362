"""The envelope: as much as it takes to give an entity a ref. Source: spec/catalog.md §3.1."""

from __future__ import annotations

from typing import Any

from catalog.model.errors import FormError
from catalog.model.schema import ENVELOPE
from catalog.validation.shape import Violation, compile_shape

_violation = compile_shape(ENVELOPE)


def envelope_violation(entity: Any) -> Violation | None:
    """What is wrong with the envelope first, or None."""
    return _violation(entity)


def check_envelope(entity: Any) -> None:
    """Raises FormError, in the reference's words, unless the value has a valid envelope."""
    violation = _violation(entity)
    if violation is not None:
        raise FormError(violation.detailed)
