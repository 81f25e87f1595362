"""Stored deliveries and their lease. Source: FIELD, promises 3 and 4."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from app.interfaces import Database, Event
from catalog.interfaces import ScmPush
from plugins.events.store import DeliveryStore
from plugins.events.worker import LEASE, MAX_ATTEMPTS
from tests.plugins.events.world import World, running

GITHUB = {"x-github-event": "push", "content-type": "application/json"}
PUSH = {
    "ref": "refs/heads/main",
    "after": "c0ffee",
    "repository": {"html_url": "https://github.com/o/r", "default_branch": "main"},
    "commits": [{"added": [], "modified": ["catalog-info.yaml"], "removed": []}],
}


@pytest.fixture
def world(database: Database) -> World:
    return World(database, {"events": {"http": {"topics": ["github", "conformance"]}}})


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with running(world) as client:
        yield client


async def test_a_delivery_is_published_as_backstage_does_and_in_neutral_terms(
    client: httpx.AsyncClient, world: World
) -> None:
    world.listen("github", "github.push", "scm.push")
    await client.post("/http/github", json=PUSH, headers=GITHUB)
    assert await world.work() == 1
    assert [event.topic for event in world.heard] == ["github", "github.push", "scm.push"]
    assert world.heard[0].payload == world.heard[1].payload == PUSH
    assert world.heard[1].metadata["x-github-event"] == "push"
    push = world.heard[2].payload
    assert isinstance(push, ScmPush)
    assert push.modified == (
        (
            "https://github.com/o/r/blob/main/catalog-info.yaml",
            "https://github.com/o/r/tree/main/catalog-info.yaml",
        ),
    )


async def test_deliveries_are_worked_in_the_order_in_which_they_came(client: httpx.AsyncClient, world: World) -> None:
    world.listen("conformance")
    for number in range(45):
        await client.post("/http/conformance", json=[number])
    while await world.work():
        pass
    assert [event.payload for event in world.heard] == [[number] for number in range(45)]


async def test_a_claim_is_left_alone_until_its_lease_ends(client: httpx.AsyncClient, world: World) -> None:
    await client.post("/http/conformance", json={})
    store = DeliveryStore(world.database)

    async def claims_after(seconds: float) -> int:
        now = world.clock.now() + timedelta(seconds=seconds)
        return len(await store.claim(now, limit=10, lease=LEASE))

    assert [await claims_after(seconds) for seconds in (0, 59, 61)] == [1, 0, 1]


async def test_two_workers_never_get_the_same_delivery(client: httpx.AsyncClient, world: World) -> None:
    for number in range(30):
        await client.post("/http/conformance", json=[number])
    store, now = DeliveryStore(world.database), world.clock.now()
    claims = await asyncio.gather(*(store.claim(now, limit=7, lease=LEASE) for _ in range(8)))
    ids = [delivery.id for claim in claims for delivery in claim]
    assert len(ids) == len(set(ids)) == 30


async def test_what_makes_no_sense_hinders_nothing_after_it(client: httpx.AsyncClient, world: World) -> None:
    world.listen("scm.push", "github.push")
    for nonsense in ([1], {"ref": 5}, {"ref": "refs/heads/main", "commits": 7, "repository": "x"}, PUSH):
        await client.post("/http/github", json=nonsense, headers=GITHUB)
    await world.work()
    assert len([event for event in world.heard if event.topic == "github.push"]) == 4
    assert len([event for event in world.heard if event.topic == "scm.push"]) == 1
    assert await world.work() == 0


async def test_a_failing_subscriber_hinders_nobody(client: httpx.AsyncClient, world: World) -> None:
    async def fail(event: Event) -> None:
        raise RuntimeError("no")

    world.events.subscribe(["conformance"], fail)
    world.listen("conformance")
    await client.post("/http/conformance", json={})
    await world.work()
    assert len(world.heard) == 1


async def test_a_delivery_that_kills_its_process_is_given_up_in_the_end(
    client: httpx.AsyncClient, world: World
) -> None:
    world.listen("conformance")
    await client.post("/http/conformance", json={})
    store = DeliveryStore(world.database)
    for _ in range(MAX_ATTEMPTS):
        assert len(await store.claim(world.clock.now(), limit=10, lease=LEASE)) == 1
        world.clock.pass_by(seconds=61)
    assert await world.work() == 1
    assert world.heard == []
    assert await world.work() == 0


async def test_done_deliveries_keep_nothing_but_their_id(client: httpx.AsyncClient, world: World) -> None:
    await client.post("/http/github", json=PUSH, headers=GITHUB | {"x-github-delivery": "d-1"})
    await world.work()
    rows = await world.database.read("SELECT delivery, payload, headers FROM events_delivery")
    assert rows == [("d-1", "", "{}")]


async def test_the_loop_wakes_up_by_itself(client: httpx.AsyncClient, world: World) -> None:
    heard = asyncio.Event()

    async def hear(event: Event) -> None:
        heard.set()

    world.events.subscribe(["conformance"], hear)
    loop = asyncio.create_task(world.worker.run())
    await client.post("/http/conformance", json={})
    await asyncio.wait_for(heard.wait(), 10)
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop


CRASH = """
import asyncio, os, signal, sys
from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from pathlib import Path
from tests.plugins.events.world import World

async def main(kind, where):
    database = SqliteDatabase(Path(where)) if kind == "sqlite" else PostgresDatabase(where)
    await database.start()
    world = World(database, {"events": {"http": {"topics": ["conformance"]}}})
    async def die(event):
        if event.payload == [1]:
            os.kill(os.getpid(), signal.SIGKILL)
    world.events.subscribe(["conformance"], die)
    await world.work()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_nothing_is_lost_when_a_worker_is_killed(client: httpx.AsyncClient, world: World) -> None:
    for number in range(3):
        await client.post("/http/conformance", json=[number])
    database = world.database
    if isinstance(database, SqliteDatabase):
        where = ["sqlite", str(database.file)]
    else:
        assert isinstance(database, PostgresDatabase)
        where = ["postgresql", str(database._url)]
    root = Path(__file__).parents[3]
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", CRASH, *where], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert done.returncode == -signal.SIGKILL
    world.listen("conformance")
    assert await world.work() == 0  # leased by the dead
    world.clock.pass_by(seconds=61)
    assert await world.work() == 2
    assert [event.payload for event in world.heard] == [[1], [2]]
