"""Which scopes are asked for, and which have been granted. Source: spec/ui-backends.md §3.5."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass


def split_scope(scope: str | None) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[\s|,]", scope or "") if part)


@dataclass(frozen=True, slots=True)
class ScopeSources:
    requested: tuple[str, ...]
    granted: tuple[str, ...]
    required: tuple[str, ...]
    additional: tuple[str, ...]

    def together(self) -> Iterable[str]:
        return (*self.requested, *self.granted, *self.required, *self.additional)


@dataclass(frozen=True, slots=True)
class Scopes:
    """`persist`: what was once granted is asked for again, from a cookie, so that asking for more loses nothing."""

    required: tuple[str, ...] = ()
    additional: tuple[str, ...] = ()
    persist: bool = False
    combine: Callable[[ScopeSources], Iterable[str]] = ScopeSources.together

    def asked(self, requested: str | None, granted: str | None) -> str:
        sources = ScopeSources(
            split_scope(requested),
            split_scope(granted) if self.persist else (),
            self.required,
            self.additional,
        )
        return " ".join(dict.fromkeys(self.combine(sources)))


def is_granted(granted: str | None, scope: str) -> bool:
    return set(split_scope(scope)) <= set(split_scope(granted))
