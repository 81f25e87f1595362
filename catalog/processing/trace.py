"""What each step of a pass did, for those who ask why an entity is as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAX_PATHS = 50


@dataclass(frozen=True, slots=True)
class StepTaken:
    """`phase` is `pre-process`, `validate` or `post-process`; `emitted` counts entities, relations, errors and keys.

    `changed` are dotted paths, the first ones if there are many.
    """

    step: str
    phase: str
    emitted: int
    changed: tuple[str, ...]

    @property
    def wire(self) -> dict[str, Any]:
        return {"step": self.step, "phase": self.phase, "emitted": self.emitted, "changed": list(self.changed)}


Trace = list[StepTaken]


def changed_paths(before: Any, after: Any) -> Iterator[str]:
    """Paths at which two JSON values differ; lists are compared as wholes."""
    for number, path in enumerate(_differences(before, after, "")):
        if number == MAX_PATHS:
            return
        yield path


def _differences(before: Any, after: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            inner = f"{path}.{key}" if path else key
            if (key in before) != (key in after):
                yield inner
            else:
                yield from _differences(before[key], after[key], inner)
    elif before != after:
        yield path
