"""Wire documents of entities, and the ids behind refs: read once, kept within a budget of memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyroaring import BitMap

from catalog.query.caches import Cache
from catalog.query.needs import unspeakable
from catalog.store.reads import CatalogReads

OVERHEAD = 150
"""Bytes an entry takes beside its document."""


class _Reading:
    """A read under way, and what changes behind its back: that is not worth keeping."""

    def __init__(self) -> None:
        self.ids = BitMap()
        self.refs: set[str] = set()
        self.everything = False


class Documents:
    def __init__(self, reads: CatalogReads, budget: int) -> None:
        self._reads = reads
        self._documents: Cache[int, bytes] = Cache(budget * 4 // 5)
        self._ids: Cache[str, int] = Cache(budget // 5)
        self._under_way: list[_Reading] = []

    @property
    def size(self) -> int:
        return self._documents.size + self._ids.size

    async def of(self, ids: Sequence[int], *, keep: bool = True) -> list[bytes | None]:
        """Documents in the order of the ids, None where there is none (any more). `keep`: for the next time."""
        get = self._documents.get
        found = [get(one) for one in ids]
        if None in found:
            missing = list(dict.fromkeys(one for one, document in zip(ids, found, strict=True) if document is None))
            read = await self._read(missing, keep=keep)
            found = [read.get(one) if document is None else document for one, document in zip(ids, found, strict=True)]
        return found

    async def _read(self, ids: Sequence[int], *, keep: bool) -> dict[int, bytes]:
        reading = _Reading()
        self._under_way.append(reading)
        try:
            read = dict(await self._reads.documents(ids))
        finally:
            self._under_way.remove(reading)
        if keep and not reading.everything:
            for one, document in read.items():
                if one not in reading.ids:
                    self._documents.put(one, document, len(document) + OVERHEAD)
        return read

    async def by_refs(self, refs: Sequence[str]) -> list[tuple[int, bytes] | None]:
        """(id, document) of each of these exact refs, None where there is none."""
        known, get = self._ids.get, self._documents.get
        found: dict[str, tuple[int, bytes] | None] = {}
        missing: list[str] = []
        for ref in refs:
            one = known(ref)
            document = get(one) if one else None
            if one and document is not None:
                found[ref] = (one, document)
            elif one != 0 and ref not in found:
                found[ref] = None
                if not unspeakable(ref):
                    missing.append(ref)
        if missing:
            found.update(await self._read_refs(missing))
        return [found.get(ref) for ref in refs]

    async def _read_refs(self, refs: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        reading = _Reading()
        self._under_way.append(reading)
        try:
            rows = await self._reads.by_refs(refs)
        finally:
            self._under_way.remove(reading)
        read = {ref: (one, document) for ref, one, document in rows}
        for ref in refs if not reading.everything else ():
            if ref not in reading.refs:
                one, document = read.get(ref, (0, b""))
                self._ids.put(ref, one, 2 * len(ref) + OVERHEAD)
                if one and one not in reading.ids:
                    self._documents.put(one, document, len(document) + OVERHEAD)
        return read

    def forget(self, ids: BitMap, refs: Iterable[str]) -> None:
        """These have changed."""
        for one in ids:
            self._documents.pop(one)
        for ref in refs:
            self._ids.pop(ref)
        for reading in self._under_way:
            reading.ids |= ids
            reading.refs.update(refs)

    def reset(self) -> None:
        self._documents.clear()
        self._ids.clear()
        for reading in self._under_way:
            reading.everything = True
