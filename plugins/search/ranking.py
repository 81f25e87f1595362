"""The order of what was found: what is called so, what begins so, whose title has the words, what merely mentions them.

The same on both engines, since neither's own ranking is asked. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pyroaring import BitMap

from plugins.search.words import indexed, joined

RANKED: Final = 400
"""Documents that are looked at one by one. Of more, those go first whose titles say more."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """`length` is that of the whole document, in characters."""

    id: int
    title: str
    names: str
    length: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, in order: `head` one by one, then what is left of each of `tiers` by id, then the rest."""

    ids: BitMap
    head: tuple[int, ...] = ()
    tiers: tuple[BitMap, ...] = ()
    terms: tuple[str, ...] = ()
    """The words by which they were found."""

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        sets = (self.ids, *self.tiers)
        return 200 + 32 * len(self.head) + sum(min(8 * len(one), 2 * len(one) + 20_000) for one in sets)

    def page(self, among: BitMap, offset: int, limit: int) -> list[int]:
        """Of those found, the ones in `among`, from a place on."""
        head = [id_ for id_ in self.head if id_ in among]
        page = head[offset : offset + limit]
        passed = len(head)
        rest = among - BitMap(self.head)
        for tier in (*self.tiers, self.ids):
            if len(page) == limit:
                break
            part = rest & tier
            rest -= part
            start = max(offset - passed, 0)
            passed += len(part)
            if start < len(part):
                page += part[start : start + limit - len(page)]
        return page


def ranked(candidates: Iterable[Candidate], term: str, terms: Sequence[str]) -> list[int]:
    """Best first. Equal ones in the order of their titles and ids, so that pages neither repeat nor skip."""
    name = joined(term)

    def order(one: Candidate) -> tuple[int, int, int, int, str, int]:
        called = [one.title, *one.names.split("\n")] if one.names else [one.title]
        keys = [joined(text) for text in called]
        if name in keys:
            return 0, 0, 0, 0, one.title, one.id
        words = {word for text in called for word in indexed(text)}
        whole = sum(word in words for word in terms)
        begun = sum(any(known.startswith(word) for known in (*words, *keys)) for word in terms)
        starts = any(key.startswith(name) for key in keys)
        if begun == len(terms):
            # Of two that begin so the shorter one is more of what was typed.
            return (1 if starts else 2), -whole, len(keys[0]), 0, one.title, one.id
        return 3, -begun, -whole, one.length, one.title, one.id

    return [one.id for one in sorted(candidates, key=order)]
