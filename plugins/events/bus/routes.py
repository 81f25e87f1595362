"""`/api/events/bus/v1`: events between backends. For services alone. Source: spec/ui-backends.md §11."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import orjson
from fastapi import APIRouter
from prometheus_client import Counter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.errors import InputError, NotAllowedError
from app.interfaces import Clock, JsonBytes, Principal, caller, parsed
from plugins.events.bus.relay import Relay
from plugins.events.bus.store import SEEN, BusStore, UnknownSubscriptionError
from plugins.events.bus.waiting import Waiters

TIMEOUT_HEADER: Final = "backstage-events-notify-timeout"
MAX_ID: Final = 500
"""Characters of a subscription's id."""
MAX_TOPICS: Final = 1000

delivered = Counter("events_bus_delivered", "Events fetched by subscriptions of other backends.")


def bus_routes(store: BusStore, waiters: Waiters, relay: Relay, clock: Clock, hold: timedelta) -> APIRouter:
    routes = APIRouter()

    @routes.post("/bus/v1/events")
    async def publish(request: Request) -> Response:
        """201: kept for other subscriptions; 204: nobody else waits for it."""
        service = _service(request)
        body = parsed(request).body
        event, notified = body["event"], body.get("notifiedSubscribers", [])
        _storable(event["topic"], *notified)
        kept = await relay.inward(event["topic"], event["payload"], by=service.subject, notified=notified)
        return Response(status_code=201 if kept else 204)

    @routes.put("/bus/v1/subscriptions/{subscriptionId}")
    async def subscribe(request: Request) -> Response:
        service = _service(request)
        subscription, topics = request.path_params["subscriptionId"], parsed(request).body["topics"]
        _storable(subscription, *topics)
        if len(subscription) > MAX_ID:
            raise InputError(f"The id of a subscription has at most {MAX_ID} characters")
        if len(topics) > MAX_TOPICS:
            raise InputError(f"A subscription has at most {MAX_TOPICS} topics")
        await store.subscribe(subscription, topics, by=service.subject, now=clock.now())
        return Response(status_code=201)

    @routes.get("/bus/v1/subscriptions/{subscriptionId}/events")
    async def fetch(request: Request) -> Response:
        """200: at most ten events, which are read with that. 202: none yet; the answer ends when there may be some."""
        _service(request)
        subscription = request.path_params["subscriptionId"]
        _storable(subscription)
        waiting = await store.waiting(subscription)
        now = clock.now()
        stale = waiting.seen_at < int((now - SEEN).timestamp() * 1000)
        if waiting.news or stale:
            events = await store.read(subscription, now)
            if events:
                delivered.inc(len(events))
                return JsonBytes(orjson.dumps({"events": events}))
        headers = {TIMEOUT_HEADER: str(int(hold.total_seconds() * 1000))}
        return StreamingResponse(_until_news(waiters, subscription, hold), 202, headers)

    return routes


async def _until_news(waiters: Waiters, subscription: str, hold: timedelta) -> AsyncIterator[bytes]:
    """Nothing, for as long as there is nothing: the end of the answer is what it tells."""
    yield b""  # The headers go out now.
    try:
        await waiters.news(subscription, hold.total_seconds())
    except UnknownSubscriptionError:
        # Forgotten meanwhile: the client is told when it asks again.
        return
    # Clients that wait for the same do not all ask again in the same moment.
    await asyncio.sleep(random.uniform(0.001, 0.01))  # noqa: S311


def _service(request: Request) -> Principal:
    principal = caller(request)
    if principal.kind != "service":
        raise NotAllowedError(f"This endpoint does not allow '{principal.kind}' credentials")
    return principal


def _storable(*names: str) -> None:
    if any("\0" in name for name in names):
        raise InputError("Topics and ids of subscriptions have no null character")
