"""What has changed in the index lately, so that what is known of it can be put right instead of looked up again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from pyroaring import BitMap

from plugins.search.fulltext import Words
from plugins.search.store import SearchStore

MOST: Final = 2000
MOST_CHARACTERS: Final = 2_000_000
"""Documents that are followed one by one, and what their words take: the latest ones."""

Change = tuple[int, BitMap, int]
"""A version, the documents that it has changed, characters of their words."""


class RecentChanges:
    """Of the versions after `since` up to the one that was last asked for."""

    def __init__(self, store: SearchStore) -> None:
        self._store = store
        self._version = -1
        self._since = -1
        self._changed: list[Change] = []
        self._words: dict[int, Words] = {}
        self._reading = asyncio.Lock()

    async def reach(self, version: int) -> None:
        """Afterwards `since` tells of everything up to this version."""
        if version <= self._version:
            return
        async with self._reading:
            # Somebody else may have come as far meanwhile.
            if version > self._version:
                await self._read(version)

    def since(self, version: int) -> tuple[BitMap, Mapping[int, Words]] | None:
        """The documents that have changed after a version, and the words of those that are there. None: not known."""
        if version < self._since:
            return None
        return BitMap().union(*(ids for at, ids, _ in self._changed if at > version)), self._words

    async def _read(self, version: int) -> None:
        # Before the first version that is asked for there is nothing that anybody would know.
        told = await self._store.changes(self._version) if self._version >= 0 else []
        fresh: list[Change] = [(at, BitMap(ids), size) for at, ids, size in told if ids is not None]
        reached = told[-1][0] if told else version
        # A version that is not told of, or not in full, has changed nobody knows what.
        if reached < version or [one[0] for one in fresh] != [*range(self._version + 1, reached + 1)]:
            self._changed, self._words = [], {}
            self._since = self._version = max(version, reached)
            return
        changed, since = [*self._changed, *fresh], self._since
        while sum(len(ids) for _, ids, _ in changed) > MOST or sum(size for *_, size in changed) > MOST_CHARACTERS:
            since = changed.pop(0)[0]
        followed = _all_of(changed)
        anew = followed & _all_of(fresh)
        words = {id_: one for id_, one in self._words.items() if id_ in followed and id_ not in anew}
        words |= await self._store.words.of(anew)
        self._changed, self._words, self._since, self._version = changed, words, since, reached


def _all_of(changes: Sequence[Change]) -> BitMap:
    return BitMap().union(*(ids for _, ids, _ in changes))
