"""Puts the catalog's API into the host: permissions and rules, the contract, and every route."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from fastapi import APIRouter

from app.interfaces import PluginHost
from catalog.interfaces import EntitiesCatalog
from catalog.permissions.permissions import PERMISSIONS
from catalog.permissions.rules import RULES
from catalog.query.projection import Projector
from catalog.routes.changes import change_routes, held_routes
from catalog.routes.entities import entity_routes
from catalog.routes.facets import facet_routes
from catalog.routes.graph import graph_routes
from catalog.routes.incremental import incremental_routes
from catalog.routes.locations import location_routes
from catalog.routes.ports import CatalogPorts
from catalog.service.actions.changing import ChangingActions
from catalog.service.actions.exploring import PLUGIN as EXPLORING
from catalog.service.actions.exploring import ExploringActions
from catalog.service.actions.reading import ReadingActions
from catalog.service.actions.validating import ValidatingActions

PLUGIN: Final = "catalog"
CONTRACT: Final = "catalog.yaml"
PROJECTION_BUDGET: Final = 32 * 1024 * 1024
"""Bytes of projected documents that are kept."""


def register_api(host: PluginHost) -> None:
    """Mount everything under `/api/catalog`, and add the actions. The catalog has provided its ports by then."""
    ports = CatalogPorts(host)
    projector = Projector(PROJECTION_BUDGET)

    async def load(refs: Sequence[str]) -> Sequence[Any | None]:
        documents = await host.service(EntitiesCatalog).by_refs(refs)
        return [None if document is None else orjson.loads(document) for document in documents]

    host.permissions.declare(PLUGIN, PERMISSIONS, rules=RULES, load=load)
    # One router, since the contract is held against the routes of all of them.
    routes = APIRouter()
    for part in (
        entity_routes(ports, projector),
        facet_routes(ports),
        change_routes(ports),
        location_routes(ports),
        graph_routes(ports, projector),
        held_routes(ports),
        incremental_routes(ports),
    ):
        routes.include_router(part)
    host.mount(PLUGIN, routes, contract=CONTRACT)

    reading = ReadingActions(ports.gate, ports.entities)
    changing = ChangingActions(reading, ports.changes, ports.locations)
    # Nothing but what every mount has: our actions.
    host.mount(EXPLORING, APIRouter())
    exploring = ExploringActions(ports.gate, ports.entities, ports.walker, ports.ownership, ports.explainer)
    validating = ValidatingActions(ports.changes)
    host.actions.add(*reading.actions(), *exploring.actions(), *validating.actions(), *changing.actions())
