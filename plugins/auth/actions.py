"""`auth:who-am-i`. Source: spec/ui-backends.md §4.2."""

from __future__ import annotations

from typing import Any, Final

import orjson

from app.errors import NotAllowedError, NotFoundError
from app.interfaces import ActionInvocation, PluginHost, RegisteredAction
from catalog.interfaces import EntitiesCatalog

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_OUTPUT: Final[dict[str, Any]] = {
    "$schema": _DRAFT,
    "type": "object",
    "properties": {
        "entity": {"type": "object", "description": "The user's entity in the catalog"},
        "userInfo": {
            "type": "object",
            "properties": {
                "userEntityRef": {"type": "string", "description": "The ref of the user, user:default/jane"},
                "ownershipEntityRefs": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "The refs in whose name the user owns things",
                },
            },
            "required": ["userEntityRef", "ownershipEntityRefs"],
        },
    },
    "required": ["entity", "userInfo"],
}


def auth_actions(host: PluginHost) -> list[RegisteredAction]:
    async def who_am_i(call: ActionInvocation) -> dict[str, Any]:
        caller = call.caller
        if caller.kind != "user":
            raise NotAllowedError("This action requires user credentials")
        entity = await _visible_entity(host, call)
        if entity is None:
            raise NotFoundError(f'User entity not found in the catalog for "{caller.subject}"')
        return {
            "entity": entity,
            "userInfo": {"userEntityRef": caller.subject, "ownershipEntityRefs": list(caller.ownership)},
        }

    return [
        RegisteredAction(
            "auth",
            "who-am-i",
            "Who Am I",
            "Tells the user who asks who they are: their entity in the catalog, and in whose name they own things.",
            {"$schema": _DRAFT, "type": "object", "properties": {}, "additionalProperties": False},
            _OUTPUT,
            who_am_i,
            read_only=True,
            idempotent=True,
        )
    ]


async def _visible_entity(host: PluginHost, call: ActionInvocation) -> dict[str, Any] | None:
    """The caller's entity, if there is one that they may see."""
    try:
        catalog = host.service(EntitiesCatalog)
    except LookupError:
        return None
    ref = call.caller.subject
    read = host.permissions.permission("catalog.entity.read")
    if read is not None and not await host.permissions.check(read, call.caller, plugin="catalog", resource_ref=ref):
        return None
    (document,) = await catalog.by_refs([ref])
    return None if document is None else orjson.loads(document)
