"""The services the routes use, put together from the host's ports when they are first asked for.

Routers are mounted while plugins register, in any order; the ports behind them exist from the start hooks on.
"""

from __future__ import annotations

from functools import cached_property

from pydantic import BaseModel

from app.interfaces import PluginHost
from catalog.graph.ownership import Ownership
from catalog.graph.walk import GraphWalker
from catalog.interfaces import CatalogControl, CatalogExtensions, EntitiesCatalog, Locations
from catalog.service.analysis import Analyses
from catalog.service.authorized import Gate
from catalog.service.changes import Changes
from catalog.service.entities import AuthorizedEntities
from catalog.service.explaining import Explainer
from catalog.service.freshness import Freshness
from catalog.service.incremental import SteeredIngestions
from catalog.service.locations import AuthorizedLocations
from catalog.store.ingestions import Ingestions


class ApiSettings(BaseModel, frozen=True, extra="ignore", defer_build=True):
    """What of the `catalog` configuration concerns its API."""

    readonly: bool = False
    """Refuse to register, change and remove locations."""


class CatalogPorts:
    def __init__(self, host: PluginHost) -> None:
        self.host = host
        self.readonly = host.settings("catalog", ApiSettings).readonly

    @cached_property
    def _entities(self) -> EntitiesCatalog:
        return self.host.service(EntitiesCatalog)

    @cached_property
    def _locations(self) -> Locations:
        return self.host.service(Locations)

    @cached_property
    def _control(self) -> CatalogControl:
        return self.host.service(CatalogControl)

    @cached_property
    def gate(self) -> Gate:
        return Gate(self.host.permissions)

    @cached_property
    def freshness(self) -> Freshness:
        return Freshness(self._entities, self.host.database)

    @cached_property
    def entities(self) -> AuthorizedEntities:
        return AuthorizedEntities(self._entities, self._control)

    @cached_property
    def locations(self) -> AuthorizedLocations:
        return AuthorizedLocations(
            self.gate, self._locations, self._entities, self.host.database, readonly=self.readonly
        )

    @cached_property
    def changes(self) -> Changes:
        return Changes(self.gate, self._entities, self._control)

    @cached_property
    def ingestions(self) -> SteeredIngestions:
        return SteeredIngestions(self.gate, Ingestions(self.host.database, self.host.clock))

    @cached_property
    def analyses(self) -> Analyses:
        extensions = self.host.extension(CatalogExtensions)
        return Analyses(self.gate, self._locations, self.host.reading, extensions.analyzers)

    @cached_property
    def explainer(self) -> Explainer:
        return Explainer(self.gate, self._entities, self._control)

    @cached_property
    def walker(self) -> GraphWalker:
        return GraphWalker(self.host.database, self._entities)

    @cached_property
    def ownership(self) -> Ownership:
        return Ownership(self.host.database, self._entities)
