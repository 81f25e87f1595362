"""What steps remember of an entity between passes. Source: spec/catalog.md §4.4."""

from __future__ import annotations

from typing import Any

Json = Any
State = dict[str, dict[str, dict[str, Json]]]
"""Step name → what the step was doing (`""`, or the location it read) → its own keys."""


class StepCache:
    """See `catalog.interfaces.ProcessorCache`. What is set in a pass replaces what was there before it."""

    def __init__(self, before: dict[str, Json]) -> None:
        self._before = before
        self._now: dict[str, Json] | None = None
        self.touched = False

    def get(self, key: str) -> Json:
        self.touched = True
        return self._before.get(key)

    def set(self, key: str, value: Json) -> None:
        self.touched = True
        if self._now is None:
            self._now = {}
        self._now[key] = value

    @property
    def kept(self) -> dict[str, Json]:
        return self._before if self._now is None else self._now


class PassCache:
    """The caches of one pass. Steps that are not asked in a pass are forgotten with it."""

    def __init__(self, before: State) -> None:
        self._before = before
        self._steps: dict[tuple[str, str], StepCache] = {}

    def of(self, step: str, doing: str = "") -> StepCache:
        found = self._steps.get((step, doing))
        if found is None:
            found = self._steps[step, doing] = StepCache(self._before.get(step, {}).get(doing, {}))
        return found

    @property
    def state(self) -> State:
        state: State = {}
        for (step, doing), cache in self._steps.items():
            if cache.kept:
                state.setdefault(step, {})[doing] = cache.kept
        return state
