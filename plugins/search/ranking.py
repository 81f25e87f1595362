"""The order of what was found: what is called so, what begins so, whose title has the words, what merely mentions them.

The same on both engines, since neither's own ranking is asked. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pyroaring import BitMap

from plugins.search.words import joined

RANKED: Final = 400
"""Documents that are looked at one by one. Of more, those go first whose titles say more."""


Candidate = tuple[int, str, str, str, int]
"""Id, title, names and words of the title as `Entry` has them, length of the whole document."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, in order: `head` one by one, then what is left of each of `tiers` by id, then the rest."""

    ids: BitMap
    head: tuple[int, ...] = ()
    tiers: tuple[BitMap, ...] = ()
    terms: tuple[str, ...] = ()
    """The words by which they were found."""
    documents: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """Type and document of each, where there are few."""

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        sets = (self.ids, *self.tiers)
        kept = sum(200 + len(document) for _, document in self.documents.values())
        return 200 + 32 * len(self.head) + kept + sum(map(bytes_of, sets))

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


def bytes_of(ids: BitMap) -> int:
    """What the members of a set take."""
    told = ids.get_statistics()
    return told["n_bytes_array_containers"] + told["n_bytes_run_containers"] + told["n_bytes_bitset_containers"]


def ranked(candidates: Iterable[Candidate], term: str, terms: Sequence[str]) -> list[int]:
    """Best first. Equal ones in the order of their titles and ids, so that pages neither repeat nor skip."""
    begin = f" {joined(term)}"
    exact = f"{begin} "
    wanted = [(f" {word}", f" {word} ") for word in terms]

    def order(one: Candidate) -> tuple[int, int, int, int, str, int]:
        id_, title, names, words, length = one
        names, words = f" {names} ", f" {words} "
        if exact in names:
            return 0, 0, 0, 0, title, id_
        whole = begun = 0
        for start, word in wanted:
            begun += start in words
            whole += word in words
        if begun == len(wanted):
            # Of two that begin so the shorter one is more of what was typed.
            return (1 if begin in names else 2), -whole, len(title), 0, title, id_
        return 3, -begun, -whole, length, title, id_

    return [one[0] for one in sorted(candidates, key=order)]
