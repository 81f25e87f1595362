"""Counts what is stored, for the metrics: seldom, and only when something has changed."""

from __future__ import annotations

import asyncio
import time

from catalog import metrics
from catalog.interfaces import EntitiesCatalog
from catalog.store.writing import CatalogStore

LEAST_S = 15.0
SHARE = 200.0
"""Between two counts so many times as long passes as one takes: counting costs half a percent of the time at most."""


class Gauges:
    """Runs in the leading process."""

    def __init__(self, store: CatalogStore, entities: EntitiesCatalog) -> None:
        self._store = store
        self._entities = entities
        self._counted_at = -1

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            took = await self.count()
            await asyncio.sleep(max(LEAST_S, SHARE * took))

    async def count(self) -> float:
        """Bring the gauges up to date. Gives how many seconds it took; none if nothing has changed."""
        revision = await self._entities.revision()
        if revision == self._counted_at:
            return 0.0
        started = time.monotonic()
        kinds: dict[str, int] = {}
        for found in (await self._entities.facets(["kind"], None))["kind"]:
            kinds[found.value.lower()] = kinds.get(found.value.lower(), 0) + found.count
        metrics.show_entities(kinds)
        for gauge, table in ((metrics.relations, "catalog_relation"), (metrics.locations, "catalog_location")):
            gauge.set((await self._store.database.read(f"SELECT count(*) FROM {table}"))[0][0])  # noqa: S608
        self._counted_at = revision
        return time.monotonic() - started
