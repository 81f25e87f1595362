"""`POST /api/permission/authorize`. Source: spec/ui-backends.md §5.

A caller learns what a policy decides for them and for the resources they name, never its conditions: those are of no
use but to find out what they hide (CVE-2025-32791).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from app.errors import InputError
from app.interfaces import Auth, JsonBytes, Permission, PermissionQuery, Permissions, parsed


def permission_api(permissions: Permissions, auth: Auth) -> APIRouter:
    routes = APIRouter(tags=["Permission"])

    @routes.post("/authorize")
    async def authorize(request: Request) -> Response:
        caller = await auth.principal_of(request, allow=["user", "none"])
        items: list[Mapping[str, Any]] = parsed(request).body["items"]
        results = await permissions.authorize([_query(item) for item in items], caller, plugin="permission")
        answer = [{"id": item["id"], "result": result} for item, result in zip(items, results, strict=True)]
        return JsonBytes(orjson.dumps({"items": answer}))

    @routes.get("/health")
    async def health(request: Request) -> Response:
        return JsonBytes(b'{"status":"ok"}')

    return routes


def _query(item: Mapping[str, Any]) -> PermissionQuery:
    """An item that is valid by the contract. Raises InputError where a resource has to be named and is not."""
    permission, ref = item["permission"], item.get("resourceRef")
    resource = permission["type"] == "resource"
    if resource and ref is None:
        raise InputError(
            f"Resource permissions require a resourceRef to be set, and '{permission['name']}' is asked without one"
        )
    return PermissionQuery(
        Permission(
            permission["name"],
            permission["attributes"].get("action"),
            permission["resourceType"] if resource else None,
        ),
        tuple(ref) if isinstance(ref, list) else ref,
    )
