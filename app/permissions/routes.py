"""`/.well-known/backstage/permissions/*` of a plugin. Source: spec/catalog.md §7.3, §7.4; spec/ui-backends.md §4.1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from app.errors import InputError, NotAllowedError
from app.http.body import JSON_LIMIT, header, parse_json, read_body
from app.interfaces import Auth, JsonBytes, Principal
from app.permissions.conditions import Criteria, parse_criteria
from app.permissions.registry import PluginPermissions


@dataclass(frozen=True, slots=True)
class _Item:
    id: str
    refs: tuple[str, ...]
    several: bool
    resource_type: str
    criteria: Criteria


def permission_routes(declared: PluginPermissions, auth: Auth) -> APIRouter:
    """The two routes, for the plugin's mount. What was declared by the time of a request counts."""
    routes = APIRouter(prefix="/.well-known/backstage/permissions", include_in_schema=False)

    @routes.get("/metadata")
    async def metadata(request: Request) -> Response:
        await auth.principal_of(request, allow=["user", "service"])
        return JsonBytes(orjson.dumps(declared.metadata()))

    @routes.post("/apply-conditions")
    async def apply_conditions(request: Request) -> Response:
        _require_trusted(await auth.principal_of(request, allow=["user", "service"]))
        items = _items(await _json(request))
        unknown = dict.fromkeys(
            item.resource_type for item in items if item.resource_type not in declared.resource_types
        )
        if unknown:
            raise InputError(f"Unexpected resource types: {', '.join(unknown)}.")
        return JsonBytes(orjson.dumps({"items": await _apply(declared, items)}))

    return routes


def _require_trusted(caller: Principal) -> None:
    """A user could probe for what they may not see, and so could a token that is restricted to some permissions."""
    if (caller.kind == "user" and caller.actor is None) or caller.restrictions is not None:
        raise NotAllowedError()


async def _apply(declared: PluginPermissions, items: list[_Item]) -> list[dict[str, Any]]:
    wanted: dict[str, list[str]] = {}
    for item in items:
        wanted.setdefault(item.resource_type, []).extend(item.refs)
    resources = {kind: await declared.resources(kind, refs) for kind, refs in wanted.items()}
    answers: list[dict[str, Any]] = []
    for item in items:
        loaded = resources[item.resource_type]
        verdicts = [
            "ALLOW" if declared.allows(item.resource_type, item.criteria, loaded[ref]) else "DENY" for ref in item.refs
        ]
        answers.append({"id": item.id, "result": verdicts if item.several else verdicts[0]})
    return answers


async def _json(request: Request) -> Any:
    headers = request.scope["headers"]
    body = await read_body(request.receive, headers, JSON_LIMIT)
    return parse_json(body, header(headers, b"content-type"), required=True)


def _items(body: Any) -> list[_Item]:
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list):
        raise InputError("items must be a list")
    return [_item(item, f"items[{index}]") for index, item in enumerate(items)]


def _item(item: Any, where: str) -> _Item:
    if not isinstance(item, dict):
        raise InputError(f"{where} must be an object")
    for key in ("id", "resourceType"):
        if not isinstance(item.get(key), str):
            raise InputError(f"{where}.{key} must be a string")
    given = item.get("resourceRef")
    refs: list[Any] = given if isinstance(given, list) else [given]
    if not refs or not all(isinstance(ref, str) for ref in refs):
        raise InputError(f"{where}.resourceRef must be a string, or a list of at least one")
    criteria = parse_criteria(item.get("conditions"), where=f"{where}.conditions")
    return _Item(item["id"], tuple(refs), isinstance(given, list), item["resourceType"], criteria)
