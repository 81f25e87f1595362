"""Whether this process is bringing very many entities in: what can wait meanwhile had better wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

MANY: Final = 100
"""Entities in one batch."""
LASTS_S: Final = 1.0
"""So long after a batch of many the rush counts as over."""


class Rush:
    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until = now()

    def saw(self, entities: int) -> None:
        """A batch of so many has been processed or stitched."""
        if entities >= MANY:
            self._until = self._now() + LASTS_S

    @property
    def on(self) -> bool:
        return self._now() < self._until
