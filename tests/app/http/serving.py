"""An application on a port of its own, in the test's process and loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from app.serve import PROTOCOLS


class _Nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """The port, with the protocols and limits of the real server."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, lifespan="off", log_config=None, access_log=False, **PROTOCOLS
    )
    server = uvicorn.Server(config)
    server.capture_signals = lambda: _Nothing()  # type: ignore[method-assign,assignment,return-value]
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task
