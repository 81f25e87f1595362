"""Sets of documents by the words that they have. What is asked for has some words of its own and some that everybody
uses; a set that is known is followed from version to version instead of being looked up again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final

from pyroaring import BitMap

from plugins.search.changes import RecentChanges
from plugins.search.fulltext import Words
from plugins.search.matching import Alternatives, Match
from plugins.search.store import SearchStore

BUDGET: Final = 8 * 1024 * 1024
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
        self._looking: dict[tuple[int, Alternatives], asyncio.Task[BitMap]] = {}

    async def find(self, version: int, match: Match) -> BitMap:
        """The documents that match, as of a version or a later one. Not to be changed."""
        await self._changes.reach(version)
        # All documents, where nothing is asked of them.
        wanted = match.alternatives or ((),)
        known = [self._known(version, one) for one in wanted]
        unknown = [one for one, found in zip(wanted, known, strict=True) if found is None]
        if len(unknown) > 1 and not self._are_usual(unknown):
            # The engine is quick where one of them is rare, and need not name all that has the others.
            looked_up = [await self._store.words.find(Match(tuple(unknown)))]
        else:
            looked_up = list(await asyncio.gather(*(self._find(version, one) for one in unknown))) if unknown else []
        found = sorted([one for one in (*known, *looked_up) if one is not None], key=len)
        return found[0] if len(found) == 1 else BitMap.intersection(*found)

    def _are_usual(self, unknown: Sequence[Alternatives]) -> bool:
        """Whether each of them has been asked for several times now."""
        for one in unknown:
            self._asked[one] = self._asked.pop(one, 0) + 1
        usual = all(self._asked[one] >= USUAL for one in unknown)
        while len(self._asked) > ASKED:
            self._asked.popitem(last=False)
        return usual

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

    def _find(self, version: int, alternatives: Alternatives) -> asyncio.Future[BitMap]:
        task = self._looking.get((version, alternatives))
        if task is None:
            match = Match((alternatives,)) if alternatives else Match()
            task = asyncio.ensure_future(self._store.words.find(match))
            self._looking[version, alternatives] = task
            task.add_done_callback(lambda done: self._found(version, alternatives, done))
        # Shielded: that one of those who wait goes away must not cut off the others.
        return asyncio.shield(task)

    def _found(self, version: int, alternatives: Alternatives, task: asyncio.Task[BitMap]) -> None:
        self._looking.pop((version, alternatives), None)
        if not task.cancelled() and task.exception() is None:
            self._keep(alternatives, version, task.result())

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


def size_of(ids: BitMap) -> int:
    """About how many bytes a set and its key take."""
    return 500 + min(8 * len(ids), 2 * len(ids) + 20_000)


def _followed(known: BitMap, alternatives: Alternatives, changed: BitMap, words: Mapping[int, Words]) -> BitMap:
    if not changed:
        return known
    return (known - changed) | BitMap([id_ for id_ in changed if id_ in words and has(words[id_], alternatives)])


def has(words: Words, alternatives: Alternatives) -> bool:
    """Whether a document of these words has one of the alternatives, as the engines would say."""
    if not alternatives:
        return True
    return any((f" {one.text}" if one.prefix else f" {one.text} ") in words[one.place] for one in alternatives)
