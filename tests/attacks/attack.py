"""One attack: its advisory, our defence, its tests, and what the code would be like without the defence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """`old` stands in the file exactly once; `new` is the same code without its defence."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Attack:
    """`defence` is for readers: `file:function`. Each of `tests` (`file::function`) fails once the edits are made."""

    advisory: str
    attack: str
    defence: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
