"""Memory with a limit."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Keeps what was used lately, within a budget of bytes.

    Two generations instead of a chain of uses: when the younger one has taken half the budget it becomes the older one,
    and what is not asked for while it is old goes with it. A hit costs one dictionary look-up. The last thing put in is
    kept whatever its size, alone if need be.
    """

    __slots__ = ("_budget", "_old", "_old_bytes", "_young", "_young_bytes")

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._young: dict[K, tuple[V, int]] = {}
        self._old: dict[K, tuple[V, int]] = {}
        self._young_bytes = 0
        self._old_bytes = 0

    @property
    def size(self) -> int:
        return self._young_bytes + self._old_bytes

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def __contains__(self, key: K) -> bool:
        """Without counting as use."""
        return key in self._young or key in self._old

    def get(self, key: K) -> V | None:
        found = self._young.get(key)
        if found is not None:
            return found[0]
        found = self._old.pop(key, None)
        if found is None:
            return None
        self._old_bytes -= found[1]
        self._add(key, found)
        return found[0]

    def put(self, key: K, value: V, size: int) -> None:
        """`size`: about how many bytes key and value take."""
        self.pop(key)
        self._add(key, (value, size))

    def pop(self, key: K) -> V | None:
        found = self._young.pop(key, None)
        if found is not None:
            self._young_bytes -= found[1]
            return found[0]
        found = self._old.pop(key, None)
        if found is not None:
            self._old_bytes -= found[1]
            return found[0]
        return None

    def clear(self) -> None:
        self._young.clear()
        self._old.clear()
        self._young_bytes = self._old_bytes = 0

    def items(self) -> Iterator[tuple[K, V]]:
        """All that is kept, without counting as use."""
        for generation in (self._young, self._old):
            for key, (value, _) in generation.items():
                yield key, value

    def _add(self, key: K, entry: tuple[V, int]) -> None:
        if self._young_bytes + entry[1] > self._budget // 2 and self._young:
            self._old, self._old_bytes = self._young, self._young_bytes
            self._young, self._young_bytes = {}, 0
        self._young[key] = entry
        self._young_bytes += entry[1]
        if self._young_bytes + self._old_bytes > self._budget:
            # One of them is larger than half the budget.
            self._old, self._old_bytes = {}, 0
