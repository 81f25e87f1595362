"""`/metrics` for Prometheus.

Not for users: names and numbers in there are those of everything, whatever a policy hides from them.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.interfaces import Auth
from app.telemetry import metrics


def metrics_routes(auth: Auth) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/metrics")
    async def scrape(request: Request) -> Response:
        # Nobody comes this far only where `/metrics` is public, or everything is.
        await auth.principal_of(request, allow=["service", "none"])
        return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)

    return routes
