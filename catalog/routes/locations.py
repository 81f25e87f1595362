"""Registered locations. Source: spec/catalog.md §1.4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.errors import InputError
from app.interfaces import caller, parsed
from catalog.interfaces import LocationSpec, RegisteredLocation
from catalog.model.refs import canonical
from catalog.routes.answers import json_answer, nothing, page_info
from catalog.routes.ports import CatalogPorts

TRUE: Final = frozenset({"true", "yes", "y", "1", "on"})


def wire(location: RegisteredLocation) -> dict[str, str]:
    return {"id": location.id, "type": location.type, "target": location.target, "entityRef": location.entity_ref}


def location_routes(ports: CatalogPorts) -> APIRouter:
    routes = APIRouter(tags=["Locations"])

    @routes.get("/locations")
    async def all_locations(request: Request) -> Response:
        found = await ports.locations.list(caller(request))
        return json_answer([{"data": wire(location)} for location in found])

    @routes.post("/locations")
    async def create(request: Request) -> Response:
        given = parsed(request)
        spec = _spec(given.body)
        if str(given.query.get("dryRun", "")).strip().lower() in TRUE:
            exists, location, entities = await ports.locations.dry_run(spec, caller(request))
            return json_answer({"exists": exists, "location": wire(location), "entities": list(entities)}, 201)
        location = await ports.locations.create(spec, given.query.get("onConflict"), caller(request))
        return json_answer({"location": wire(location), "entities": []}, 201)

    @routes.post("/locations/by-query")
    async def by_query(request: Request) -> Response:
        page = await ports.locations.page(parsed(request).body, caller(request))
        return json_answer(
            {
                "items": [wire(location) for location in page.items],
                "totalItems": page.total,
                "pageInfo": page_info(page.next_cursor),
            }
        )

    @routes.get("/locations/{id}")
    async def one_location(request: Request) -> Response:
        return json_answer(wire(await ports.locations.get(request.path_params["id"], caller(request))))

    @routes.put("/locations/{id}")
    async def update(request: Request) -> Response:
        body = parsed(request).body
        spec = LocationSpec(body["type"], body["target"])
        return json_answer(wire(await ports.locations.update(request.path_params["id"], spec, caller(request))))

    @routes.delete("/locations/{id}")
    async def delete(request: Request) -> Response:
        await ports.locations.delete(request.path_params["id"], caller(request))
        return nothing()

    @routes.get("/locations/by-entity/{kind}/{namespace}/{name}")
    async def by_entity(request: Request) -> Response:
        name = request.path_params
        ref = canonical(name["kind"], name["namespace"], name["name"])
        return json_answer(wire(await ports.locations.by_entity(ref, caller(request))))

    return routes


def _spec(body: Mapping[str, Any]) -> LocationSpec:
    """A location as registered: strict about what it does not know, `presence` taken and not kept."""
    unknown = [key for key in body if key not in ("type", "target", "presence")]
    if unknown:
        keys = ", ".join(f"'{key}'" for key in unknown)
        raise InputError(f"Malformed request: Validation error: Unrecognized key(s) in object: {keys}")
    if body.get("presence", "required") not in ("required", "optional"):
        raise InputError(
            "Malformed request: Validation error: Invalid enum value. Expected 'required' | 'optional' at \"presence\""
        )
    return LocationSpec(body["type"], body["target"])
