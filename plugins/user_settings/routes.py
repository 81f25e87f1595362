"""`/api/user-settings`: everybody's own, and nobody else's. Source: spec/ui-backends.md §10."""

from __future__ import annotations

from typing import Any, Final

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import InputError, NotFoundError
from app.interfaces import Auth, Event, Events, JsonBytes, parsed
from plugins.user_settings.store import SettingStore

MAX_NAME: Final = 255
"""Characters of a bucket's name and of a key, as in the reference's table."""


def user_settings_routes(auth: Auth, store: SettingStore, events: Events) -> APIRouter:
    routes = APIRouter()

    async def user_of(request: Request) -> str:
        return (await auth.principal_of(request, allow=["user"])).subject

    async def tell(user: str, what: str, key: str) -> None:
        signal = {
            "recipients": {"type": "user", "entityRef": user},
            "channel": "user-settings",
            "message": {"type": what, "key": key},
        }
        await events.publish(Event("signals", signal))

    @routes.post("/multiget")
    async def multiget(request: Request) -> Response:
        user = await user_of(request)
        places = [(item["bucket"], item["key"]) for item in parsed(request).body["items"]]
        known = [(bucket, key) for bucket, key in places if _storable(bucket) and _storable(key)]
        found = await store.find(user, known)
        return _answer({"items": [{"value": found[place]} if place in found else None for place in places]})

    @routes.get("/buckets/{bucket}/keys/{key:path}")
    async def get(request: Request) -> Response:
        user, (bucket, key) = await user_of(request), _place(request)
        found = await store.find(user, [(bucket, key)])
        if not found:
            raise NotFoundError(f"Unable to find '{key}' in bucket '{bucket}'")
        return _answer({"bucket": bucket, "key": key, "value": found[bucket, key]})

    @routes.put("/buckets/{bucket}/keys/{key:path}")
    async def put(request: Request) -> Response:
        user, (bucket, key), body = await user_of(request), _place(request), parsed(request).body
        if not isinstance(body, dict) or "value" not in body:
            raise InputError('Missing required field "value"')
        await store.put(user, bucket, key, body["value"])
        await tell(user, "key-changed", key)
        return _answer({"bucket": bucket, "key": key, "value": body["value"]})

    @routes.delete("/buckets/{bucket}/keys/{key:path}")
    async def delete(request: Request) -> Response:
        user, (bucket, key) = await user_of(request), _place(request)
        await store.remove(user, bucket, key)
        await tell(user, "key-deleted", key)
        return Response(status_code=204)

    return routes


def _place(request: Request) -> tuple[str, str]:
    """Bucket and key. Raises InputError for what cannot be stored."""
    bucket, key = request.path_params["bucket"], request.path_params["key"]
    for name, text in (("bucket", bucket), ("key", key)):
        if not _storable(text):
            raise InputError(f"The {name} must have 1 to {MAX_NAME} characters, and no NUL")
    return bucket, key


def _storable(text: str) -> bool:
    return 0 < len(text) <= MAX_NAME and "\0" not in text


def _answer(value: Any) -> Response:
    return JsonBytes(orjson.dumps(value))
