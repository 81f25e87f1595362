"""`/api/events/bus/v1`. Sources: spec/ui-backends.md §11, spec/catalog.md §6.4."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import httpx
import pytest

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from app.interfaces import Database, Event, Principal
from plugins.events.bus import waiting
from plugins.events.bus.routes import TIMEOUT_HEADER
from plugins.events.bus.store import BATCH, BusStore
from tests.plugins.events.world import World, running

SERVICE = Principal("service", "plugin:lamps")
NO_TIME = {"events": {"notifyTimeoutMs": 1}}
"""Whoever asks is answered at once."""


@pytest.fixture
def world(database: Database) -> World:
    world = World(database, NO_TIME)
    world.caller = SERVICE
    return world


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with running(world) as client:
        yield client


async def subscribe(client: httpx.AsyncClient, subscription: str, *topics: str) -> None:
    answer = await client.put(f"/bus/v1/subscriptions/{subscription}", json={"topics": topics})
    assert (answer.status_code, answer.content) == (201, b"")


async def publish(client: httpx.AsyncClient, topic: str, payload: Any, *notified: str) -> int:
    told = {"notifiedSubscribers": notified} if notified else {}
    answer = await client.post("/bus/v1/events", json={"event": {"topic": topic, "payload": payload}, **told})
    assert answer.content == b""
    return answer.status_code


async def fetch(client: httpx.AsyncClient, subscription: str) -> list[Any]:
    """Payloads; none for 202."""
    answer = await client.get(f"/bus/v1/subscriptions/{subscription}/events")
    if answer.status_code == 202:
        assert answer.content == b""
        return []
    assert answer.status_code == 200
    return [event["payload"] for event in answer.json()["events"]]


async def test_events_are_fetched_in_order_ten_at_a_time_and_once(client: httpx.AsyncClient) -> None:
    assert await publish(client, "lamp", "too early") == 204
    await subscribe(client, "lamps.a", "lamp", "bulb")
    assert await publish(client, "curtain", "not wanted") == 204
    for number in range(12):
        assert await publish(client, ("lamp", "bulb")[number % 2], {"n": number}) == 201
    assert [event["n"] for event in await fetch(client, "lamps.a")] == list(range(BATCH))
    answer = await client.get("/bus/v1/subscriptions/lamps.a/events")
    assert answer.json() == {
        "events": [{"topic": "lamp", "payload": {"n": 10}}, {"topic": "bulb", "payload": {"n": 11}}]
    }
    answer = await client.get("/bus/v1/subscriptions/lamps.a/events")
    assert (answer.status_code, answer.headers[TIMEOUT_HEADER], answer.content) == (202, "1", b"")


async def test_who_has_been_notified_is_not_told_again(client: httpx.AsyncClient) -> None:
    await subscribe(client, "a", "lamp")
    assert await publish(client, "lamp", 1, "a", "somebody else") == 204
    await subscribe(client, "b", "lamp")
    assert await publish(client, "lamp", 2, "a") == 201
    assert await publish(client, "lamp", 3) == 201
    assert await fetch(client, "a") == [3]
    assert await fetch(client, "b") == [2, 3]


async def test_a_subscription_may_change_its_mind(client: httpx.AsyncClient) -> None:
    await subscribe(client, "a", "lamp", "lamp")
    await publish(client, "lamp", 1)
    await subscribe(client, "a", "bulb")
    assert await publish(client, "lamp", 2) == 204
    await publish(client, "bulb", 3)
    assert await fetch(client, "a") == [3]
    await subscribe(client, "a")
    assert await publish(client, "bulb", 4) == 204


async def test_a_subscription_that_is_not_there_is_said_to_be_unknown(client: httpx.AsyncClient) -> None:
    answer = await client.get("/bus/v1/subscriptions/nobody/events")
    assert answer.status_code == 404
    assert answer.json()["error"] == {"name": "NotFoundError", "message": "Subscription with ID 'nobody' not found"}


@pytest.mark.parametrize("kind", ["user", "none"])
async def test_it_is_for_services_alone(kind: Any, client: httpx.AsyncClient, world: World) -> None:
    world.listen("lamp")
    world.caller = Principal(kind, "user:default/guest")
    subscription = "/bus/v1/subscriptions/a"
    answers = [
        await client.post("/bus/v1/events", json={"event": {"topic": "lamp", "payload": 1}}),
        await client.put(subscription, json={"topics": []}),
        await client.get(f"{subscription}/events"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 3
    assert {answer.json()["error"]["message"] for answer in answers} == {
        f"This endpoint does not allow '{kind}' credentials"
    }
    assert world.heard == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/bus/v1/events", None),
        ("POST", "/bus/v1/events", {"event": {"topic": "t"}}),
        ("POST", "/bus/v1/events", {"event": {"topic": "t", "eventPayload": 1}}),
        ("POST", "/bus/v1/events", {"event": {"topic": 1, "payload": 1}}),
        ("POST", "/bus/v1/events", {"event": {"topic": "a\0", "payload": 1}}),
        ("POST", "/bus/v1/events", {"event": {"topic": "t", "payload": 1}, "notifiedSubscribers": "a"}),
        ("POST", "/bus/v1/events", {"event": {"topic": "t", "payload": 1}, "notifiedSubscribers": ["\0"]}),
        ("PUT", "/bus/v1/subscriptions/a", {}),
        ("PUT", "/bus/v1/subscriptions/a", {"topics": "t"}),
        ("PUT", "/bus/v1/subscriptions/a", {"topics": ["\0"]}),
        ("PUT", "/bus/v1/subscriptions/a", {"topics": [str(n) for n in range(1001)]}),
        ("PUT", f"/bus/v1/subscriptions/{'a' * 501}", {"topics": []}),
        ("GET", "/bus/v1/subscriptions/%00/events", None),
    ],
)
async def test_what_makes_no_sense_is_refused(method: str, path: str, body: Any, client: httpx.AsyncClient) -> None:
    answer = await client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["error"]["name"]) == (400, "InputError")


@pytest.mark.parametrize("payload", [None, "a\0b", {"ä": ["😀", 1.5, True, None]}, 2**63])
async def test_payloads_arrive_as_they_are(payload: Any, client: httpx.AsyncClient) -> None:
    await subscribe(client, "a", "lamp")
    await publish(client, "lamp", payload)
    assert await fetch(client, "a") == [payload]


# ------------------------------------------------------------------------------------------------ our own events


async def test_what_happens_here_reaches_other_backends(client: httpx.AsyncClient, world: World) -> None:
    await subscribe(client, "a", "github.push", "scm.push")
    await world.events.publish(Event("github.push", {"ref": "main"}, {"x-github-event": "push"}))

    @dataclass
    class Push:
        ref: str

    # What is no JSON is for this process alone.
    await world.events.publish(Event("scm.push", Push("main")))
    assert await fetch(client, "a") == [{"ref": "main"}]


async def test_other_backends_events_reach_us_and_do_not_come_back(client: httpx.AsyncClient, world: World) -> None:
    world.listen("lamp")
    await subscribe(client, "sender", "lamp")
    await subscribe(client, "other", "lamp")
    assert await publish(client, "lamp", 1, "sender") == 201
    assert [event.payload for event in world.heard] == [1]
    assert await fetch(client, "sender") == []
    assert await fetch(client, "other") == [1]


# -------------------------------------------------------------------------------------------------------- waiting


async def test_who_waits_is_told_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # Neither net is what tells.
    monkeypatch.setattr(waiting, "LOOK_S", 30.0)
    monkeypatch.setattr(waiting, "NET_S", 30.0)
    world = World(database, {"events": {"notifyTimeoutMs": 20_000}})
    world.caller = SERVICE
    async with running(world) as client:
        await subscribe(client, "a", "lamp")
        began = time.monotonic()
        waits = asyncio.create_task(client.get("/bus/v1/subscriptions/a/events"))
        await somebody_waits(world)
        assert await publish(client, "lamp", 1) == 201
        answer = await waits
        assert (answer.status_code, answer.headers[TIMEOUT_HEADER]) == (202, "20000")
        assert time.monotonic() - began < 10
        assert await fetch(client, "a") == [1]


async def test_nobody_waits_for_a_backend_that_stops(database: Database) -> None:
    world = World(database, {"events": {"notifyTimeoutMs": 60_000}})
    world.caller = SERVICE
    async with running(world) as client:
        await subscribe(client, "a", "lamp")
        waits = asyncio.create_task(client.get("/bus/v1/subscriptions/a/events"))
        await somebody_waits(world)
        for stop in world.stops:
            await stop()
        assert (await asyncio.wait_for(waits, 10)).status_code == 202


async def test_another_processs_events_are_found(
    client: httpx.AsyncClient, world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOOK_S", 0.05)
    await subscribe(client, "a", "lamp")
    waits = asyncio.create_task(waiters_of(world).news("a", 20))
    async with another(database) as other:
        assert await BusStore(other).publish("lamp", 1, by="other", now=world.clock.now()) is not None
    assert await waits
    assert await fetch(client, "a") == [1]


async def test_waiting_ends(client: httpx.AsyncClient, world: World) -> None:
    await subscribe(client, "a", "lamp")
    assert not await waiters_of(world).news("a", 0.01)


# ---------------------------------------------------------------------------------------- nothing lost, nothing twice


async def test_many_publish_and_many_fetch(client: httpx.AsyncClient) -> None:
    await subscribe(client, "a", "lamp")
    sent = [(sender, number) for sender in range(4) for number in range(15)]
    got: list[tuple[int, int]] = []

    async def send(sender: int) -> None:
        for number in range(15):
            await publish(client, "lamp", [sender, number])

    async def receive() -> None:
        while len(got) < len(sent):
            got.extend(tuple(payload) for payload in await fetch(client, "a"))

    async with asyncio.timeout(60):
        await asyncio.gather(*(send(sender) for sender in range(4)), receive(), receive())
    assert sorted(got) == sent


async def test_what_is_published_at_once_is_kept_in_its_order_and_each_for_itself(
    client: httpx.AsyncClient, world: World, database: Database
) -> None:
    await subscribe(client, "a", "lamp", "door")
    await subscribe(client, "b", "lamp")
    store = BusStore(database)

    async def keep(topic: str, payload: Any, *notified: str) -> int | None:
        return await store.publish(topic, payload, by="here", now=world.clock.now(), notified=notified)

    first = await keep("lamp", 0)
    assert first is not None
    given = await asyncio.gather(
        keep("lamp", 1),
        keep("nobody's", 2),
        keep("lamp", {3}),
        keep("door", 4),
        keep("lamp", 5, "a"),
        keep("lamp", 6, "a", "b"),
        keep("lamp", 7),
        return_exceptions=True,
    )
    assert isinstance(given[2], TypeError)
    assert [*given[:2], *given[3:]] == [first + 1, None, first + 2, first + 3, None, first + 4]
    assert await fetch(client, "a") == [0, 1, 4, 7]
    assert await fetch(client, "b") == [0, 1, 5, 7]
    more = await asyncio.gather(keep("lamp", 8), keep("nobody's", 9), keep("door", 10), keep("lamp", 11, "a"))
    assert list(more) == [first + 5, None, first + 6, first + 7]
    assert await fetch(client, "a") == [8, 10]
    assert await fetch(client, "b") == [8, 11]


async def test_a_new_process_goes_on_where_the_last_one_was(client: httpx.AsyncClient, database: Database) -> None:
    await subscribe(client, "a", "lamp")
    for number in range(BATCH + 2):
        await publish(client, "lamp", number)
    await fetch(client, "a")
    again = World(database, NO_TIME)
    again.caller = SERVICE
    async with running(again) as successor:
        assert await fetch(successor, "a") == [BATCH, BATCH + 1]


async def test_what_nobody_fetches_is_forgotten(client: httpx.AsyncClient, world: World) -> None:
    await subscribe(client, "here", "lamp")
    await subscribe(client, "away", "lamp")
    await publish(client, "lamp", 1)
    forget = world.tasks["event-bus-cleanup"].run
    world.clock.pass_by(hours=23)
    await forget()
    assert await fetch(client, "here") == [1]
    await publish(client, "lamp", 2)
    world.clock.pass_by(hours=2)
    await forget()
    assert await fetch(client, "here") == [2]
    assert (await client.get("/bus/v1/subscriptions/away/events")).status_code == 404
    assert await world.database.read("SELECT DISTINCT subscription FROM events_bus_topic") == [("here",)]
    assert await world.database.read("SELECT count(*) FROM events_bus_event") == [(1,)]


def waiters_of(world: World) -> waiting.Waiters:
    (stop,) = world.stops
    return cast(waiting.Waiters, stop.__self__)  # type: ignore[attr-defined]


async def somebody_waits(world: World) -> None:
    while not waiters_of(world)._events:  # noqa: ASYNC110
        await asyncio.sleep(0.005)


class another:  # noqa: N801
    """A second process's view of a database."""

    def __init__(self, database: Database) -> None:
        assert isinstance(database, SqliteDatabase | PostgresDatabase)
        self._other = (
            SqliteDatabase(database.file) if isinstance(database, SqliteDatabase) else PostgresDatabase(database._url)
        )

    async def __aenter__(self) -> Database:
        await self._other.start()
        return self._other

    async def __aexit__(self, *_: object) -> None:
        await self._other.close()
