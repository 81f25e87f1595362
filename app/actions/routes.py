"""`/.backstage/actions/*` of every mount. Source: spec/ui-backends.md §4.2."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.actions.model import RegisteredAction
from app.actions.registry import ActionRegistry
from app.errors import InputError
from app.http.body import JSON_LIMIT, header, parse_json, read_body
from app.interfaces import JsonBytes, Principal, bearer


def action_routes(
    actions: ActionRegistry, caller_of: Callable[[Request], Awaitable[Principal]]
) -> Callable[[str], APIRouter]:
    """`caller_of` says who calls on public routes too: below some mounts every route lets everybody in."""

    def of(plugin: str) -> APIRouter:
        routes = APIRouter(prefix="/.backstage/actions", include_in_schema=False)

        @routes.get("/v1/actions")
        async def listed(request: Request) -> Response:
            found = await actions.list(await caller_of(request), plugin=plugin)
            return _answer({"actions": [listing(action) for action in found]})

        @routes.post("/v1/actions/{action_id}/invoke")
        async def invoke(request: Request) -> Response:
            given = await _body(request)
            who, action_id = await caller_of(request), request.path_params["action_id"]
            output = await actions.invoke(action_id, given, who, plugin=plugin, token=bearer(request))
            return _answer({"output": output})

        @routes.post("/v2/actions/{action_id}/invoke")
        async def invoke_with_secrets(request: Request) -> Response:
            body = await _body(request)
            if not isinstance(body, dict):
                raise InputError("request/body must be object")
            secrets = body.get("secrets")
            if not isinstance(secrets, dict | None):
                raise InputError("request/body/secrets must be object")
            action_id, who = request.path_params["action_id"], await caller_of(request)
            given = body.get("input", {})
            output = await actions.invoke(action_id, given, who, secrets=secrets, plugin=plugin, token=bearer(request))
            return _answer({"output": output})

        return routes

    return of


def listing(action: RegisteredAction) -> dict[str, Any]:
    """An action as lists show it."""
    shown: dict[str, Any] = {
        "id": action.id,
        "name": action.name,
        "title": action.title,
        "description": action.description,
        "pluginId": action.plugin,
        "attributes": action.attributes,
    }
    if action.examples:
        shown["examples"] = list(action.examples)
    shown["schema"] = {"input": action.input, "output": action.output}
    if action.secrets is not None:
        shown["schema"]["secrets"] = action.secrets
    return shown


async def _body(request: Request) -> Any:
    headers = request.scope["headers"]
    raw = await read_body(request.receive, headers, JSON_LIMIT)
    return parse_json(raw, header(headers, b"content-type"), required=False)


def _answer(value: Any) -> Response:
    try:
        return JsonBytes(orjson.dumps(value))
    except orjson.JSONEncodeError:
        # Integers beyond 64 bits and lone surrogates, which no UTF-8 text can hold, come from descriptors.
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return JsonBytes(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode())
