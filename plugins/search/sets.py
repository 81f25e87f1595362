"""Sets of documents by the words that they have. What is asked for has some words of its own and some that everybody
uses; a set that is known is followed from version to version instead of being looked up again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final

from pyroaring import BitMap

from plugins.search.changes import RecentChanges
from plugins.search.fulltext import Words
from plugins.search.matching import MAX_TERMS, Alternatives, Match
from plugins.search.ranking import bytes_of
from plugins.search.store import SearchStore

BUDGET: Final = 12 * 1024 * 1024
USUAL: Final = 3
"""Times that a word has to be asked for beside others that are not known either until its own set is looked up."""
ASKED: Final = 5000
"""Words of which it is known how often they were asked for."""


class WordSets:
    def __init__(self, store: SearchStore, budget: int = BUDGET) -> None:
        self._store = store
        self._budget = budget
        self._changes = RecentChanges(store)
        self._kept: OrderedDict[Alternatives, tuple[int, BitMap]] = OrderedDict()
        """With the version that a set is of; it may hold some of what came later."""
        self._bytes = 0
        self._asked: OrderedDict[Alternatives, int] = OrderedDict()

    async def find(self, version: int, *matches: Match) -> list[BitMap]:
        """For each the documents that match, as of the version or a later one. Not to be changed."""
        await self._changes.reach(version)
        known = [[self._known(version, one) for one in _wanted(match)] for match in matches]
        asked: dict[Match, BitMap] = {}
        asks: list[list[Match]] = []
        for match, sets in zip(matches, known, strict=True):
            unknown = [one for one, found in zip(_wanted(match), sets, strict=True) if found is None]
            asks.append(self._asks(unknown))
        wanted = list(dict.fromkeys(one for of_match in asks for one in of_match))
        if wanted:
            asked = dict(zip(wanted, await self._store.words.find(wanted), strict=True))
            for match, found in asked.items():
                if len(match.alternatives) < 2:
                    self._keep(_wanted(match)[0], version, found)
        return [
            _common([*(one for one in sets if one is not None), *(asked[one] for one in of_match)])
            for sets, of_match in zip(known, asks, strict=True)
        ]

    def _asks(self, unknown: Sequence[Alternatives]) -> list[Match]:
        """Each by itself that is known afterwards. The others together: the engine is quick where one of them is rare,
        and need not name all that has the rest."""
        usual = self._usual(unknown) if len(unknown) > 1 else []
        others = tuple(one for one in unknown if one not in usual)
        # No word stands for all documents.
        return [Match((one,)) for one in usual] + ([Match(others if any(others) else ())] if others else [])

    def _usual(self, unknown: Sequence[Alternatives]) -> list[Alternatives]:
        """Those that have been asked for several times now; not more than one statement can well have."""
        for one in unknown:
            self._asked[one] = self._asked.pop(one, 0) + 1
        usual = [one for one in unknown if self._asked[one] >= USUAL]
        while len(self._asked) > ASKED:
            self._asked.popitem(last=False)
        return usual[:MAX_TERMS]

    def _known(self, version: int, alternatives: Alternatives) -> BitMap | None:
        kept = self._kept.get(alternatives)
        if kept is None:
            return None
        of, known = kept
        if of >= version:
            self._kept.move_to_end(alternatives)
            return known
        since = self._changes.since(of)
        if since is None:
            return None
        followed = _followed(known, alternatives, *since)
        self._keep(alternatives, version, followed)
        return followed

    def _keep(self, alternatives: Alternatives, version: int, found: BitMap) -> None:
        before = self._kept.pop(alternatives, None)
        if before is not None:
            if before[0] > version:
                # An older look-up that came late.
                version, found = before
            self._bytes -= size_of(before[1])
        self._kept[alternatives] = (version, found)
        self._bytes += size_of(found)
        while self._bytes > self._budget and len(self._kept) > 1:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._bytes -= size_of(dropped)


def _wanted(match: Match) -> tuple[Alternatives, ...]:
    """All documents, where nothing is asked of them."""
    return match.alternatives or ((),)


def _common(sets: Sequence[BitMap]) -> BitMap:
    return sets[0] if len(sets) == 1 else BitMap.intersection(*sorted(sets, key=len))


def size_of(ids: BitMap) -> int:
    """About how many bytes a set and its key take."""
    return 500 + bytes_of(ids)


def _followed(known: BitMap, alternatives: Alternatives, changed: BitMap, words: Mapping[int, Words]) -> BitMap:
    if not changed:
        return known
    return (known - changed) | BitMap([id_ for id_ in changed if id_ in words and has(words[id_], alternatives)])


def has(words: Words, alternatives: Alternatives) -> bool:
    """Whether a document of these words has one of the alternatives, as the engines would say."""
    if not alternatives:
        return True
    return any((f" {one.text}" if one.prefix else f" {one.text} ") in words[one.place] for one in alternatives)
