"""Connections that never become a request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any, cast

import pytest
import uvicorn

from app.http.protocol import HEADER_LIMIT, AnswerWriter, BoundedProtocol


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    config = uvicorn.Config(app, port=0, http=BoundedProtocol, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    server.capture_signals = lambda: _Nothing()  # type: ignore[method-assign,assignment,return-value]
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


class _Nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


async def answer_to(port: int, *parts: bytes) -> bytes:
    """All the server says until it closes, or until it has answered twice."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        said = b""
        async with asyncio.timeout(10):
            while part := await reader.read(65536):
                said += part
                if said.count(b"ok") == 2:
                    break
        return said
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_endless_headers_are_cut_off(port: int) -> None:
    filler = [b"x-%d: %s\r\n" % (n, b"a" * 1000) for n in range(HEADER_LIMIT // 1000 + 2)]
    said = await answer_to(port, b"GET / HTTP/1.1\r\nhost: x\r\n", *filler)
    assert said == b"" or said.startswith(b"HTTP/1.1 431 ")


async def test_an_endless_path_is_cut_off(port: int) -> None:
    said = await answer_to(port, b"GET /", *[b"a" * 10_000] * 8)
    assert said == b"" or said.startswith(b"HTTP/1.1 431 ")


async def test_long_bodies_and_pipelined_requests_are_no_headers(port: int) -> None:
    post = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % (4 * HEADER_LIMIT) + b"b" * (4 * HEADER_LIMIT)
    said = await answer_to(port, post + b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert said.count(b"HTTP/1.1 200 OK") == 2


async def test_a_client_that_dawdles_over_its_headers_is_hung_up_on(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.http.protocol.HEADER_SECONDS", 0.05)
    assert await answer_to(port, b"GET / HTTP/1.1\r\nhost: x\r\n") == b""
    assert await answer_to(port) == b""


class Wire:
    """What reaches the kernel, call by call."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.calls.append(data)

    def writelines(self, parts: Iterable[bytes]) -> None:
        self.calls.append(b"".join(parts))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


@pytest.fixture
def wire() -> Wire:
    return Wire()


def answers(wire: Wire) -> AnswerWriter:
    return AnswerWriter(cast(asyncio.Transport, wire))


def test_an_answer_is_one_write(wire: Wire) -> None:
    out = answers(wire)
    for _ in range(2):
        out.write(b"head ")
        out.write(b"body")
        out.finish()
    assert wire.calls == [b"head body", b"head body"]


def test_parts_of_a_stream_go_out_as_they_come(wire: Wire) -> None:
    out = answers(wire)
    for part in (b"head ", b"one ", b"two "):
        out.write(part)
    assert wire.calls == [b"head one ", b"two "]
    out.write(b"end")
    out.finish()
    assert wire.calls[2:] == [b"end"]


def test_a_head_alone_is_sent_at_the_end(wire: Wire) -> None:
    out = answers(wire)
    out.write(b"head")
    out.finish()
    assert wire.calls == [b"head"]
    out.write(b"head of an answer that fails")
    out.close()
    assert wire.calls[1:] == [b"head of an answer that fails"]
    assert out.is_closing()


def test_who_waits_for_leave_to_send_a_body_gets_it_at_once(wire: Wire) -> None:
    out = answers(wire)
    out.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert wire.calls == [b"HTTP/1.1 100 Continue\r\n\r\n"]
    out.write(b"head ")
    out.write(b"body")
    assert wire.calls[1:] == [b"head body"]


async def test_heads_and_leave_to_go_on_over_a_connection(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(10):
        writer.write(b"HEAD / HTTP/1.1\r\nhost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK")
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"b")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
        assert await reader.readexactly(2) == b"ok"
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"\r\n\r\nok")
    writer.close()
