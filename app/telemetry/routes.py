"""`/metrics` for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.telemetry import metrics


def metrics_routes() -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/metrics")
    async def scrape(request: Request) -> Response:
        return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)

    return routes
