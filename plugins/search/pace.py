"""Long work on the index in short transactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from plugins.search.entries import Entry

T = TypeVar("T")

HOLD_S: Final = {"sqlite": 0.03, "postgresql": 0.25}
"""Seconds that a transaction is to take. SQLite puts words in order as it goes, so some take twice as long, and nobody
else writes meanwhile; on PostgreSQL nobody waits but others who write to the index."""
FEWEST: Final = 20
MOST: Final = 500
FIRST: Final = 50
"""Documents of a transaction: at least, at most, and before it is known how long they take."""


class Pace:
    """How many documents fit into one transaction here and now, going by those before."""

    def __init__(self, hold_s: float) -> None:
        self.size = FIRST
        self._hold_s = hold_s

    def note(self, count: int, seconds: float) -> None:
        """A transaction of so many documents took so long. What is due is approached by a factor of two at most."""
        if count * 2 >= self.size or seconds > self._hold_s:
            wanted = int(count * self._hold_s / max(seconds, 1e-6))
            self.size = max(FEWEST, min(MOST, max(self.size // 2, min(self.size * 2, wanted))))

    def parts(self, entries: Sequence[T]) -> Iterator[Sequence[T]]:
        """One after another, each as long as fits when it is its turn."""
        start = 0
        while start < len(entries):
            part = entries[start : start + self.size]
            start += len(part)
            yield part

    def slices(self, removed: Sequence[str], entries: Sequence[Entry]) -> Iterator[tuple[list[str], list[Entry]]]:
        """A change in parts, each of which may be done for itself: a group is removed and put in one of them."""
        # Of several with one key the last is meant, whichever part it is in.
        latest = {entry.key: entry for entry in entries}
        groups: dict[str, list[Entry]] = {group: [] for group in removed}
        for entry in latest.values():
            groups.setdefault(entry.group, []).append(entry)
        gone = set(removed)
        going: list[str] = []
        coming: list[Entry] = []
        for group, members in groups.items():
            if group in gone:
                going.append(group)
            coming.extend(members)
            if len(going) >= self.size or len(coming) >= self.size:
                yield going, coming
                going, coming = [], []
        if going or coming:
            yield going, coming
