"""Puts the catalog into the host. Found by the entry point group `callboard.plugins`, like any other feature."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from app.interfaces import PluginHost
from catalog.control import CatalogControls
from catalog.feed import CatalogFeed
from catalog.gauges import Gauges
from catalog.incremental.engine import IncrementalIngestion
from catalog.ingestion.child import Child
from catalog.ingestion.config_locations import configured_location
from catalog.ingestion.connection import Connection
from catalog.ingestion.locations import RegisteredLocations
from catalog.ingestion.parse_pool import ParsePool
from catalog.ingestion.rules import parse_rules
from catalog.interfaces import (
    CatalogControl,
    CatalogExtensions,
    EntitiesCatalog,
    EntityProvider,
    EntityVisibility,
    Locations,
    RevisionFeed,
)
from catalog.leader import Leader
from catalog.processing.pass_pool import PassPool
from catalog.processing.pipeline import Pipeline
from catalog.processing.rush import Rush
from catalog.query.engine import CatalogIndex
from catalog.routes.registration import register_api
from catalog.scm_events import ScmReactions
from catalog.settings import CatalogSettings
from catalog.steps import processing_steps
from catalog.store.ingestions import Ingestions
from catalog.store.writing import CatalogStore
from catalog.visibility import ConditionalVisibility

if TYPE_CHECKING:
    import typer

log = logging.getLogger(__name__)


class CatalogPlugin:
    """What exists, how it gets in, how it is asked for."""

    id = "catalog"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("catalog", CatalogSettings)
        extensions = host.extension(CatalogExtensions)
        index = CatalogIndex(host.database, budget=settings.index_memory_mb * 1024 * 1024)
        store = CatalogStore(host.database, host.clock, index)
        configured = [(configured_location(one.type, one.target), one.rules) for one in settings.locations]
        rules = parse_rules(settings.rules, configured)

        host.migrations("catalog.store.migrations")
        host.provide(EntitiesCatalog, index)
        rush = Rush()
        host.provide(RevisionFeed, CatalogFeed(host.database, rush))
        host.provide(EntityVisibility, ConditionalVisibility(host.database, index))

        def connection(provider: str) -> Connection:
            return Connection(store, host.events, provider, settings.guard)

        def commands() -> typer.Typer:
            from catalog.cli import catalog_commands

            return catalog_commands(host, connection)

        def linting() -> typer.Typer:
            from catalog.lint.commands import lint_commands

            return lint_commands(extensions, host.config)

        host.commands(linting)
        host.commands(commands)

        child = Child()
        parser = ParsePool(child)
        allowed = extensions.allowed_location_types
        pipeline = Pipeline(
            lambda: processing_steps(host.reading, parser, settings, extensions), rules, host.reading, allowed
        )
        locations = RegisteredLocations(
            store,
            pipeline,
            allowed,
            on_conflict=settings.default_location_conflict_strategy,
            is_shared=host.reading.git.is_shared,
        )
        control = CatalogControls(store, pipeline, interval_s=settings.interval_s)
        host.provide(Locations, locations)
        host.provide(CatalogControl, control)
        register_api(host)

        def providers() -> list[EntityProvider]:
            options = settings.provider_options
            return [one for one in extensions.providers if not (one.name in options and options[one.name].disabled)]

        async def start() -> None:
            await index.start()
            if host.roles & {"api", "ingest"}:
                ScmReactions(store, control, locations, settings.scm).subscribe(host.events)
                await connect(providers())

        async def connect(some: list[EntityProvider]) -> None:
            for provider in some:
                try:
                    await provider.connect(connection(provider.name))
                except Exception:
                    log.exception("provider %s cannot be connected", provider.name)

        async def read_incrementally() -> None:
            ingestions = Ingestions(host.database, host.clock)
            async with asyncio.TaskGroup() as group:
                for one in extensions.incremental:
                    engine = IncrementalIngestion(one, connection(one.name), ingestions, host.database)
                    group.create_task(engine.run(), name=f"incremental {one.name}")

        async def ingest() -> None:
            names = {one.name for one in extensions.providers} | {one.name for one in extensions.incremental}
            specs = [spec for spec, _ in configured]
            leader = Leader(store, pipeline, host.events, settings, specs, names, PassPool(child, pipeline), rush)
            await leader.run()

        host.on_start(start)
        host.on_stop(index.stop)
        host.on_stop(child.close)
        if settings.processing_interval is not False:
            host.background("catalog-ingest", ingest, role="ingest")
            host.background("catalog-incremental", read_incrementally, role="ingest")
            host.background("catalog-gauges", Gauges(store, index).run, role="ingest")
