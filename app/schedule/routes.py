"""`/.backstage/scheduler/v1/tasks` of every mount. Source: spec/ui-backends.md §1.6."""

from __future__ import annotations

from collections.abc import Callable

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import AuthenticationError, NotAllowedError
from app.interfaces import JsonBytes, caller
from app.schedule.scheduler import Scheduler


def scheduler_routes(scheduler: Scheduler) -> Callable[[str], APIRouter]:
    def of(plugin: str) -> APIRouter:
        routes = APIRouter(prefix="/.backstage/scheduler/v1/tasks", include_in_schema=False)

        @routes.get("")
        async def tasks(request: Request) -> Response:
            return JsonBytes(orjson.dumps({"tasks": scheduler.listed(plugin)}))

        @routes.post("/{task_id}/trigger")
        async def trigger(request: Request) -> Response:
            _demand_unrestricted(request)
            await scheduler.trigger(plugin, request.path_params["task_id"])
            return Response(status_code=200)

        @routes.post("/{task_id}/cancel")
        async def cancel(request: Request) -> Response:
            _demand_unrestricted(request)
            await scheduler.cancel(plugin, request.path_params["task_id"])
            return Response(status_code=200)

        return routes

    return of


def _demand_unrestricted(request: Request) -> None:
    """No permission guards these, so a token restricted to some permissions has none for them either."""
    who = caller(request)
    if who.kind == "none":
        raise AuthenticationError("Missing credentials")
    if who.restrictions is not None:
        raise NotAllowedError()
