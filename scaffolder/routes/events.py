"""A task's log as it grows: server-sent events, and a long poll. Source: spec/scaffolder.md §1.8."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from app.errors import InputError
from app.interfaces import caller, parsed
from scaffolder.interfaces import Task, TaskEvent
from scaffolder.routes.answers import encoded, json_answer
from scaffolder.routes.ports import ScaffolderPorts
from scaffolder.service.tasks import event_document, is_recoverable

POLL_TIMEOUT_S: Final = 30.0
STREAM_HEADERS: Final = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "connection": "keep-alive",
    # Proxies that gather an answer before they pass it on would hold the log back.
    "x-accel-buffering": "no",
}


def event_routes(ports: ScaffolderPorts) -> APIRouter:
    routes = APIRouter(tags=["Event"])

    @routes.get("/v2/tasks/{taskId}/eventstream")
    async def stream(request: Request) -> Response:
        after = _after(request)
        task = await ports.tasks.followed(request.path_params["taskId"], caller(request), "stream")
        batches = ports.tasks.events(task.id, after)
        return StreamingResponse(_stream(batches, task), headers=STREAM_HEADERS)

    @routes.get("/v2/tasks/{taskId}/events")
    async def poll(request: Request) -> Response:
        after = parsed(request).query.get("after")
        task = await ports.tasks.followed(request.path_params["taskId"], caller(request), "events")
        batch = await _first(ports.tasks.events(task.id, after))
        recoverable = is_recoverable(task)
        return json_answer([event_document(event, recoverable=recoverable) for event in batch], etag=False)

    return routes


def _after(request: Request) -> int | None:
    """The contract leaves the stream alone, as the reference's does."""
    text = request.query_params.get("after")
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise InputError("request/query/after must be integer") from None


async def _first(batches: AsyncIterator[list[TaskEvent]]) -> list[TaskEvent]:
    """The first events there are; none after half a minute."""
    async with aclosing(batches) as opened:  # type: ignore[type-var]
        try:
            async with asyncio.timeout(POLL_TIMEOUT_S):
                async for batch in opened:
                    if batch:
                        return batch
        except TimeoutError:
            pass
    return []


async def _stream(batches: AsyncIterator[list[TaskEvent]], task: Task) -> AsyncIterator[bytes]:
    """Ends with the completion, unless the task may be started over."""
    recoverable = is_recoverable(task)
    sent: set[int] = set()
    async with aclosing(batches) as opened:  # type: ignore[type-var]
        async for batch in opened:
            news = [event for event in batch if event.type != "completion" or event.id not in sent]
            sent.update(event.id for event in news if event.type == "completion")
            if news:
                yield b"".join(_message(event, recoverable=recoverable) for event in news)
            if not recoverable and any(event.type == "completion" for event in batch):
                return


def _message(event: TaskEvent, *, recoverable: bool) -> bytes:
    document = encoded(event_document(event, recoverable=recoverable))
    return b"event: %b\ndata: %b\n\n" % (event.type.encode(), document)
