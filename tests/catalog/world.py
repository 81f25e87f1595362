"""A catalog to try things on: a real database, real steps, and sources in memory that count how they are asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any

import orjson

from app.database.upgrade import bring_up_to_date
from app.errors import NotAllowedError, NotFoundError, NotModifiedError
from app.interfaces import (
    Event,
    FoundFile,
    GitCredentials,
    GitRemotes,
    LocalFiles,
    Principal,
    ReadResponse,
    ScmIntegration,
    SearchResponse,
    UrlReader,
)
from catalog.control import CatalogControls
from catalog.ingestion.child import Child
from catalog.ingestion.connection import Connection
from catalog.ingestion.locations import RegisteredLocations
from catalog.ingestion.parse_pool import ParsePool
from catalog.ingestion.rules import Rules, parse_rules
from catalog.interfaces import CatalogExtensions, CatalogProcessor, Entity, LocationSpec
from catalog.leader import Leader
from catalog.model.well_known import LOCATION, ORIGIN_LOCATION
from catalog.processing.pass_pool import PassPool
from catalog.processing.pipeline import Pipeline
from catalog.settings import CatalogSettings
from catalog.steps import processing_steps
from catalog.stitching.terms import terms_of
from catalog.store.queue import next_due
from catalog.store.removal import term_ids
from catalog.store.writing import CatalogStore
from tests.conftest import AnyDatabase

SOMEBODY = Principal("user", "user:default/somebody")
EVERY_KIND = ["API", "Component", "Domain", "Group", "Location", "Resource", "System", "User"]
MAX_STEPS = 2000


class ManualClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def forward(self, by: timedelta) -> None:
        self.moment += by


class Sources:
    """Documents by URL. A `Reading`, a `UrlReader` and `LocalFiles` at once; `*` matches within a name."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.broken: dict[str, Exception] = {}
        self.reads: list[str] = []
        self.knows_absences = False
        """Whether what is not there has an etag, too."""
        self.checks: list[str] = []
        self.gate: asyncio.Event | None = None
        """Reads wait for it, if there is one."""

    def put(self, url: str, *entities: Mapping[str, Any] | str) -> str:
        texts = [one if isinstance(one, str) else orjson.dumps(one).decode() for one in entities]
        self.documents[url] = "\n---\n".join(texts).encode()
        return url

    def remove(self, url: str) -> None:
        del self.documents[url]

    # ------------------------------------------------------------------------------------------------- Reading

    def add_reader(self, matches: Callable[[str], bool], reader: UrlReader, *, order: int = 50) -> None:
        raise NotImplementedError

    def add_integration(self, integration: ScmIntegration) -> None:
        raise NotImplementedError

    def add_git_credentials(self, host: str, credentials: GitCredentials) -> None:
        raise NotImplementedError

    def reader_for(self, url: str) -> UrlReader:
        if "forbidden" in url:
            raise NotAllowedError(f"Reading from '{url}' is not allowed")
        return self

    def integration_for(self, url: str) -> ScmIntegration | None:
        return None

    def resolve_url(self, url: str, base: str) -> str:
        if "://" in url:
            return url
        if "://" not in base:
            raise ValueError("Invalid base URL")
        return base.rpartition("/")[0] + "/" + url.removeprefix("./")

    def resolve_edit_url(self, url: str) -> str | None:
        return None

    @property
    def git(self) -> GitRemotes:
        raise NotImplementedError

    @property
    def files(self) -> LocalFiles:
        return self

    # ----------------------------------------------------------------------------------------------- UrlReader

    async def read_url(self, url: str, *, etag: str | None = None) -> ReadResponse:
        found = await self.search(url, etag=etag)
        if not found.files:
            raise NotFoundError(f"could not read {url}, 404 Not Found")
        return ReadResponse(await found.files[0].read(), found.etag)

    async def read_tree(self, url: str, *, etag: str | None = None) -> SearchResponse:
        raise NotImplementedError

    async def search(self, url: str, *, etag: str | None = None) -> SearchResponse:
        (self.reads if etag is None else self.checks).append(url)
        if self.gate is not None:
            await self.gate.wait()
        if url in self.broken:
            raise self.broken[url]
        head, star, tail = url.partition("*")
        names = sorted(one for one in self.documents if one.startswith(head) and one.endswith(tail)) if star else [url]
        files = [self._file(name) for name in names if name in self.documents]
        version = sha1("".join(f"{file.url}{file.version}" for file in files).encode()).hexdigest()
        if etag == version:
            raise NotModifiedError()
        return SearchResponse(files, version if files or self.knows_absences else None)

    def _file(self, url: str) -> FoundFile:
        content = self.documents[url]

        async def read() -> bytes:
            return content

        return FoundFile(url, url.rpartition("/")[2], read, sha1(content).hexdigest())


class Bus:
    """Events as they were published."""

    def __init__(self) -> None:
        self.published: list[Event] = []

    def subscribe(self, topics: Sequence[str], subscriber: Callable[[Event], Awaitable[None]]) -> None:
        raise NotImplementedError

    def observe(self, observer: Callable[[Event], Awaitable[None]]) -> None:
        raise NotImplementedError

    async def publish(self, event: Event) -> None:
        self.published.append(event)

    def of(self, topic: str) -> list[Any]:
        return [event.payload for event in self.published if event.topic == topic]


@dataclass
class World:
    """One process's catalog on a database. `settle()` does whatever is due."""

    database: AnyDatabase
    settings: CatalogSettings
    rules: Rules
    configured: list[LocationSpec]
    sources: Sources = field(default_factory=Sources)
    clock: ManualClock = field(default_factory=ManualClock)
    events: Bus = field(default_factory=Bus)
    child: Child = field(default_factory=Child)
    extensions: CatalogExtensions = field(default_factory=CatalogExtensions)
    providers: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.store = CatalogStore(self.database, self.clock)
        self.pipeline = Pipeline(self._steps, self.rules, self.sources, self.extensions.allowed_location_types)
        self.locations = RegisteredLocations(
            self.store,
            self.pipeline,
            self.extensions.allowed_location_types,
            on_conflict=self.settings.default_location_conflict_strategy,
        )
        self.control = CatalogControls(self.store, self.pipeline, interval_s=self.settings.interval_s)
        self.leader = self._new_leader()

    def _steps(self) -> list[CatalogProcessor]:
        return processing_steps(self.sources, ParsePool(self.child), self.settings, self.extensions)

    def _new_leader(self) -> Leader:
        return Leader(
            self.store,
            self.pipeline,
            self.events,
            self.settings,
            self.configured,
            self.providers,
            PassPool(self.child, self.pipeline),
        )

    def provider(self, name: str) -> Connection:
        self.providers.add(name)
        return Connection(self.store, self.events, name, self.settings.guard)

    # ------------------------------------------------------------------------------------------------- running

    async def start(self) -> None:
        """As a process that takes the lead."""
        self.leader = self._new_leader()
        await self.leader.align()

    async def settle(self) -> None:
        loop = self.leader.loop
        # PostgreSQL's notification of what was just written may still be on its way.
        loop.wake()
        for _ in range(MAX_STEPS):
            if await loop.step():
                continue
            self.clock.forward(timedelta(milliseconds=1))
            due = await next_due(self.store)
            if not loop.busy and (due is None or due > self.store.now() + 100):
                return
            await asyncio.sleep(0.001)
        raise AssertionError("it never settles")

    async def later(self, by: timedelta) -> None:
        """Let time pass, and do what has become due by then."""
        self.clock.forward(by)
        await self.settle()

    async def look_again(self) -> None:
        """As when the processing interval has passed for everything that reads outside."""
        loop = self.leader.loop
        rows = await self.database.read("SELECT entity_id FROM catalog_refresh_state WHERE reads_outside = 1")
        loop.look_at([row[0] for row in rows])
        await self.settle()

    async def register(self, url: str, kind: str = "url") -> str:
        """A new location, read and settled; gives its id."""
        location = await self.locations.create(LocationSpec(kind, url), on_conflict=None, actor=SOMEBODY)
        await self.settle()
        return location.id

    # ------------------------------------------------------------------------------------------------- looking

    async def entity(self, ref: str) -> Entity | None:
        rows = await self.database.read("SELECT document FROM catalog_entity WHERE entity_ref = ?", ref)
        return orjson.loads(rows[0][0]) if rows else None

    async def present(self, ref: str) -> Entity:
        found = await self.entity(ref)
        assert found is not None, f"{ref} is not in the catalog: {await self.control.explain(ref=ref)}"
        return found

    async def refs(self, kind: str = "") -> list[str]:
        rows = await self.database.read("SELECT entity_ref FROM catalog_entity ORDER BY entity_ref")
        return [row[0] for row in rows if row[0].startswith(kind)]

    async def relations(self, ref: str) -> list[tuple[str, str]]:
        return [(one["type"], one["targetRef"]) for one in (await self.present(ref))["relations"]]

    async def problems(self, ref: str) -> list[str]:
        found = await self.control.explain(ref=ref)
        return [f"{one['name']}: {one['message']}" for one in found["errors"]]

    async def revision(self) -> int:
        rows = await self.database.read("SELECT value FROM catalog_counter WHERE name = 'revision'")
        return int(rows[0][0])

    async def check(self) -> None:
        """Everything that must hold when nothing is left to do."""
        assert await next_due(self.store) is None or await next_due(self.store) > self.store.now()  # type: ignore[operator]
        assert await self.database.read("SELECT entity_ref FROM catalog_stitch_queue") == []
        await self._check_finals()
        await self._check_belongings()
        await self._check_history()

    async def _check_finals(self) -> None:
        states = {
            row[0]: row[1:]
            for row in await self.database.read(
                "SELECT entity_id, entity_ref, uid, processed, stitch_error FROM catalog_refresh_state"
            )
        }
        relations: dict[str, set[tuple[str, str]]] = {}
        for source, kind, target in await self.database.read(
            "SELECT source_ref, type, target_ref FROM catalog_relation"
        ):
            relations.setdefault(source, set()).add((kind, target))
        names = {
            row[0]: (row[1], None if row[4] else row[2], None if row[4] else row[3])
            for row in await self.database.read(
                "SELECT t.id, k.key, t.value, t.original, t.is_null FROM catalog_term t "
                "JOIN catalog_key k ON k.id = t.key_id"
            )
        }
        postings: dict[int, set[int]] = {}
        for term, entity_id in await self.database.read("SELECT term_id, entity_id FROM catalog_posting"):
            postings.setdefault(entity_id, set()).add(term)
        finals = await self.database.read("SELECT id, entity_ref, document, terms FROM catalog_entity")
        for entity_id, ref, document, blob in finals:
            state = states.get(entity_id)
            assert state is not None, f"{ref} outlived its source"
            assert state[0] == ref
            entity = orjson.loads(document)
            assert entity["metadata"]["uid"] == state[1]
            found = [(one["type"], one["targetRef"]) for one in entity["relations"]]
            assert found == sorted(relations.get(ref, ()))
            ids = list(term_ids(blob))
            assert ids == sorted(set(ids))
            assert set(ids) == postings.pop(entity_id, set())
            assert sorted(map(str, (names[term] for term in ids))) == sorted(map(str, map(tuple, terms_of(entity))))
        assert postings == {}
        visible = {row[0] for row in finals}
        hidden = {one for one, state in states.items() if state[2] is not None and state[3] is None} - visible
        assert hidden == set()

    async def _check_belongings(self) -> None:
        ids = {row[0] for row in await self.database.read("SELECT entity_id FROM catalog_refresh_state")}
        refs = {row[0] for row in await self.database.read("SELECT entity_ref FROM catalog_refresh_state")}
        for table, column in (("relation", "origin_id"), ("refresh_key", "entity_id")):
            rows = await self.database.read(f"SELECT DISTINCT {column} FROM catalog_{table}")
            assert {row[0] for row in rows} <= ids, table
        edges = await self.database.read("SELECT source_key, source_ref, target_ref FROM catalog_refresh_reference")
        assert len(edges) == len(set(edges))
        for key, source, target in edges:
            assert (key is None) != (source is None)
            assert target in refs
            assert source is None or source in refs
        if self.settings.orphan_strategy == "delete":
            assert refs <= {target for _, _, target in edges}

    async def _check_history(self) -> None:
        rows = await self.database.read("SELECT n, entity_ref, change, hash FROM catalog_revision ORDER BY n")
        assert [row[0] for row in rows] == list(range(1, await self.revision() + 1))
        there: dict[str, str] = {}
        for _, ref, change, digest in rows:
            assert (change == "created") == (ref not in there), (ref, change)
            if change == "deleted":
                del there[ref]
            else:
                there[ref] = digest
        finals = await self.database.read("SELECT entity_ref, hash FROM catalog_entity")
        assert there == dict(finals)


@asynccontextmanager
async def open_world(
    database: AnyDatabase,
    *,
    locations: Iterable[LocationSpec] = (),
    rules: Sequence[Any] | None = ({"allow": EVERY_KIND},),
    settings: Mapping[str, Any] | None = None,
    sources: Sources | None = None,
) -> AsyncIterator[World]:
    """A world on a database, which is brought up to date first. `settings` as under `catalog` in the configuration."""
    await bring_up_to_date(database, {"catalog": "catalog.store.migrations"})
    world = World(
        database,
        CatalogSettings.model_validate(settings or {}),
        parse_rules(rules, ()),
        list(locations),
        sources=sources or Sources(),
    )
    await world.start()
    yield world
    await world.child.close()


def located(entity: Entity, where: str) -> Entity:
    """As a provider emits it: saying where it comes from."""
    annotations = {LOCATION: where, ORIGIN_LOCATION: where}
    return {**entity, "metadata": {**entity["metadata"], "annotations": annotations}}


def component(name: str, *, namespace: str | None = None, **spec: Any) -> Entity:
    """A valid component; further keys of `spec` as given."""
    metadata = {"name": name} if namespace is None else {"name": name, "namespace": namespace}
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": metadata,
        "spec": {"type": "service", "lifecycle": "production", "owner": "team-a", **spec},
    }


def group(name: str, **spec: Any) -> Entity:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Group",
        "metadata": {"name": name},
        "spec": {"type": "team", "children": [], **spec},
    }


def user(name: str, *groups: str) -> Entity:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "User",
        "metadata": {"name": name},
        "spec": {"memberOf": list(groups)},
    }


def location(name: str, *targets: str, **spec: Any) -> Entity:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Location",
        "metadata": {"name": name},
        "spec": {"targets": list(targets), **spec},
    }
