"""A site is brought up to date once, whoever asks and in whichever replica."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from app.database.upgrade import bring_up_to_date
from app.errors import InputError
from plugins.techdocs import tables
from plugins.techdocs.building.sources import Sources
from plugins.techdocs.builds import BuildStore
from plugins.techdocs.publishing.local import LocalPublisher
from plugins.techdocs.settings import LimitSettings
from plugins.techdocs.synchronizer import LEASE, Synchronizer
from tests.app.auth.world import SetClock
from tests.app.reading.plugin_host import ReadingHost
from tests.conftest import AnyDatabase
from tests.plugins.techdocs.sites import SITE, built_site, entity


class Builder:
    """Stands in for mkdocs, which is slow: writes a small site when it is let."""

    def __init__(self) -> None:
        self.built = 0
        self.at_once = 0
        self.most = 0
        self.may = asyncio.Event()
        self.may.set()
        self.began = asyncio.Event()
        self.fails = False

    async def run(
        self,
        source: Path,
        output: Path,
        *,
        site_name: str,
        said: Callable[[str], None],
        etag: str | None = None,
        repository: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        said(f"building {site_name}")
        self.began.set()
        await self.may.wait()
        self.at_once -= 1
        if self.fails:
            raise InputError("Command mkdocs failed, exit code: 1")
        self.built += 1
        await asyncio.to_thread(built_site, output, etag=etag)
        return {}


class World:
    """Two replicas on one database, over one source and one published folder."""

    def __init__(self, database: AnyDatabase, folder: Path) -> None:
        self.folder, self.clock, self.builder = folder, SetClock(), Builder()
        (folder / "source").mkdir()
        self.page("# Night train")
        self.store = BuildStore(database)
        self.publisher = LocalPublisher(folder / "docs")
        host = ReadingHost({}, folder)
        self.entity = entity(managed_by_location=f"file:{folder}/source/catalog-info.yaml", techdocs_ref="dir:.")
        self.replicas = [
            Synchronizer(
                publisher=self.publisher,
                generator=self.builder,  # type: ignore[arg-type]
                sources=Sources(host.reading, LimitSettings()),
                reading=host.reading,
                store=self.store,
                clock=self.clock,
                working=folder,
            )
            for _ in range(2)
        ]

        def heard(uid: str) -> None:
            for replica in self.replicas:
                replica.heard(uid)

        database.listen("techdocs_build", heard)

    def page(self, text: str) -> None:
        (self.folder / "source/index.md").write_text(text)

    async def messages(self, replica: int = 0) -> list[tuple[str, Any]]:
        return [message async for message in self.replicas[replica].sync(self.entity, SITE)]

    async def outcome(self, replica: int = 0) -> tuple[str, Any]:
        return (await self.messages(replica))[-1]


NEW, SAME = ("finish", {"updated": True}), ("finish", {"updated": False})


@pytest.fixture
async def world(database: AnyDatabase, tmp_path: Path) -> AsyncIterator[World]:
    await bring_up_to_date(database, {"techdocs": "plugins.techdocs.migrations"})
    made = World(database, tmp_path)
    yield made
    for replica in made.replicas:
        await replica.stop()


async def test_a_build_tells_its_steps_and_the_builders_words(world: World) -> None:
    messages = await world.messages()
    assert messages[-1] == NEW
    text = "\n".join(str(data) for kind, data in messages if kind == "log")
    assert all(f"Step {number} of 3" in text for number in (1, 2, 3))
    assert "building night-train" in text
    assert '{"timestamp":"2030-01-31T12:00:00.000Z"}' in text
    assert await world.publisher.has_site(SITE)
    assert not list(world.folder.glob("techdocs-*"))


async def test_an_unchanged_source_is_not_built_again(world: World) -> None:
    def measured(result: str) -> float:
        return REGISTRY.get_sample_value("techdocs_build_duration_seconds_count", {"result": result}) or 0

    before = measured("built"), measured("unchanged")
    assert [await world.outcome(), await world.outcome()] == [NEW, SAME]
    world.clock.move(minutes=2)
    assert await world.outcome() == SAME
    assert world.builder.built == 1
    assert (measured("built"), measured("unchanged")) == (before[0] + 1, before[1] + 2)


async def test_a_changed_source_is_looked_at_once_a_minute_by_all_replicas_together(world: World) -> None:
    await world.outcome()
    world.page("# Day train")
    assert [await world.outcome(0), await world.outcome(1)] == [SAME, SAME]
    world.clock.move(seconds=61)
    assert await world.outcome(1) == NEW
    assert world.builder.built == 2


async def test_a_site_that_is_gone_is_built_at_once(world: World) -> None:
    await world.outcome()
    await asyncio.to_thread((world.folder / "docs/lines").rename, world.folder / "away")
    assert await world.outcome() == NEW


async def test_everybody_watches_the_same_build(world: World) -> None:
    world.builder.may.clear()
    watching = [asyncio.create_task(world.messages()) for _ in range(3)]
    await world.builder.began.wait()
    late = asyncio.create_task(world.messages())
    world.builder.may.set()
    told = await asyncio.gather(*watching, late)
    assert world.builder.built == 1
    assert all(messages == told[0] for messages in told)


async def test_two_replicas_never_build_a_site_at_the_same_time(world: World) -> None:
    world.builder.may.clear()
    first = asyncio.create_task(world.outcome(0))
    await world.builder.began.wait()
    second = asyncio.create_task(world.outcome(1))
    await asyncio.sleep(0.05)
    world.builder.may.set()
    assert [await first, await second] == [NEW, NEW]
    assert (world.builder.built, world.builder.most) == (1, 1)


async def test_the_lease_of_a_dead_replica_ends(world: World) -> None:
    assert await world.store.claim("uid-of-night-train", "dead", world.clock.now(), LEASE)
    waiting = asyncio.create_task(world.outcome())
    await asyncio.sleep(0.05)
    assert not waiting.done()
    world.clock.move(seconds=LEASE.total_seconds() + 1)
    world.replicas[0].heard("uid-of-night-train")
    assert await waiting == NEW


async def test_a_failed_build_says_so_and_may_be_tried_at_once(world: World) -> None:
    world.builder.fails = True
    messages = await world.messages()
    assert messages[-1] == ("error", "Command mkdocs failed, exit code: 1")
    assert "Failed to build the docs page for entity component:lines/night-train" in messages[-2][1]
    world.builder.fails = False
    assert await world.outcome() == NEW


async def test_what_nobody_foresaw_is_told_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def explode(*_: Any, **__: Any) -> Any:
        raise RuntimeError("/etc/secrets/canary")

    monkeypatch.setattr(world.builder, "run", explode)
    messages = await world.messages()
    assert messages[-1] == ("error", "An internal error occurred")
    assert "canary" not in str(messages)


async def test_a_watcher_who_leaves_does_not_end_the_build(world: World) -> None:
    world.builder.may.clear()
    watching = asyncio.create_task(world.messages())
    await world.builder.began.wait()
    watching.cancel()
    world.builder.may.set()
    assert await world.outcome() == NEW
    assert world.builder.built == 1


async def test_stopping_ends_builds_and_gives_leases_back(world: World) -> None:
    world.builder.may.clear()
    watching = asyncio.create_task(world.outcome())
    await world.builder.began.wait()
    await world.replicas[0].stop()
    assert await watching == ("error", "The server is stopping")
    assert await world.store.claim("uid-of-night-train", "next", world.clock.now(), LEASE)


async def test_builds_nobody_has_looked_at_for_a_month_are_forgotten(world: World) -> None:
    await world.outcome()
    await world.store.forget(world.clock.now())
    assert (await world.store.state("uid-of-night-train")).checked_at
    world.clock.move(days=31)
    await world.store.forget(world.clock.now())
    assert not (await world.store.state("uid-of-night-train")).checked_at


async def test_the_migrations_make_what_the_tables_describe(world: World, database: AnyDatabase) -> None:
    columns = {column.name for column in tables.Build.__table__.columns}  # type: ignore[attr-defined]
    async with database.session() as session:
        session.add(tables.Build(uid="u", owner="o", leased_until=1, checked_at=2, built_at=3))
    assert await database.read("SELECT uid, owner, leased_until, checked_at, built_at FROM techdocs_build") == [
        ("u", "o", 1, 2, 3)
    ]
    assert columns == {"uid", "owner", "leased_until", "checked_at", "built_at"}
