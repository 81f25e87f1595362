"""The action registry of the catalog's mount. Source: spec/ui-backends.md §4.2."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.interfaces import caller, parsed
from catalog.routes.answers import json_answer
from catalog.service.actions.registry import ActionRegistry


def action_routes(registry: Callable[[], ActionRegistry]) -> APIRouter:
    routes = APIRouter(prefix="/.backstage/actions", tags=["Framework"])

    @routes.get("/v1/actions")
    async def actions(request: Request) -> Response:
        return json_answer({"actions": registry().list(caller(request))})

    @routes.post("/v1/actions/{actionId}/invoke")
    async def invoke(request: Request) -> Response:
        given = parsed(request).body
        return json_answer({"output": await registry().invoke(request.path_params["actionId"], given, caller(request))})

    @routes.post("/v2/actions/{actionId}/invoke")
    async def invoke_with_secrets(request: Request) -> Response:
        given = parsed(request).body.get("input", {})
        return json_answer({"output": await registry().invoke(request.path_params["actionId"], given, caller(request))})

    return routes
