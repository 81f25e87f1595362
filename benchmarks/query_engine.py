"""The query engine alone, without HTTP: medians over a synthetic catalog written straight into the tables.

    python -m benchmarks.query_engine --entities 10000 100000 1000000 [--database sqlite|postgresql] [--keep DIR]

`first` is the first call ever (it loads what it needs), `again` the median of different requests of one sort with
nothing remembered but the index, `same` the median of repeated requests. Times are microseconds; `again` and `same`
are processor time, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import statistics
import tempfile
import time
from array import array
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from sqlmodel import SQLModel

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from catalog.interfaces import FullText, Order, PageRequest
from catalog.query.engine import CatalogIndex
from catalog.query.projection import Projector, parse_fields
from catalog.store import tables
from tests.postgres import PostgresServer

AnyDatabase = SqliteDatabase | PostgresDatabase
TABLES = (
    tables.Counter,
    tables.FinalEntity,
    tables.SearchKey,
    tables.Term,
    tables.Posting,
    tables.Revision,
)
KINDS = ("Component",) * 5 + ("API",) * 2 + ("Resource", "User", "System")
TYPES = ("service", "website", "library", "batch-job", "mobile-app")
LIFECYCLES = ("production", "experimental", "deprecated")
TAGS = tuple(f"tag-{number:02d}" for number in range(40))
WORDS = [
    "amber",
    "anchor",
    "apple",
    "arrow",
    "aspen",
    "autumn",
    "bay",
    "beacon",
    "birch",
    "bridge",
    "brook",
    "canyon",
    "cedar",
    "cliff",
    "cloud",
    "comet",
]
UI_FIELDS = [
    "kind,metadata.name,metadata.namespace,metadata.title,metadata.description,spec.profile.displayName,spec.type"
]
PER_OWNER = 300
VARIANTS = 60
BY_NAME = (Order("metadata.name"),)


@dataclass(frozen=True)
class Synthetic:
    """An entity from nothing but its number and the size of the catalog."""

    id: int
    size: int

    @property
    def kind(self) -> str:
        return KINDS[self.id * 7 % len(KINDS)]

    @property
    def name(self) -> str:
        dice = self.id * 2654435761 % 2**32
        return f"{WORDS[dice % 16]}-{WORDS[dice // 16 % 16]}-{self.id:07d}"

    @property
    def ref(self) -> str:
        return f"{self.kind}:default/{self.name}".lower()

    @property
    def uid(self) -> str:
        return f"{self.id >> 16:08x}-{self.id & 0xFFFF:04x}-4a11-8b0a-{self.id * 7919 % 2**48:012x}"

    @property
    def owner(self) -> str:
        return f"team-{self.id * 31 % max(self.size // PER_OWNER, 1):05d}"

    @property
    def rows(self) -> list[tuple[str, str]]:
        dice = self.id * 40503 % 2**16
        tags = dict.fromkeys((TAGS[dice % 40], TAGS[dice // 40 % 40]))
        return [
            ("kind", self.kind),
            ("metadata.name", self.name),
            ("metadata.namespace", "default"),
            ("metadata.uid", self.uid),
            ("metadata.title", self.name.replace("-", " ").title()),
            ("metadata.annotations.github.com/project-slug", f"acme/{self.name}"),
            ("spec.type", TYPES[dice % 5]),
            ("spec.lifecycle", LIFECYCLES[dice % 3]),
            ("spec.owner", self.owner),
            ("spec.system", f"system-{self.id // 50}"),
            ("relations.ownedBy", f"group:default/{self.owner}"),
            ("relations.partOf", f"system:default/system-{self.id // 50}"),
            *(("metadata.tags", tag) for tag in tags),
            *((f"metadata.tags.{tag}", "true") for tag in tags),
        ]

    @property
    def document(self) -> str:
        title, system = self.name.replace("-", " ").title(), f"system-{self.id // 50}"
        entity = {
            "metadata": {
                "namespace": "default",
                "annotations": {
                    "backstage.io/managed-by-location": f"url:https://git.example.com/acme/{self.name}/catalog-info",
                    "backstage.io/managed-by-origin-location": "url:https://git.example.com/acme/all.yaml",
                    "github.com/project-slug": f"acme/{self.name}",
                },
                "name": self.name,
                "title": title,
                "description": f"The {title} of {self.owner}, which does what it has always done and then some more",
                "tags": [value for key, value in self.rows if key == "metadata.tags"],
                "links": [{"url": f"https://{self.name}.example.com", "title": "Dashboard", "icon": "dashboard"}],
                "uid": self.uid,
                "etag": f"{self.id:040x}",
            },
            "apiVersion": "backstage.io/v1alpha1",
            "kind": self.kind,
            "spec": {"type": "service", "lifecycle": "production", "owner": self.owner, "system": system},
            "relations": [
                {"type": "ownedBy", "targetRef": f"group:default/{self.owner}"},
                {"type": "partOf", "targetRef": f"system:default/{system}"},
            ],
        }
        return orjson.dumps(entity).decode()


async def fill(database: AnyDatabase, size: int) -> None:
    """Write a catalog of that size into empty tables."""
    async with database.engine.begin() as connection:
        picked = [SQLModel.metadata.tables[str(table.__tablename__)] for table in TABLES]
        await connection.run_sync(lambda sync: SQLModel.metadata.create_all(sync, tables=picked))
    keys: dict[str, int] = {}
    terms: dict[tuple[str, str], int] = {}
    postings: dict[int, array[int]] = {}

    def entities() -> Iterator[tuple[Any, ...]]:
        for number in range(1, size + 1):
            one = Synthetic(number, size)
            own = []
            for key, value in one.rows:
                term = terms.setdefault((key.lower(), value), len(terms) + 1)
                keys.setdefault(key.lower(), len(keys) + 1)
                postings.setdefault(term, array("I")).append(number)
                own.append(term)
            yield number, one.ref, one.document, "", array("I", sorted(own)).tobytes(), number, 0

    async with database.write() as tx:
        await copied(
            tx,
            "catalog_entity",
            ["id", "entity_ref", "document", "hash", "terms", "revision", "updated_at"],
            entities(),
        )
        await copied(tx, "catalog_key", ["id", "key"], ((number, key) for key, number in keys.items()))
        rows = ((number, keys[key], value.lower(), value, 0) for (key, value), number in terms.items())
        await copied(tx, "catalog_term", ["id", "key_id", "value", "original", "is_null"], rows)
        del rows
        pairs = ((term, one) for term in sorted(postings) for one in postings[term])
        await copied(tx, "catalog_posting", ["term_id", "entity_id"], pairs)
        await tx.execute("INSERT INTO catalog_counter (name, value) VALUES ('revision', 0)")
    if isinstance(database, PostgresDatabase):
        async with database.engine.connect() as connection:
            auto = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await auto.exec_driver_sql("VACUUM ANALYZE")


async def copied(tx: Any, table: str, columns: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
    batch: list[tuple[Any, ...]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == 20_000:
            await tx.copy(table, columns, batch)
            batch = []
    if batch:
        await tx.copy(table, columns, batch)


async def touch(database: AnyDatabase, index: CatalogIndex, revision: int, one: Synthetic) -> None:
    """A commit that changes one entity."""
    async with database.write() as tx:
        await tx.execute(
            "INSERT INTO catalog_revision (n, entity_id, entity_ref, change, cause, at)"
            " VALUES (?, ?, ?, 'updated', '{}', 0)",
            revision,
            one.id,
            one.ref,
        )
        await tx.execute("UPDATE catalog_counter SET value = ? WHERE name = 'revision'", revision)
        tx.after_commit(lambda: index.advance(revision))


Ask = Callable[[int], Awaitable[Any]]


def questions(index: CatalogIndex, size: int) -> dict[str, Ask]:
    """Name → one of many different requests of that sort."""
    dice = random.Random(5)
    projector, fields = Projector(32 * 1024 * 1024), parse_fields(UI_FIELDS)
    refs = [[Synthetic(dice.randint(1, size), size).ref for _ in range(100)] for _ in range(VARIANTS)]
    kinds = ("component", "api", "resource", "user", "system")
    owners = [f"group:default/team-{dice.randrange(max(size // PER_OWNER, 1)):05d}" for _ in range(VARIANTS)]

    def page(query: Any, order: tuple[Order, ...] = BY_NAME, **more: Any) -> Awaitable[Any]:
        return index.page(PageRequest(limit=20, query=query, order=order, **more))

    def branches(n: int) -> Any:
        return {
            "$any": [
                {"$all": [{"kind": "component"}, {"spec.type": TYPES[n % 5]}, {"spec.lifecycle": LIFECYCLES[n % 3]}]},
                {"$all": [{"kind": "api"}, {"metadata.tags": TAGS[n % 40]}]},
                {"relations.ownedBy": {"$in": [owners[n], owners[n // 2]]}},
            ]
        }

    async def by_refs(n: int) -> Any:
        return projector.project_some(await index.by_refs(refs[n]), fields)

    async def next_page(n: int) -> Any:
        first = await index.page(PageRequest(limit=20, query={"kind": kinds[n % 5]}, order=BY_NAME))
        return await index.page(PageRequest(limit=20, cursor=first.next_cursor))

    return {
        "first page by name": lambda n: page({"kind": kinds[n % 5]}),
        "page by owner and type": lambda n: page(
            {"$all": [{"kind": "component"}, {"relations.ownedBy": owners[n]}, {"spec.type": TYPES[n % 5]}]}
        ),
        "count": lambda n: index.count({"$all": [{"kind": kinds[n % 5]}, {"spec.lifecycle": LIFECYCLES[n % 3]}]}),
        "three facets": lambda n: index.facets(
            ["spec.type", "metadata.tags", "spec.lifecycle"], {"kind": kinds[n % 5]}
        ),
        "owner facet": lambda n: index.facets(["relations.ownedBy"], {"kind": kinds[n % 5]}),
        "full text": lambda n: page(
            {"kind": "component"}, full_text=FullText(f"{WORDS[n % 16]}-{n % 10}", ("metadata.name", "metadata.title"))
        ),
        "full text, common word": lambda n: page(
            {"kind": "component"}, full_text=FullText(WORDS[n % 16], ("metadata.name", "metadata.title"))
        ),
        "by name": lambda n: index.by_refs([refs[n][0]]),
        "by refs of 100, 7 fields": by_refs,
        "ordered OR": lambda n: page(branches(n)),
        "two pages": next_page,
        "page, unsorted": lambda n: page({"kind": kinds[n % 5]}, ()),
        "page of a list": lambda n: index.listing({"kind": kinds[n % 5]}, (), limit=20, offset=n),
        "page in the middle": lambda n: page({"kind": kinds[n % 5]}, offset=size // 20),
        "prefix": lambda n: page({"metadata.name": {"$hasPrefix": WORDS[n % 16]}}),
    }


async def timed(ask: Ask, n: int, clock: Callable[[], float]) -> float:
    start = clock()
    await ask(n)
    return (clock() - start) * 1e6


async def measure(database: AnyDatabase, size: int, console: Console) -> None:
    index = CatalogIndex(database)
    table = Table(title=f"{size:,} entities, {database.dialect}")
    for heading in ("", "first", "again", "same"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, ask in questions(index, size).items():
        first = await timed(ask, 0, time.perf_counter)
        for n in range(VARIANTS):
            await ask(n)
        again = []
        for n in range(VARIANTS):
            index._selection._results.clear()
            again.append(await timed(ask, n, time.thread_time))
        for n in range(VARIANTS):
            await ask(n)
        same = [await timed(ask, n, time.thread_time) for n in range(VARIANTS)]
        table.add_row(name, *(f"{value:,.0f}" for value in (first, statistics.median(again), statistics.median(same))))
    changes = []
    ask = questions(index, size)["first page by name"]
    for n in range(1, 20):
        await touch(database, index, n, Synthetic(n * size // 40 + 1, size))
        changes.append(await timed(ask, n, time.perf_counter))
    table.add_row("first page after a commit", "", f"{statistics.median(changes):,.0f}", "")
    console.print(table)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"index {index.size / 2**20:,.0f} MB, process at most {used:,.0f} MB")


async def run(sizes: list[int], dialect: str, keep: Path | None) -> None:
    console = Console()
    for size in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            folder = (keep or Path(temporary)) / f"{dialect}-{size}"
            folder.mkdir(parents=True, exist_ok=True)
            server = PostgresServer(folder, ("fsync = off", "shared_buffers = 512MB")) if dialect != "sqlite" else None
            database: AnyDatabase
            if server is not None:
                database = PostgresDatabase(server.start().url())
            else:
                database = SqliteDatabase(folder / "catalog.sqlite")
            await database.start()
            try:
                if not (folder / "filled").exists():
                    started = time.monotonic()
                    await fill(database, size)
                    (folder / "filled").touch()
                    console.print(f"filled in {time.monotonic() - started:.0f} s")
                async with database.write() as tx:
                    await tx.execute("DELETE FROM catalog_revision")
                    await tx.execute("UPDATE catalog_counter SET value = 0")
                await measure(database, size, console)
            finally:
                await database.close()
                if server is not None:
                    server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entities", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--keep", type=Path, help="a folder that keeps the databases for the next run")
    given = parser.parse_args()
    asyncio.run(run(given.entities, given.database, given.keep))


if __name__ == "__main__":
    main()
