"""Who emitted whom, upwards. It is asked for with every entity page and changes with sources only: so it is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from catalog.store.texts import storable

if TYPE_CHECKING:
    from app.interfaces import Database

EDGES_CHANNEL = "catalog_edges"
"""Some entity has got or lost a parent."""
MAX_KEPT = 20_000
"""Lineages in memory: some hundred bytes each."""
NET_S = 5.0
"""A notification of another process may be missed: nothing is believed for longer than this."""

LINEAGE = """
WITH RECURSIVE up AS (
  SELECT id, target_ref, source_ref FROM catalog_refresh_reference WHERE target_ref = ? AND source_ref IS NOT NULL
  UNION
  SELECT r.id, r.target_ref, r.source_ref FROM up u JOIN catalog_refresh_reference r ON r.target_ref = u.source_ref
  WHERE r.source_ref IS NOT NULL
)
SELECT target_ref, source_ref FROM up ORDER BY id
"""

Lineage = Mapping[str, Sequence[str]]
"""Each ref with its parents, in the order in which they came to be."""


class Lineages:
    """`forget()` is called after each commit of this process that changed an edge, and for those of others."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._kept: dict[str, Lineage] = {}
        self._since = 0.0
        self._generation = 0
        self._version: int | None = None
        database.listen(EDGES_CHANNEL, lambda _payload: self.forget())

    def forget(self) -> None:
        self._generation += 1
        self._kept.clear()

    async def of(self, ref: str) -> Lineage:
        """The entity and all above it. The given ref is always there."""
        await self._catch_up()
        found = self._kept.get(ref)
        if found is None:
            generation = self._generation
            found = _parents(ref, await self._database.read(LINEAGE, storable(ref)))
            # What was read while an edge changed may be either state: only the asker gets it.
            if generation == self._generation and len(self._kept) < MAX_KEPT:
                self._kept[ref] = found
        return found

    async def _catch_up(self) -> None:
        now = self._clock()
        version = await self._database.data_version()
        if version != self._version or now - self._since > NET_S:
            self.forget()
            self._version, self._since = version, now


def _parents(ref: str, rows: Sequence[tuple[str, str]]) -> Lineage:
    found: dict[str, list[str]] = {ref: []}
    for target, source in rows:
        above = found.setdefault(target, [])
        if source not in above:
            above.append(source)
        found.setdefault(source, [])
    return found
