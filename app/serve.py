"""Serving: uvicorn around the application, and a stop that loses nothing."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import time
from types import FrameType
from typing import Any, Final

import uvicorn

from app.host import Host
from app.http.application import Application
from app.http.protocol import BoundedProtocol
from app.http.settings import BackendSettings
from app.http.websockets import MAX_FRAME, PING_INTERVAL
from app.main import application, migrate_database
from app.telemetry.logs import LoggerSettings, configure_logs, is_pretty
from app.telemetry.requests import RequestLog
from app.telemetry.secrets import Redactor, secrets_of

PROTOCOLS: Final[dict[str, Any]] = {
    "http": BoundedProtocol,
    "ws": "websockets-sansio",
    "ws_max_size": MAX_FRAME,
    "ws_ping_interval": PING_INTERVAL,
    "ws_ping_timeout": PING_INTERVAL,
    # A compressor per connection would cost more memory than all else of an idle one.
    "ws_per_message_deflate": False,
}
"""uvicorn's options for the protocols it speaks here."""

log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """uvicorn that says "not ready" before it stops listening, and ends when the application could not start."""

    def __init__(self, config: uvicorn.Config, app: Application, delay: float) -> None:
        super().__init__(config)
        self._app, self._delay = app, delay
        self._leave_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A second signal does not wait any longer."""
        lifecycle = self._app.lifecycle
        if self._delay and lifecycle.running and not lifecycle.leaving:
            # Load balancers see readiness fail and send nobody here any more; what comes meanwhile is served.
            self._leave_at = time.monotonic() + self._delay
        else:
            super().handle_exit(sig, frame)
            # uvicorn would raise the signal again after its shutdown; ending in peace is exit code 0.
            self._captured_signals.clear()
        lifecycle.leaving = True

    async def on_tick(self, counter: int) -> bool:
        if self._app.lifecycle.state == "failed" or (self._leave_at is not None and time.monotonic() >= self._leave_at):
            self.should_exit = True
        return await super().on_tick(counter)


def serve(host: Host, *, port: int | None) -> int:
    """Serves until told to stop; gives the exit code."""
    backend = host.settings("backend", BackendSettings)
    settings = host.settings("backend.logger", LoggerSettings)
    configure_logs(settings, Redactor(secrets_of(host.config.everything())))
    requests = RequestLog(pretty=is_pretty(settings, sys.stdout))
    app = application(host, env=os.environ, request_log=requests)
    address = backend.listen.host
    config = uvicorn.Config(
        app,
        host=address or None,  # type: ignore[arg-type]
        port=backend.listen.port if port is None else port,
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        lifespan="on",
        **PROTOCOLS,
        timeout_graceful_shutdown=int(backend.lifecycle.drain_timeout.total_seconds()),
    )
    server = Server(config, app, backend.lifecycle.server_shutdown_delay.total_seconds())
    _collect_seldom()
    log.info("Callboard listens on %s:%s", address or "*", config.port)
    try:
        server.run()
    finally:
        requests.flush()
    return 0 if app.start_error is None and server.started else 1


def migrate_only(host: Host) -> int:
    """Migrates the database and gives the exit code."""
    configure_logs(host.settings("backend.logger", LoggerSettings), Redactor(secrets_of(host.config.everything())))
    if not asyncio.run(migrate_database(host)):
        log.info("The database's schema is up to date")
    return 0


def _collect_seldom() -> None:
    """Entities and documents are trees of plain values that reference counting frees by itself.

    Python's collector would walk all that is alive after every 700 of them; modules and routes never need it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
