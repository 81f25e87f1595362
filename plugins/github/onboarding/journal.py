"""What an import has done so far, so that it goes on where it stopped."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import orjson

Outcome = Literal["described", "empty", "opened", "there", "failed"]
"""Has a descriptor; holds nothing; a pull request was opened, or was there already; it went wrong."""


@dataclass(frozen=True, slots=True)
class Entry:
    repository: str
    outcome: Outcome
    detail: str = ""
    """The pull request's URL, or what went wrong."""


class Journal:
    """One line of JSON for each repository, the last one counts. A line cut off by a crash is as good as none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries: dict[str, Entry] = {}

    def read(self) -> None:
        self._entries.clear()
        if not self.path.exists():
            return
        for line in self.path.read_bytes().splitlines():
            try:
                entry = Entry(**orjson.loads(line))
            except (ValueError, TypeError):
                continue
            self._entries[entry.repository] = entry

    def settled(self, repository: str) -> Entry | None:
        """What is done for good; failures are tried again."""
        found = self._entries.get(repository)
        return found if found is not None and found.outcome in ("opened", "there") else None

    def note(self, entry: Entry) -> None:
        self._entries[entry.repository] = entry
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(b"\n" + orjson.dumps(asdict(entry)) + b"\n")
