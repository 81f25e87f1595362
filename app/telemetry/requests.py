"""The request log: a line for each request, written without holding requests up.

Lines are put together by hand and written some at a time: the logging module would cost each request more than
serving a cached page does.
"""

from __future__ import annotations

import asyncio
import sys
import time
from functools import lru_cache
from typing import Final, TextIO

import orjson

from app.telemetry.logs import SERVICE

_DELAY: Final = 0.1
"""Seconds a line waits for others at most."""
_FULL: Final = 512
"""Lines that are written at once, whatever the time."""


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


@lru_cache(maxsize=1024)
def _known(text: str | None) -> str:
    """Clients and their programs come again and again."""
    return orjson.dumps(text).decode()


class RequestLog:
    """Paths only: query strings may carry what nobody should read in a log."""

    def __init__(self, *, pretty: bool, stream: TextIO | None = None) -> None:
        self._pretty, self._stream = pretty, stream
        self._lines: list[str] = []
        self._flushing: asyncio.TimerHandle | None = None
        self._second, self._clock = 0, ""

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
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second, self._clock = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        moment = f"{self._clock}.{int((now - second) * 1000):03d}"
        message = f"{method} {path} {status} {seconds * 1000:.1f} ms"
        if self._pretty:
            line = f"{moment[11:]} info  rootHttpRouter: {message}"
        else:
            # Method, path and user agent are the client's: the only texts that need care.
            line = (
                f'{{"level":"info","message":{_quoted(message)},"plugin":"rootHttpRouter","service":"{SERVICE}",'
                f'"timestamp":"{moment}+00:00","type":"incomingRequest","method":{_quoted(method)},'
                f'"url":{_quoted(path)},"status":{status},"durationMs":{seconds * 1000:.3f},"contentLength":{size},'
                f'"ip":{_known(client)},"userAgent":{_known(agent)},"trace_id":"{trace[0]}","span_id":"{trace[1]}"}}'
            )
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
