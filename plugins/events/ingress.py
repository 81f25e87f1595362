"""`POST /api/events/http/{topic}`. Source: spec/catalog.md §6.4."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.interfaces import Clock, JsonBytes
from plugins.events.body import charset_of, parse_body, read_body
from plugins.events.sources import Source
from plugins.events.store import DeliveryStore

ACCEPTED: Final = b'{"status":"accepted"}'
MAX_ID_LENGTH: Final = 200
_SECRET: Final = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-gitlab-token",
        "x-ado-webhook-secret",
        "x-forwarded-client-cert",
    }
)


def ingress_routes(sources: Mapping[str, Source], store: DeliveryStore, clock: Clock) -> APIRouter:
    routes = APIRouter()

    @routes.post("/http/{topic}")
    async def receive(request: Request) -> Response:
        """Check a delivery on its raw bytes, and store it before saying so. A repetition is accepted and left alone."""
        source = sources.get(request.path_params["topic"])
        if source is None:
            return Response(status_code=404)
        charset = charset_of(request)
        body = await read_body(request)
        # The last of equal names, as in the metadata below: what is checked is what is published.
        headers = {key.lower(): value for key, value in request.headers.items()}
        if source.check is not None and not source.check(headers, body):
            return JsonBytes(orjson.dumps({"message": source.refusal}), 403)
        text, value = parse_body(body, charset)
        delivery = _short(source.delivery_id(headers, value))
        await store.remember(source.topic, delivery, kept_headers(headers), text, clock.now())
        return JsonBytes(ACCEPTED, 202)

    return routes


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Those that are stored and published: all but secrets."""
    return {key: value for key, value in headers.items() if key not in _SECRET}


def _short(delivery: str | None) -> str | None:
    """An id is somebody else's text: bounded, and without what a database cannot store."""
    if delivery is None or (len(delivery) <= MAX_ID_LENGTH and delivery.isprintable()):
        return delivery
    return sha256(delivery.encode("utf-8", "surrogateescape")).hexdigest()
