"""What the one leading process does: bring the sources in line with the configuration, then ingest."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Sequence

import orjson

from app.errors import ServiceUnavailableError
from app.interfaces import Event, Events
from app.memory import give_back
from catalog import metrics
from catalog.ingestion.config_locations import PROVIDER as CONFIG_PROVIDER
from catalog.ingestion.config_locations import deferred_locations
from catalog.ingestion.connection import ERRORS_TOPIC, publish_conflicts
from catalog.ingestion.exchange import IMPORT_PREFIX
from catalog.ingestion.locations import PROVIDER as LOCATION_PROVIDER
from catalog.ingestion.locations import all_deferred
from catalog.ingestion.mutation import prepare_all
from catalog.ingestion.providers import apply_full, is_current
from catalog.interfaces import Cause, LocationSpec
from catalog.model.well_known import LOCATION
from catalog.processing.loop import RETRY_S, Finished, IngestLoop
from catalog.processing.pass_pool import PassPool
from catalog.processing.pipeline import Pipeline
from catalog.processing.rush import Rush
from catalog.processing.save import Saved
from catalog.settings import CatalogSettings
from catalog.stitching.batch import Stitcher
from catalog.store.locations import list_locations
from catalog.store.references import provider_names
from catalog.store.writing import WORK_CHANNEL, CatalogStore, cause_json

log = logging.getLogger(__name__)

LEADERSHIP = "catalog-ingest"
MUCH = 1000
"""Passes after which there is memory to give back."""
PROGRESS_S = 5.0
"""A long ingestion says so often how far it is."""
_CHANGED = {True: metrics.processed.labels("changed"), False: metrics.processed.labels("unchanged")}
_TOOK = {True: metrics.processing_duration.labels("ok"), False: metrics.processing_duration.labels("failed")}
STARTUP = cause_json(Cause("startup"))


class Leader:
    """Leads whenever it may. `providers` are the names of all that are installed."""

    def __init__(
        self,
        store: CatalogStore,
        pipeline: Pipeline,
        events: Events,
        settings: CatalogSettings,
        locations: Sequence[LocationSpec],
        providers: Collection[str],
        passes: PassPool,
        rush: Rush | None = None,
    ) -> None:
        self._store = store
        self._events = events
        self._settings = settings
        self._locations = locations
        self._providers = {*providers, CONFIG_PROVIDER, LOCATION_PROVIDER}
        self._pipeline = pipeline
        self._passes = passes
        self._rush = rush or Rush()
        self.loop = self._new_loop()
        store.database.listen(WORK_CHANNEL, lambda payload: self.loop.wake(payload))
        self._processed = 0
        self._failed = 0
        self._began_at: float | None = None
        """When the first pass since the last quiet moment ended."""
        self._told_at = time.monotonic()
        self._told_of = 0

    def _new_loop(self) -> IngestLoop:
        return IngestLoop(
            self._store,
            self._pipeline,
            Stitcher(self._store, mark_orphans=self._settings.orphan_strategy == "keep"),
            self._report,
            self._passes,
            orphans=self._settings.orphan_strategy,
            interval=self._settings.interval_s,
            settled=self._settled,
            rush=self._rush,
        )

    async def run(self) -> None:
        """Until cancelled. A lead that is lost, or a database that is away, is waited for."""
        while True:
            try:
                async with self._store.database.leadership(LEADERSHIP):
                    # What an earlier lead had in hand is another process's by now.
                    self.loop = self._new_loop()
                    await self.align()
                    await self.loop.run()
            except ServiceUnavailableError as error:
                log.warning("ingestion waits for the lead: %s", error)
                await asyncio.sleep(RETRY_S)

    async def align(self) -> None:
        """Bring configured and registered locations in, and take out what providers that are gone have left.

        Writes nothing when nothing has changed.
        """
        await self._remove_orphaned_providers()
        registered = await list_locations(self._store.database)
        for provider, deferred in (
            (CONFIG_PROVIDER, deferred_locations(self._locations)),
            (LOCATION_PROVIDER, all_deferred(registered)),
        ):
            incoming = prepare_all(deferred)
            if await is_current(self._store.database, provider, incoming):
                continue
            async with self._store.write() as write:
                applied = await apply_full(write, provider, incoming, STARTUP, guard=None)
            await publish_conflicts(self._events, applied.conflicts)

    async def _remove_orphaned_providers(self) -> None:
        if self._settings.orphan_provider_strategy == "keep":
            return
        for provider in await provider_names(self._store.database):
            if provider in self._providers or provider.startswith(IMPORT_PREFIX):
                continue
            async with self._store.write() as write:
                applied = await apply_full(write, provider, {}, STARTUP, guard=None)
            log.info("provider %s is not installed any more: %d entities removed", provider, applied.result.removed)

    async def _report(self, saved: Saved, finished: Sequence[Finished]) -> None:
        now_ms = self._store.now()
        for one in finished:
            _CHANGED[one.outcome.changed].inc()
            _TOOK[one.outcome.ok].observe(one.seconds)
            if one.outcome.row.due_at is not None:
                metrics.queue_delay.observe(max(now_ms - one.outcome.row.due_at, 0) / 1000)
            if not one.outcome.ok and one.outcome.changed:
                await self._tell_errors(one)
        await publish_conflicts(self._events, saved.conflicts)
        now = time.monotonic()
        self._began_at = now if self._began_at is None else self._began_at
        self._processed += len(finished)
        self._failed += sum(not one.outcome.ok for one in finished)
        if now - self._told_at > PROGRESS_S:
            fresh = self._processed - self._told_of
            if fresh > 500:
                log.info("processed %d entities, %d a second", self._processed, fresh / (now - self._told_at))
            self._told_at, self._told_of = now, self._processed

    def _settled(self) -> None:
        if self._began_at is not None:
            took = time.monotonic() - self._began_at
            log.info("up to date: %d passes in %.1f s, %d with errors", self._processed, took, self._failed)
            if self._processed > MUCH:
                give_back()
        self._processed = self._told_of = self._failed = 0
        self._began_at = None

    async def _tell_errors(self, one: Finished) -> None:
        errors = orjson.loads(one.outcome.errors)
        annotations = orjson.loads(one.outcome.row.unprocessed)["metadata"].get("annotations") or {}
        where = annotations.get(LOCATION)
        log.warning("%s, read at %s: %s", one.outcome.row.ref, where, "; ".join(error["message"] for error in errors))
        payload = {"entity": one.outcome.row.ref, "location": where, "errors": errors}
        await self._events.publish(Event(ERRORS_TOPIC, payload))
