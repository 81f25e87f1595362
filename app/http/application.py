"""The FastAPI application: Callboard's pipeline in FastAPI's place for middleware and routing.

FastAPI makes the endpoints (parameters, dependencies, responses); which endpoint answers, and what is done before and
after it, is the pipeline's.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.pipeline import Pipeline
from app.http.websockets import WebSockets
from app.lifecycle import Lifecycle

log = logging.getLogger(__name__)


class Application(FastAPI):
    """Starts in the background when the server does, so that health can be asked from the first moment."""

    def __init__(
        self, pipeline: Pipeline, lifecycle: Lifecycle, *, websockets: WebSockets | None = None, **options: Any
    ) -> None:
        super().__init__(openapi_url=None, docs_url=None, redoc_url=None, **options)
        self.pipeline, self.lifecycle, self.websockets = pipeline, lifecycle, websockets
        self.start_error: BaseException | None = None
        """Why the start failed, if it did."""
        self._starting: asyncio.Task[None] | None = None

    def build_middleware_stack(self) -> ASGIApp:
        return self.pipeline

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            scope["app"] = self
            await self.pipeline(scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(receive, send)
        elif self.websockets is not None:
            await self.websockets(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def start(self) -> None:
        """Runs the start hooks. Raises nothing: a failure is logged and kept in `start_error`."""
        try:
            await self.lifecycle.start()
        except Exception as error:
            self.start_error = error
            log.critical("Callboard could not start", exc_info=error)

    async def stop(self) -> None:
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self.lifecycle.stop()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._starting = asyncio.create_task(self.start(), name="start")
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return
