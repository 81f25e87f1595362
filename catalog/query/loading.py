"""Loads structures of the index on first use, once for all who wait, and keeps those in use up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from weakref import WeakValueDictionary

from pyroaring import BitMap

from catalog.query.caches import Cache
from catalog.query.needs import Need, unspeakable
from catalog.query.order_index import OrderIndex
from catalog.query.structures import EntitySet, Ordered, Patch, Spellings, Structure
from catalog.store.reads import CatalogReads

TOGETHER = ("value", "key")
"""Kinds that one statement loads, however many there are."""
AT_ONCE = 3
"""Long loads that may run at the same time; the others wait, so that hundreds do not take every connection."""
MANY_SPELLINGS = 5_000
"""Values of a facet beyond which it is counted by walking its rows instead of by intersecting a set per value."""


class _Load:
    """Structures on their way in. What changes meanwhile is remembered and done to them when they arrive."""

    def __init__(self, needs: Sequence[Need]) -> None:
        self.needs = needs
        self.missed: list[Patch] = []


class Scope:
    """Whom a patch concerns: taken before the patch is read, since a later load sees the changes by itself."""

    def __init__(self, keys: frozenset[str], loads: Sequence[_Load]) -> None:
        self.keys = keys
        self.loads = loads


class Structures:
    """The structures of the index, within a budget of memory.

    A structure that is in somebody's hands stays known (and up to date) even when the budget has no room for it.
    """

    def __init__(
        self,
        reads: CatalogReads,
        budget: int,
        *,
        settle: Callable[[], Awaitable[None]],
        many_spellings: int = MANY_SPELLINGS,
    ) -> None:
        """`settle` brings the index up to date with everything committed before the call."""
        self._reads = reads
        self._settle = settle
        self._many_spellings = many_spellings
        self._kept: Cache[Need, Structure] = Cache(budget)
        self._live: WeakValueDictionary[Need, Structure] = WeakValueDictionary()
        self._coming: dict[Need, asyncio.Task[Mapping[Need, Structure]]] = {}
        self._loads: list[_Load] = []
        self._long = asyncio.Semaphore(AT_ONCE)
        self._generation = 0
        self.follow: Callable[[Patch], Callable[[], None]] | None = None
        """Called before a patch is applied; what it gives is called right after."""
        self.epoch = 0
        """Changes with every patch: what was computed from structures holds as long as it stays."""

    @property
    def size(self) -> int:
        return self._kept.size

    def at_hand(self, needs: Sequence[Need]) -> dict[Need, Structure] | None:
        """All of them, if none has to be loaded."""
        found = {}
        for need in needs:
            structure = self._kept.get(need)
            if structure is None:
                return None
            found[need] = structure
        return found

    async def need(self, needs: Sequence[Need]) -> Mapping[Need, Structure]:
        """All of them, of one and the same state of the catalog. Use them before the next `await`.

        Needs that name what no row can hold are left out. Raises ServiceUnavailableError.
        """
        found = self.at_hand(needs)
        while found is None:
            generation = self._generation
            found, missing = {}, []
            for need in dict.fromkeys(needs):
                structure = self._kept.get(need) or self._live.get(need)
                if structure is not None:
                    found[need] = structure
                elif not (unspeakable(need.key) or unspeakable(need.value)):
                    missing.append(need)
            for coming in self._load(missing):
                # Shielded: others may wait for the same, whatever becomes of this caller.
                found.update(await asyncio.shield(coming))
            if generation != self._generation:
                found = None
        return found

    def _load(self, missing: Sequence[Need]) -> list[asyncio.Task[Mapping[Need, Structure]]]:
        new = [need for need in missing if need not in self._coming]
        together = [[need for need in new if need.kind == kind] for kind in TOGETHER]
        for part in [*filter(None, together), *([need] for need in new if need.kind not in TOGETHER)]:
            load = _Load(part)
            self._loads.append(load)
            task = asyncio.create_task(self._run(load), name="catalog-index-load")
            task.add_done_callback(_seen)
            for need in part:
                self._coming[need] = task
        return list(dict.fromkeys(self._coming[need] for need in missing))

    async def _run(self, load: _Load) -> Mapping[Need, Structure]:
        try:
            while True:
                generation = self._generation
                load.missed.clear()
                built = await self._build(load.needs)
                # The snapshot may be newer than the index: catch up with it before anybody combines the two.
                await self._settle()
                if generation == self._generation:
                    break
            for patch in load.missed:
                for structure in built.values():
                    structure.apply(patch)
            for need, structure in built.items():
                self._live[need] = structure
                self._kept.put(need, structure, structure.size)
            return built
        finally:
            self._loads.remove(load)
            for need in load.needs:
                del self._coming[need]

    async def _build(self, needs: Sequence[Need]) -> dict[Need, Structure]:
        need, reads = needs[0], self._reads
        match need.kind:
            case "value":
                found = await reads.with_values([(one.key, one.value) for one in needs])
                return {one: EntitySet(one, ids) for one, ids in zip(needs, found, strict=True)}
            case "key":
                found = await reads.with_keys([one.key for one in needs])
                return {one: EntitySet(one, ids) for one, ids in zip(needs, found, strict=True)}
            case "prefix":
                order = Need("order", need.key)
                ordered = (await self.need([order]))[order]
                begun = ordered.index.prefixed(need.value.encode()) if isinstance(ordered, Ordered) else BitMap()
                return {need: EntitySet(need, begun)}
            case "all":
                return {need: EntitySet(need, await reads.entity_ids())}
            case "order" | "refs":
                async with self._long:
                    return {need: await self._ordered(need.key)}
            case "facet":
                async with self._long:
                    if await reads.has_more_values(need.key, self._many_spellings):
                        return {need: await self._ordered(need.key, original=True)}
                    return {need: Spellings(need.key, await reads.spellings(need.key))}

    async def _ordered(self, key: str, *, original: bool = False) -> Ordered:
        index = OrderIndex()
        async for rows in self._reads.rows(key, original=original) if key else self._reads.refs():
            index.append(rows)
        for _ in index.finishing():
            await asyncio.sleep(0)
        return Ordered(key, index, original=original)

    # ------------------------------------------------------------------------------------------------ changing

    def scope(self) -> Scope:
        keys = {need.key for need in self._live} | {need.key for load in self._loads for need in load.needs}
        return Scope(frozenset(keys - {""}), tuple(self._loads))

    def apply(self, patch: Patch, scope: Scope) -> None:
        followed = self.follow(patch) if self.follow is not None else None
        self.epoch += 1
        for load in scope.loads:
            load.missed.append(patch)
        for need, structure in list(self._live.items()):
            structure.apply(patch)
            if isinstance(structure, Spellings) and len(structure.values) > 2 * self._many_spellings:
                # Whoever holds it may go on; the next load counts again.
                self._kept.pop(need)
        if followed is not None:
            followed()

    def live(self, need: Need) -> Structure | None:
        """A structure that is in memory and up to date."""
        return self._live.get(need)

    def reset(self) -> None:
        """Forget everything; loads under way begin again."""
        self.epoch += 1
        self._generation += 1
        self._kept.clear()
        self._live = WeakValueDictionary()


def _seen(task: asyncio.Task[Mapping[Need, Structure]]) -> None:
    """Nobody may be left to hear of a failed load; the next one who needs it will try again."""
    if not task.cancelled():
        task.exception()
