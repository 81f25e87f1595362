"""WebSocket connections through the host, with a real client against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
import pytest
from prometheus_client import REGISTRY
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from app.auth.credentials import caller_of
from app.errors import AuthenticationError, NotAllowedError
from app.http.application import Application
from app.http.mounts import Mounts
from app.http.pipeline import Pipeline
from app.http.websockets import Limits, WebSockets
from app.interfaces import Principal
from app.lifecycle import Lifecycle
from tests.app.http.serving import serving

NOW = 1_000_000.0


class Tokens:
    default_policy_disabled = False

    async def authenticate(self, token: str, *, plugin: str | None = None, allow_limited: bool = False) -> Principal:
        if token == "elsewhere":
            raise NotAllowedError
        if token in ("alice", EXPIRING):
            return Principal("user", "user:default/alice")
        raise AuthenticationError("Illegal token")


EXPIRING = jwt.encode({"sub": "x", "exp": NOW + 0.05}, "k" * 32)


async def parrot(websocket: WebSocket, caller: Principal) -> None:
    await websocket.send_text(caller.subject)
    while (text := await websocket.receive_text()) != "bye":
        if text == "fail":
            raise RuntimeError("secret")
        await websocket.send_text(text)


class Site:
    def __init__(self, port: int, lifecycle: Lifecycle) -> None:
        self.port, self.lifecycle = port, lifecycle

    def connect(self, path: str = "/api/birds", token: str | None = "alice", **options: Any) -> connect:
        subprotocols: Any = None if token is None else [token]
        return connect(f"ws://127.0.0.1:{self.port}{path}", subprotocols=subprotocols, proxy=None, **options)

    async def refused(self, path: str = "/api/birds", token: str | None = "alice", **options: Any) -> int:
        with pytest.raises(InvalidStatus) as refusal:
            await self.connect(path, token, **options)
        return refusal.value.response.status_code


@asynccontextmanager
async def running(*, limit: int = 10, started: bool = True) -> AsyncIterator[Site]:
    mounts = Mounts()
    mounts.add_websocket("birds", "/", parrot)
    mounts.add_websocket("birds", "/open/nest", parrot)
    mounts.allow("/api/birds/open/*")
    lifecycle = Lifecycle({"api"}, pause=0.01)

    async def caller(scope: Any, *, allow_cookie: bool = False) -> Principal:
        return await caller_of(Tokens(), scope, allow_cookie=allow_cookie)

    websockets = WebSockets(mounts, lifecycle, Tokens(), limits=Limits(limit), now=lambda: NOW)
    app = Application(Pipeline(mounts, lifecycle, caller, security=[]), lifecycle, websockets=websockets)
    if started:
        await lifecycle.start()
    async with serving(app) as port:
        yield Site(port, lifecycle)
    await lifecycle.stop()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running() as opened:
        yield opened


async def said(client: ClientConnection) -> str:
    async with asyncio.timeout(5):
        return str(await client.recv())


async def test_the_offered_token_is_accepted_as_subprotocol_and_says_who_calls(site: Site) -> None:
    async with site.connect() as client:
        assert client.subprotocol == "alice"
        assert await said(client) == "user:default/alice"
        await client.send("hello")
        assert await said(client) == "hello"


async def test_a_bearer_token_serves_programs(site: Site) -> None:
    headers = {"authorization": "Bearer alice"}
    async with site.connect("/API/Birds/", None, additional_headers=headers) as client:
        assert client.subprotocol is None
        assert await said(client) == "user:default/alice"


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("/api/birds", None, 401),
        ("/api/birds", "forged", 401),
        ("/api/birds/open/nest", "forged", 401),
        ("/api/birds", "elsewhere", 403),
        ("/api/birds/other", "alice", 404),
        ("/api/fish", "alice", 404),
        ("/", "alice", 404),
        ("/api/birds/%zz", "alice", 404),
    ],
)
async def test_who_may_not_connect_is_told_so_before_the_handshake(
    site: Site, path: str, token: str | None, status: int
) -> None:
    assert await site.refused(path, token) == status


async def test_a_public_path_lets_nobody_in_particular_in(site: Site) -> None:
    async with site.connect("/api/birds/open/nest", None) as client:
        assert await said(client) == ""


async def test_connections_are_counted_and_bounded() -> None:
    def gauge() -> float | None:
        return REGISTRY.get_sample_value("http_server_websocket_connections", {"http_route": "/api/birds"})

    async with running(limit=2) as site, site.connect() as first, site.connect():
        assert await said(first)
        assert gauge() == 2
        assert await site.refused() == 503
        await first.close()
        async with asyncio.timeout(5):
            while gauge() != 1:  # noqa: ASYNC110 - a gauge has no event
                await asyncio.sleep(0.005)
        async with site.connect() as third:
            assert await said(third)


async def test_a_process_that_has_not_started_refuses() -> None:
    async with running(started=False) as site:
        assert await site.refused() == 503


async def closed(client: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as end:
        async with asyncio.timeout(5):
            while True:
                await client.recv()
    return (end.value.rcvd.code, end.value.rcvd.reason) if end.value.rcvd else (1006, "")


async def test_a_connection_ends_with_its_token(site: Site) -> None:
    async with site.connect(token=EXPIRING) as client:
        assert await closed(client) == (1008, "The token has expired")


async def test_a_connection_whose_server_is_done_ends_well(site: Site) -> None:
    async with site.connect() as client:
        await client.send("bye")
        assert await closed(client) == (1000, "")


async def test_a_failure_ends_the_connection_and_tells_nothing(site: Site) -> None:
    async with site.connect() as client:
        await client.send("fail")
        assert await closed(client) == (1011, "")


async def test_a_message_that_is_too_long_ends_the_connection(site: Site) -> None:
    async with site.connect() as client:
        await said(client)
        with pytest.raises(ConnectionClosedError):
            await client.send("x" * 70_000)
            await said(client)
        assert client.close_code == 1009


async def test_a_server_that_stops_says_so() -> None:
    async with running() as site:
        client = await site.connect()
        assert await said(client)
    assert (await closed(client))[0] == 1012


async def test_one_path_has_one_endpoint() -> None:
    mounts = Mounts()
    mounts.add_websocket("birds", "/Nest", parrot)
    with pytest.raises(ValueError, match="served already"):
        mounts.add_websocket("birds", "nest/", parrot)
