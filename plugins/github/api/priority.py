"""Who goes first where there is not enough for everybody."""

from __future__ import annotations

from datetime import timedelta
from enum import IntEnum
from typing import Final


class Priority(IntEnum):
    """Lower goes first."""

    USER = 0
    """Somebody waits for the answer."""
    EVENT = 1
    """Something has changed, and the catalog should know within a second."""
    READ = 2
    """The content of descriptors and templates."""
    SCAN = 3
    """Looking whether anything is new."""


RESERVED: Final = {Priority.USER: 0.0, Priority.EVENT: 0.05, Priority.READ: 0.1, Priority.SCAN: 0.2}
"""The share of a quota that each leaves to those before it."""

PATIENCE: Final = {
    Priority.USER: timedelta(seconds=15),
    Priority.EVENT: timedelta(seconds=90),
    Priority.READ: timedelta(seconds=60),
    Priority.SCAN: timedelta(minutes=15),
}
"""How long a request waits for its turn. Whatever would take longer fails at once, and says when to come again."""
