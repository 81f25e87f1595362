"""Refreshing, deleting, validating and analyzing; unprocessed entities and held mutations. Source: §1.3–§1.5."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.errors import CallboardError, InputError
from app.interfaces import caller, parsed
from catalog.interfaces import LocationSpec
from catalog.model.errors import FormError, serialized
from catalog.model.locations import parse_location_ref
from catalog.routes.answers import json_answer, nothing
from catalog.routes.ports import CatalogPorts
from catalog.validation.envelope import check_envelope


def change_routes(ports: CatalogPorts) -> APIRouter:
    routes = APIRouter(tags=["Entity"])

    @routes.post("/refresh")
    async def refresh(request: Request) -> Response:
        body = parsed(request).body
        token = body.get("authorizationToken")
        who = caller(request) if token is None else await ports.host.auth.authenticate(token)
        await ports.changes.refresh(body["entityRef"], who)
        return nothing(200)

    @routes.delete("/entities/by-uid/{uid}")
    async def delete(request: Request) -> Response:
        await ports.changes.delete(request.path_params["uid"], caller(request))
        return nothing()

    @routes.post("/validate-entity")
    async def validate(request: Request) -> Response:
        body = parsed(request).body
        try:
            check_envelope(body["entity"])
            location = parse_location_ref(body["location"])
            if location.type != "url":
                raise FormError(
                    f"Invalid location ref {body['location']}, only 'url:<target>' is supported,"
                    " e.g. url:https://host/path"
                )
        except CallboardError as error:
            return json_answer({"errors": [serialized(error)]}, 400)
        spec = LocationSpec(location.type, location.target)
        errors = await ports.changes.validate(body["entity"], spec, caller(request))
        return json_answer({"errors": [serialized(error) for error in errors]}, 400) if errors else nothing(200)

    @routes.post("/analyze-location")
    async def analyze(request: Request) -> Response:
        body = parsed(request).body
        filename = body.get("catalogFilename")
        if filename is not None and not isinstance(filename, str):
            raise InputError('Malformed request: Validation error: Expected string at "catalogFilename"')
        found = await ports.analyses.analyze(body["location"]["target"], filename, caller(request))
        return json_answer(
            {
                "existingEntityFiles": [
                    {
                        "location": {"type": one.location.type, "target": one.location.target},
                        "isRegistered": one.registered,
                        "entity": one.entity,
                    }
                    for one in found.existing
                ],
                "generateEntities": [{"entity": entity, "fields": []} for entity in found.generated],
            }
        )

    @routes.delete("/entities/unprocessed/delete/{entity_id}")
    async def forget(request: Request) -> Response:
        await ports.changes.forget_unprocessed(request.path_params["entity_id"], caller(request))
        return nothing()

    @routes.get("/entities/unprocessed/failed")
    async def failed(request: Request) -> Response:
        return await unprocessed(request, "failed")

    @routes.get("/entities/unprocessed/pending")
    async def pending(request: Request) -> Response:
        return await unprocessed(request, "pending")

    async def unprocessed(request: Request, state: Literal["failed", "pending"]) -> Response:
        owner = request.query_params.get("owner") or None
        entities = await ports.changes.unprocessed(state, owner, caller(request))
        return json_answer({"type": state, "entities": entities})

    return routes


def held_routes(ports: CatalogPorts) -> APIRouter:
    routes = APIRouter(prefix="/ingestion/held", tags=["Callboard"])

    @routes.get("")
    async def held(request: Request) -> Response:
        return json_answer({"items": await ports.changes.held(caller(request))})

    @routes.post("/{id}/release")
    async def release(request: Request) -> Response:
        result = await ports.changes.release(request.path_params["id"], caller(request))
        return json_answer({"added": result.added, "updated": result.updated, "removed": result.removed})

    @routes.delete("/{id}")
    async def discard(request: Request) -> Response:
        await ports.changes.discard(request.path_params["id"], caller(request))
        return nothing()

    return routes
