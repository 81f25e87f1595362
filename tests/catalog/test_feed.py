"""The revision feed: every change, once, in order, from whichever process it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import orjson
import pytest

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from catalog.feed import RUSH_S, CatalogFeed
from catalog.interfaces import DeferredEntity, DeltaMutation, EntityChange, RevisionsLostError
from catalog.processing.rush import LASTS_S, MANY, Rush
from tests.catalog.world import World, component, located
from tests.conftest import AnyDatabase

KEY = "url:https://git.example/x.yaml"
PATIENCE_S = 20.0
NOW_MS = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp() * 1000)


async def put(world: World, *names: str, removed: Sequence[str] = (), **spec: str) -> None:
    added = [DeferredEntity(located(component(name, **spec), KEY), KEY) for name in names]
    refs = [f"component:default/{name}" for name in removed]
    await world.provider("p").apply_mutation(DeltaMutation(added=added, removed=refs))
    await world.settle()


async def next_of(feed: AsyncIterator[Sequence[EntityChange]]) -> list[tuple[str, str]]:
    async with asyncio.timeout(PATIENCE_S):
        return [(one.entity_ref.removeprefix("component:default/"), one.change) for one in await anext(feed)]


async def test_changes_come_in_order_and_without_gaps_however_they_are_cut(world: World) -> None:
    await put(world, "a", "b", "c")
    await put(world, "b", type="website")
    await put(world, removed=["a"])
    feed = CatalogFeed(world.database)
    everything = await feed.after(0)
    assert [one.revision for one in everything] == list(range(1, await feed.newest() + 1))
    pieces: list[EntityChange] = []
    while more := await feed.after(pieces[-1].revision if pieces else 0, limit=2):
        pieces += more
    assert pieces == everything
    assert [(one.entity_ref, one.change) for one in everything[-2:]] == [
        ("component:default/b", "updated"),
        ("component:default/a", "deleted"),
    ]
    assert everything[0].cause.kind == "provider"
    assert NOW_MS <= everything[0].at < NOW_MS + 60_000
    assert len({one.number for one in everything if one.entity_ref.endswith("/b")}) == 1


async def test_entities_are_given_as_they_are_now(world: World) -> None:
    await put(world, "a", "b")
    await put(world, removed=["a"])
    feed = CatalogFeed(world.database)
    (b,) = await feed.entities(["component:default/a", "component:default/b"])
    assert (b.entity_ref, orjson.loads(b.document)["metadata"]["name"]) == ("component:default/b", "b")
    await put(world, "a", "c", "d")
    batches = [[one.entity_ref for one in batch] async for batch in feed.everything(batch=3)]
    assert [len(batch) for batch in batches] == [3, 1]
    assert sorted(ref for batch in batches for ref in batch) == await world.refs()


async def test_a_follower_is_woken_by_commits_and_resumes_where_it_was(world: World) -> None:
    feed = CatalogFeed(world.database)
    following = feed.follow(0)
    waiting = asyncio.create_task(next_of(following))
    await asyncio.sleep(0)
    await put(world, "a")
    assert await waiting == [("a", "created")]
    await following.aclose()  # type: ignore[attr-defined]
    await put(world, "b")
    resumed = feed.follow(1)
    assert await next_of(resumed) == [("b", "created")]
    await resumed.aclose()  # type: ignore[attr-defined]


async def test_another_process_sees_a_commit_before_its_net_is_thrown(world: World, database: AnyDatabase) -> None:
    other: AnyDatabase
    other = SqliteDatabase(database.file) if isinstance(database, SqliteDatabase) else PostgresDatabase(database._url)
    await other.start()
    try:
        following = CatalogFeed(other).follow(0)
        waiting = asyncio.create_task(next_of(following))
        await asyncio.sleep(0.05)
        await put(world, "a")
        assert await waiting == [("a", "created")]
        await following.aclose()  # type: ignore[attr-defined]
    finally:
        await other.close()


async def test_two_followers_do_not_disturb_each_other(world: World) -> None:
    feed = CatalogFeed(world.database)
    first, second = feed.follow(0, limit=1), feed.follow(0)
    await put(world, "a", "b")
    assert await next_of(first) == [("a", "created")]
    assert await next_of(second) == [("a", "created"), ("b", "created")]
    assert await next_of(first) == [("b", "created")]


@pytest.mark.parametrize("turns", range(4))
async def test_a_follower_that_is_cancelled_while_it_is_woken_ends(world: World, turns: int) -> None:
    feed = CatalogFeed(world.database)
    looked = asyncio.Event()

    async def follow() -> None:
        async for _ in feed.follow(0):
            looked.set()

    await put(world, "a")
    following = asyncio.create_task(follow())
    await looked.wait()
    await asyncio.sleep(0.1)  # Most likely it waits by then; whatever it does, it has to end.
    feed._heard("")
    for _ in range(turns):
        await asyncio.sleep(0)
    following.cancel()
    done, _ = await asyncio.wait([following], timeout=PATIENCE_S)
    assert done


async def test_who_asks_for_what_is_not_there_any_more_is_told_so(world: World) -> None:
    await put(world, "a", "b", "c")
    feed = CatalogFeed(world.database)
    async with world.database.write() as transaction:
        kept = await transaction.fetch("SELECT * FROM catalog_revision WHERE n = 1")
        await transaction.execute("DELETE FROM catalog_revision WHERE n = 1")
    with pytest.raises(RevisionsLostError, match="Revision 1 is forgotten: the oldest left is 2"):
        await feed.after(0)
    with pytest.raises(RevisionsLostError, match="Revision 9 does not exist"):
        await feed.after(9)
    async with world.database.write() as transaction:
        columns = ("n", "entity_id", "entity_ref", "change", "cause", "actor", "hash", "at")
        await transaction.copy("catalog_revision", columns, kept)
    assert len(await feed.after(0)) == 3


async def test_a_patient_follower_waits_for_a_rush_to_end_and_no_longer_than_it_said(world: World) -> None:
    now = 0.0
    rush = Rush(lambda: now)
    feed = CatalogFeed(world.database, rush)
    await put(world, "a")
    rush.saw(MANY)
    patient, hasty, barely = feed.follow(0, patience=600), feed.follow(0), feed.follow(0, patience=RUSH_S)
    waiting = asyncio.create_task(next_of(patient))
    assert await next_of(hasty) == await next_of(barely) == [("a", "created")]
    assert not waiting.done()
    now += LASTS_S
    rush.saw(MANY - 1)
    assert await waiting == [("a", "created")]
    for one in (patient, hasty, barely):
        await one.aclose()  # type: ignore[attr-defined]
