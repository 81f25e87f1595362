"""A small HTTP load generator: keep-alive connections, each sending its next request when the last answer is whole.

It is written on asyncio's transports and the parser of uvicorn, since the usual clients cost more than the
server they are to measure.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import httptools


@dataclass(frozen=True, slots=True)
class Request:
    """One request as bytes on the wire, put together once."""

    wire: bytes

    @classmethod
    def make(cls, method: str, path: str, *, host: str, body: bytes | None = None, token: str | None = None) -> Request:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Accept: */*", "Content-Type: application/json"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        return cls(("\r\n".join(lines) + "\r\n\r\n").encode() + (body or b""))


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one run: requests a second, median and 95th percentile in milliseconds, failures (any status but 200)."""

    rate: float
    median_ms: float
    p95_ms: float
    requests: int
    failures: int


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[Request], until: float) -> None:
        self._requests = requests
        self._until = until
        self.latencies: list[float] = []
        self.failures = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are writable ones without being asyncio's class.
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def _next(self) -> None:
        assert self._transport is not None
        self._sent = time.perf_counter()
        if self._sent >= self._until:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self._parser = httptools.HttpResponseParser(self)
        self._transport.write(next(self._requests).wire)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.latencies.append(time.perf_counter() - self._sent)
        self.failures += self._parser.get_status_code() != 200
        asyncio.get_running_loop().call_soon(self._next)

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.failures += 1
            self.done.set_result(None)


async def _run(host: str, port: int, requests: Sequence[Request], connections: int, seconds: float) -> Figures:
    loop = asyncio.get_running_loop()
    endless = itertools.cycle(requests)
    started = time.perf_counter()
    opened = [
        (await loop.create_connection(lambda: _Connection(endless, started + seconds), host, port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(connection.done for connection in opened))
    elapsed = time.perf_counter() - started
    latencies = sorted(latency for connection in opened for latency in connection.latencies)
    if not latencies:
        return Figures(0.0, float("inf"), float("inf"), 0, sum(c.failures for c in opened))
    return Figures(
        rate=len(latencies) / elapsed,
        median_ms=statistics.median(latencies) * 1000,
        p95_ms=latencies[int(len(latencies) * 0.95)] * 1000,
        requests=len(latencies),
        failures=sum(connection.failures for connection in opened),
    )


def measure(host: str, port: int, requests: Sequence[Request], *, connections: int, seconds: float) -> Figures:
    """Send the requests in turn over that many connections for about that long."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(host, port, requests, connections, seconds))
