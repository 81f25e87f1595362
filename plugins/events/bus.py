"""`POST /api/events/bus/v1/events`: other backends' events, published here. Source: spec/catalog.md §6.4.

Subscriptions are not offered: clients take their absence (404) for "no bus" and stay within their process.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import NotAllowedError
from app.interfaces import Event, Events, caller, parsed


def bus_routes(events: Events) -> APIRouter:
    routes = APIRouter()

    @routes.post("/bus/v1/events")
    async def publish(request: Request) -> Response:
        """204: published, and nobody elsewhere waits for it."""
        if caller(request).kind != "service":
            raise NotAllowedError("This endpoint is for services alone")
        event = parsed(request).body["event"]
        await events.publish(Event(event["topic"], event["payload"]))
        return Response(status_code=204)

    return routes
