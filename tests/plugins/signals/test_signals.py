"""Signals, with a real client against a real server, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from app.host import Host
from app.interfaces import Event
from plugins.signals.hub import Hub
from plugins.signals.plugin import SignalsPlugin
from plugins.signals.relay import Relay
from plugins.signals.settings import SignalsSettings
from plugins.signals.signal import Signal
from tests.app.auth.world import SetClock
from tests.app.http.serving import serving
from tests.conftest import AnyDatabase
from tests.plugins.house import application_of, opened

ALICE = "user:default/alice"
TEAM = "group:default/team"


class Replica:
    """One process of a deployment."""

    def __init__(self, host: Host, port: int) -> None:
        self.host, self.port = host, port

    async def token(self, user: str, *groups: str) -> str:
        return await self.host.auth.issue_user_token(user, [user, *groups])

    @asynccontextmanager
    async def client(self, token: str | None, *channels: str) -> AsyncIterator[ClientConnection]:
        """A client that listens to these channels, once it is known to."""
        subprotocols: Any = None if token is None else [token]
        async with connect(
            f"ws://127.0.0.1:{self.port}/api/signals", subprotocols=subprotocols, proxy=None, max_size=None
        ) as client:
            for channel in (*channels, "ready"):
                await client.send(orjson.dumps({"action": "subscribe", "channel": channel}).decode())
            await self._answering(client)
            yield client

    async def _answering(self, client: ClientConnection) -> None:
        """Until what was sent before has been heard, which nothing acknowledges."""
        await self.hears(client, "ready")
        await client.send('{"action": "unsubscribe", "channel": "ready"}')

    async def hears(self, client: ClientConnection, channel: str) -> None:
        async with asyncio.timeout(5):
            while True:
                await self.publish(channel, {"n": 1})
                try:
                    async with asyncio.timeout(0.05):
                        await client.recv()
                except TimeoutError:
                    continue
                return

    async def publish(self, channel: str, message: Any, *refs: str) -> None:
        recipients = {"type": "user", "entityRef": list(refs)} if refs else {"type": "broadcast"}
        await self.host.events.publish(
            Event("signals", {"recipients": recipients, "channel": channel, "message": message})
        )


@asynccontextmanager
async def replica(database: AnyDatabase, folder: Path, **settings: Any) -> AsyncIterator[Replica]:
    async with (
        opened(database, {"signals": settings}, [SignalsPlugin()], folder=folder) as (host, _),
        serving(application_of(host)) as port,
    ):
        yield Replica(host, port)


@pytest.fixture
async def one(database: AnyDatabase, tmp_path: Path) -> AsyncIterator[Replica]:
    async with replica(database, tmp_path) as running:
        yield running


async def heard(client: ClientConnection, *beside: str) -> Any:
    """The next signal that is not the handshake's, nor on one of the other channels."""
    async with asyncio.timeout(5):
        while (frame := orjson.loads(await client.recv()))["channel"] in ("ready", *beside):
            pass
    return frame


async def test_a_signal_reaches_whoever_it_is_for_and_listens(one: Replica) -> None:
    async with AsyncExitStack() as stack:
        alice = await stack.enter_async_context(one.client(await one.token(ALICE, TEAM), "news", "chat"))
        bob = await stack.enter_async_context(one.client(await one.token("user:default/bob"), "news"))
        await one.publish("news", {"a": 1}, TEAM, "user:default/carol")
        await one.publish("chat", {"b": 2})
        await one.publish("news", ["c"])
        assert [await heard(alice) for _ in range(3)] == [
            {"channel": "news", "message": {"a": 1}},
            {"channel": "chat", "message": {"b": 2}},
            {"channel": "news", "message": ["c"]},
        ]
        assert await heard(bob) == {"channel": "news", "message": ["c"]}


async def test_the_token_is_the_subprotocol_and_a_forged_one_is_refused(one: Replica) -> None:
    token = await one.token(ALICE)
    async with one.client(token) as client:
        assert client.subprotocol == token
    with pytest.raises(InvalidStatus) as refused:
        async with one.client("a.b.c"):
            pass
    assert refused.value.response.status_code == 401


async def test_whoever_has_no_token_is_the_guest(one: Replica) -> None:
    async with one.client(None, "news") as client:
        await one.publish("news", {"for": "alice"}, ALICE)
        await one.publish("news", {"for": "guest"}, "user:default/guest")
        assert (await heard(client))["message"] == {"for": "guest"}


async def test_what_makes_no_sense_is_ignored(one: Replica) -> None:
    async with one.client(await one.token(ALICE), "news", "quiet") as client:
        for nonsense in ("{", "[]", "5", '{"action":"subscribe"}', '{"action":"dance","channel":"x"}', b"\x00"):
            await client.send(nonsense)
        await client.send('{"action":"unsubscribe","channel":"quiet"}')
        for payload in (None, {}, {"channel": "news"}, {"channel": "news", "message": {}, "recipients": 5}):
            await one.host.events.publish(Event("signals", payload))
        await one.publish("news", {"ok": True})
        assert (await heard(client))["message"] == {"ok": True}


async def test_a_client_may_be_demanded_to_sign_in(database: AnyDatabase, tmp_path: Path) -> None:
    async with replica(database, tmp_path, anonymous=False) as strict:
        with pytest.raises(InvalidStatus):
            async with strict.client(None):
                pass
        async with httpx.AsyncClient() as client:
            health = await client.get(f"http://127.0.0.1:{strict.port}/api/signals/health")
    assert (health.status_code, health.json()) == (200, {"status": "ok"})


async def test_a_client_subscribes_to_so_many_channels_and_no_more(database: AnyDatabase, tmp_path: Path) -> None:
    async with replica(database, tmp_path, maxChannels=3) as bounded, bounded.client(None, "a", "b") as client:
        # The channel "ready" was the third, and has been given up.
        for channel in ("x" * 300, "c", "d"):
            await client.send(orjson.dumps({"action": "subscribe", "channel": channel}).decode())
        await bounded.hears(client, "c")
        await bounded.publish("d", 1)
        await bounded.publish("a", 1)
        assert (await heard(client, "c"))["channel"] == "a"


async def test_a_client_that_does_not_read_is_given_up(database: AnyDatabase, tmp_path: Path) -> None:
    before = REGISTRY.get_sample_value("signals_slow_clients_total") or 0
    async with replica(database, tmp_path, maxWaiting=4) as bounded:
        token = await bounded.token(ALICE)
        async with AsyncExitStack() as stack:
            lazy = await stack.enter_async_context(bounded.client(token, "news"))
            brisk = await stack.enter_async_context(bounded.client(token, "other"))
            lazy.transport.pause_reading()
            async with asyncio.timeout(20):
                while (REGISTRY.get_sample_value("signals_slow_clients_total") or 0) == before:
                    await bounded.publish("news", "x" * 500_000)
                    await asyncio.sleep(0)
            await bounded.publish("other", {"still": "here"})
            assert (await heard(brisk))["message"] == {"still": "here"}
            lazy.transport.resume_reading()
            with pytest.raises(ConnectionClosed):
                async with asyncio.timeout(5):
                    while True:
                        await lazy.recv()


@pytest.fixture
async def two(
    database: AnyDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Replica, Replica]]:
    monkeypatch.setattr("plugins.signals.relay.CHANGED_S", 0.02)
    async with AsyncExitStack() as stack:
        replicas = []
        for _ in range(2):
            own = (
                SqliteDatabase(database.file)
                if isinstance(database, SqliteDatabase)
                else PostgresDatabase(database._url)
            )
            await own.start()
            stack.push_async_callback(own.close)
            replicas.append(await stack.enter_async_context(replica(own, tmp_path)))
        yield replicas[0], replicas[1]


async def test_a_signal_reaches_the_clients_of_every_replica_once(two: tuple[Replica, Replica]) -> None:
    here, there = two
    token = await here.token(ALICE)
    async with here.client(token, "news") as near, there.client(token, "news") as far:
        long = "x" * 20_000
        for message in ({"n": 1}, {"n": 2, "text": long}, {"n": 3}):
            await here.publish("news", message, ALICE)
        assert [(await heard(near))["message"]["n"] for _ in range(3)] == [1, 2, 3]
        frames = [(await heard(far))["message"] for _ in range(3)]
        assert sorted(frame["n"] for frame in frames) == [1, 2, 3]
        assert max(len(frame.get("text", "")) for frame in frames) == 20_000


async def test_a_replica_that_missed_a_notification_looks_for_it(
    two: tuple[Replica, Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = two
    payload = Signal("news", {"n": 1}, frozenset([ALICE])).payload
    async with there.client(await here.token(ALICE), "news") as far:
        monkeypatch.setattr("plugins.signals.relay.LOOK_S", 0.01)
        await sent_unheard(here, payload)
        # Whatever is heard makes the loop wait anew, and now for less long.
        await here.publish("news", {"n": 2, "text": "x" * 20_000}, ALICE)
        assert sorted([(await heard(far))["message"]["n"] for _ in range(2)]) == [1, 2]


async def sent_unheard(by: Replica, payload: Any) -> None:
    """A signal of another process whose notification is lost."""
    async with by.host.database.write() as transaction:
        await transaction.execute(
            "INSERT INTO signals_sent (sender, payload, sent_at) VALUES (?, ?, ?)",
            "third",
            orjson.dumps(payload).decode(),
            int(by.host.clock.now().timestamp() * 1000),
        )


async def test_a_process_that_has_the_database_alone_writes_nothing(one: Replica) -> None:
    host = one.host
    event = Event("signals", Signal("news", {"n": 1}, frozenset([ALICE])).payload)
    await Relay(host.database, Hub(SignalsSettings()), host.clock, alone=True).publish(event)
    assert await host.database.read("SELECT count(*) FROM signals_sent") == [(0,)]
    await Relay(host.database, Hub(SignalsSettings()), host.clock).publish(event)
    assert await host.database.read("SELECT count(*) FROM signals_sent") == [(1,)]


async def test_signals_are_forgotten(one: Replica) -> None:
    host = one.host
    await sent_unheard(one, {})
    later = SetClock(host.clock.now() + timedelta(minutes=6))
    relay = Relay(host.database, Hub(SignalsSettings()), host.clock)
    await relay.forget()
    assert await host.database.read("SELECT count(*) FROM signals_sent") == [(1,)]
    await Relay(host.database, Hub(SignalsSettings()), later).forget()
    assert await host.database.read("SELECT count(*) FROM signals_sent") == [(0,)]


JSON = st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists, max_leaves=5)
SIGNALS = st.builds(
    Signal,
    st.text(min_size=1),
    JSON.filter(bool),
    st.none() | st.frozensets(st.text(min_size=1), max_size=3),
)


@given(SIGNALS)
def test_a_signal_survives_its_payload(signal: Signal) -> None:
    assert Signal.parse(orjson.loads(orjson.dumps(signal.payload))) == signal


@given(SIGNALS, st.lists(st.text(min_size=1)))
def test_a_signal_reaches_exactly_its_recipients(signal: Signal, ownership: list[str]) -> None:
    meant = signal.recipients is None or bool(signal.recipients & set(ownership))
    assert signal.reaches(ownership) is meant


@given(JSON | st.dictionaries(st.sampled_from(["channel", "message", "recipients"]), JSON))
def test_no_payload_is_too_strange(payload: Any) -> None:
    found = Signal.parse(payload)
    assert found is None or found.channel
