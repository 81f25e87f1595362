"""How much may still be written to a folder."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Budget:
    """How much may still be written. Raises BudgetExceededError."""

    files: int
    bytes: int

    def spend(self, size: int) -> None:
        self.files -= 1
        self.bytes -= size
        if self.files < 0:
            raise BudgetExceededError("files")
        if self.bytes < 0:
            raise BudgetExceededError("bytes")


class BudgetExceededError(Exception):
    """`limit` is `files` or `bytes`."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"more {limit} than allowed")
        self.limit = limit
