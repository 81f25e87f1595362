"""The request log: a line for each request, written without holding requests up.

Lines are put together by hand and written some at a time: the logging module would cost each request more than
serving a cached page does.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import orjson

from app.telemetry.logs import SERVICE

_DELAY: Final = 0.1
"""Seconds a line waits for others at most."""
_FULL: Final = 512
"""Lines that are written at once, whatever the time."""


class RequestLog:
    """Paths only: query strings may carry what nobody should read in a log."""

    def __init__(self, *, pretty: bool, stream: TextIO | None = None) -> None:
        self._pretty, self._stream = pretty, stream
        self._lines: list[str] = []
        self._flushing: asyncio.TimerHandle | None = None

    def add(
        self,
        method: str,
        path: str,
        status: int,
        *,
        seconds: float,
        size: int,
        trace: tuple[str, str],
        client: str | None,
        agent: str | None,
    ) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        message = f"{method} {path} {status} {seconds * 1000:.1f} ms"
        if self._pretty:
            line = f"{now[11:23]} info  rootHttpRouter: {message}"
        else:
            fields: dict[str, Any] = {
                "level": "info",
                "message": message,
                "plugin": "rootHttpRouter",
                "service": SERVICE,
                "timestamp": now,
                "type": "incomingRequest",
                "method": method,
                "url": path,
                "status": status,
                "durationMs": round(seconds * 1000, 3),
                "contentLength": size,
                "ip": client,
                "userAgent": agent,
                "trace_id": trace[0],
                "span_id": trace[1],
            }
            line = orjson.dumps(fields).decode()
        self._lines.append(line)
        if len(self._lines) >= _FULL:
            self.flush()
        elif self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_later(_DELAY, self.flush)

    def flush(self) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        lines, self._lines = self._lines, []
        if lines:
            stream = self._stream or sys.stdout
            stream.write("\n".join(lines) + "\n")
            stream.flush()
