"""Whatever happens in whatever order, the catalog is what its sources say. Tried at random against a model of dicts.

The model knows for each source what it emitted last, and for each ref which of the sources that emit it holds it. Who
takes over a ref that several claim is left open: the catalog may choose, once.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from catalog.interfaces import Cause, DeferredEntity, DeltaMutation, Entity, FullMutation, LocationSpec
from catalog.model.refs import ref_of
from tests.catalog.world import SOMEBODY, World, component, located, open_world
from tests.postgres import PostgresServer

NAMES = ("a", "b", "c", "d")
URLS = tuple(f"https://git.example/{name}.yaml" for name in ("x", "y", "z"))
PROVIDERS = ("directory",)
ASKED = Cause("api", {}, "user:default/somebody")

contents = st.dictionaries(st.sampled_from(NAMES), st.tuples(st.integers(0, 3), st.sampled_from(NAMES)), max_size=4)
urls, names = st.sampled_from(URLS), st.sampled_from(NAMES)
anything = (
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("refresh"), names),
    st.tuples(st.just("restart")),
)
of_locations = st.one_of(
    st.tuples(st.just("write"), urls, contents),
    st.tuples(st.just("break"), urls),
    st.tuples(st.just("vanish"), urls),
    st.tuples(st.just("register"), urls),
    st.tuples(st.just("register"), urls),
    st.tuples(st.just("unregister"), urls),
    *anything,
)
of_a_provider = st.one_of(
    st.tuples(st.just("full"), st.just("directory"), contents),
    st.tuples(st.just("delta"), st.just("directory"), contents, st.sets(names)),
    *anything,
)
Content = dict[str, tuple[int, str]]


def entities(content: Content) -> list[Entity]:
    return [
        component(name, version=version, dependsOn=[f"component:{target}"])
        for name, (version, target) in sorted(content.items())
    ]


@dataclass
class Model:
    """What each source emits, and who holds what."""

    files: dict[str, Content | None] = field(default_factory=dict)
    """None: there, but broken."""
    registered: dict[str, str] = field(default_factory=dict)
    emits: dict[str, Content] = field(default_factory=dict)
    holds: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        """Every registered location is read; what cannot be read stays as it was."""
        for url in self.registered:
            content = self.files.get(url)
            if content is not None:
                self.emits[url] = dict(content)

    def claims(self, name: str) -> dict[str, tuple[int, str]]:
        return {source: content[name] for source, content in self.emits.items() if name in content}


async def check(world: World, model: Model) -> None:
    await world.check()
    for name in NAMES:
        claims = model.claims(name)
        entity = await world.entity(f"component:default/{name}")
        if not claims:
            assert entity is None, f"{name} is there, though nobody has it"
            model.holds.pop(name, None)
            continue
        assert entity is not None, f"{name} is missing, though {sorted(claims)} have it"
        where = entity["metadata"]["annotations"]["backstage.io/managed-by-location"]
        source = where.removeprefix("url:")
        if source not in claims and not any(one in PROVIDERS or model.files.get(one) for one in claims):
            # It was handed over to a source that cannot be read now: until then it stays as it was.
            continue
        assert source in claims, f"{name} is {source}'s, which does not have it"
        if model.holds.get(name) in claims:
            assert source == model.holds[name], f"{name} was taken from {model.holds[name]}"
        model.holds[name] = source
        version, target = claims[source]
        assert entity["spec"]["version"] == version
        assert {"type": "dependsOn", "targetRef": f"component:default/{target}"} in entity["relations"]


async def apply(world: World, model: Model, operation: tuple[Any, ...]) -> None:
    match operation:
        case ("write", url, content):
            world.sources.broken.pop(url, None)
            world.sources.put(url, *entities(content))
            model.files[url] = content
        case ("break", url):
            world.sources.put(url, "a: [")
            model.files[url] = None
        case ("vanish", url):
            world.sources.documents.pop(url, None)
            model.files.pop(url, None)
        case ("register", url) if url not in model.registered:
            registered = await world.locations.create(LocationSpec("url", url), on_conflict=None, actor=SOMEBODY)
            model.registered[url] = registered.id
        case ("unregister", url) if url in model.registered:
            await world.locations.delete(model.registered.pop(url), actor=SOMEBODY)
            model.emits.pop(url, None)
        case ("full", provider, content):
            world.providers.add(provider)
            await world.provider(provider).apply_mutation(FullMutation(_deferred(provider, content)))
            model.emits[provider] = dict(content)
        case ("delta", provider, content, removed):
            world.providers.add(provider)
            await world.provider(provider).apply_mutation(
                DeltaMutation(
                    _deferred(provider, content), [f"component:default/{name}" for name in removed - content.keys()]
                )
            )
            kept = {name: one for name, one in model.emits.get(provider, {}).items() if name not in removed}
            model.emits[provider] = {**kept, **content}
        case ("delete", name):
            entity = await world.entity(f"component:default/{name}")
            if entity is not None:
                await world.control.delete_by_uid(entity["metadata"]["uid"], cause=ASKED)
                model.holds.pop(name, None)
                for content in model.emits.values():
                    # It comes back when its source is read the next time, if that can be read.
                    content.pop(name, None)
        case ("refresh", name):
            entity = await world.entity(f"component:default/{name}")
            if entity is not None:
                await world.control.refresh(ref_of(entity), cause=ASKED)
        case ("restart",):
            await world.start()


def _deferred(provider: str, content: Content) -> list[DeferredEntity]:
    return [DeferredEntity(located(entity, f"url:{provider}"), provider) for entity in entities(content)]


async def live(world: World, script: list[list[tuple[Any, ...]]]) -> None:
    model = Model()
    for operations_at_once in script:
        for operation in operations_at_once:
            await apply(world, model, operation)
        await world.settle()
        await world.look_again()
        await world.later(timedelta(seconds=30))
        model.look()
        await check(world, model)


def scripts(operations: st.SearchStrategy[Any]) -> st.SearchStrategy[list[list[tuple[Any, ...]]]]:
    return st.lists(st.lists(operations, min_size=1, max_size=5), max_size=6)


async def live_on_sqlite(script: list[list[tuple[Any, ...]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "test.sqlite")
        await database.start()
        async with open_world(database) as world:
            await live(world, script)
        await database.close()


async def live_on_postgres(server: PostgresServer, script: list[list[tuple[Any, ...]]]) -> None:
    name = f"law_{uuid4().hex}"
    connection = await asyncpg.connect(server.url())
    await connection.execute(f"CREATE DATABASE {name}")
    database = PostgresDatabase(server.url(name))
    await database.start()
    async with open_world(database) as world:
        await live(world, script)
    await database.close()
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


few = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@given(scripts(of_locations))
@many
def test_the_catalog_is_what_its_locations_say(script: list[list[tuple[Any, ...]]]) -> None:
    asyncio.run(live_on_sqlite(script))


@given(scripts(of_a_provider))
@many
def test_the_catalog_is_what_its_provider_says(script: list[list[tuple[Any, ...]]]) -> None:
    asyncio.run(live_on_sqlite(script))


@given(script=scripts(of_locations))
@few
def test_so_it_is_on_postgres(postgres: PostgresServer, script: list[list[tuple[Any, ...]]]) -> None:
    asyncio.run(live_on_postgres(postgres, script))


async def test_a_law_that_is_broken_is_noticed() -> None:
    """The check itself is tried: a catalog that has missed a change does not pass."""
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "test.sqlite")
        await database.start()
        async with open_world(database) as world:
            await live(world, [[("write", URLS[0], {"a": (1, "b")}), ("register", URLS[0])]])
            model = Model(emits={URLS[0]: {"a": (2, "b")}})
            with pytest.raises(AssertionError):
                await check(world, model)
        await database.close()
