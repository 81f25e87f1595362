"""What a conditional read costs: the same questions asked without a policy, with the policy's conditions written as a
filter by hand, and under the policy itself.

    python -m benchmarks.permissions --entities 100000 [--database sqlite|postgresql] [--keep DIR]

The policy hides some systems with all their parts, and deprecated things from all but their owners. `under the policy`
includes deciding (rules, subjects, placeholders) and compiling the decision's conditions, as each request does. Times
are medians of processor time in microseconds over different requests, with no answers remembered.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from app.interfaces import Permission, Principal
from benchmarks.query_engine import BY_NAME, LIFECYCLES, TYPES, WORDS, AnyDatabase, Synthetic, fill, timed
from catalog.interfaces import FullText, PageRequest, Query
from catalog.query.engine import CatalogIndex
from catalog.service.authorized import sight_of
from plugins.permission.document import read_document
from plugins.permission.policy import DocumentPolicy
from tests.postgres import PostgresServer

VARIANTS = 60
READ = Permission("catalog.entity.read", "read", "catalog-entity")
POLICY = """
default: deny
rules:
  - effect: deny
    permissions: catalog.entity.*
    where: { spec.system: [system-3, system-5, system-8, system-13, system-21, system-34, system-55, system-89] }
  - effect: allow
    actions: read
    where: { relations.ownedBy: $owners }
  - effect: allow
    actions: read
    where: { not: { spec.lifecycle: deprecated } }
"""


def by_hand(owners: tuple[str, ...]) -> Query:
    """What the policy lets a user see, as somebody would write it into a query."""
    hidden = [f"system-{number}" for number in (3, 5, 8, 13, 21, 34, 55, 89)]
    visible = {"$any": [{"relations.ownedBy": {"$in": list(owners)}}, {"$not": {"spec.lifecycle": "deprecated"}}]}
    return {"$all": [{"$not": {"spec.system": {"$in": hidden}}}, visible]}


Ask = Callable[[int, Query | None], Awaitable[Any]]


def questions(index: CatalogIndex) -> dict[str, Ask]:
    kinds = ("component", "api", "resource", "user", "system")

    def page(n: int, visible: Query | None, **more: Any) -> Awaitable[Any]:
        return index.page(PageRequest(limit=20, query={"kind": kinds[n % 5]}, order=BY_NAME, **more), visible=visible)

    return {
        "first page by name": page,
        "count": lambda n, visible: index.count(
            {"$all": [{"kind": kinds[n % 5]}, {"spec.lifecycle": LIFECYCLES[n % 3]}, {"spec.type": TYPES[n % 5]}]},
            visible=visible,
        ),
        "three facets": lambda n, visible: index.facets(
            ["spec.type", "metadata.tags", "spec.lifecycle"], {"kind": kinds[n % 5]}, visible=visible
        ),
        "full text": lambda n, visible: page(
            n, visible, full_text=FullText(f"{WORDS[n % 16]}-{n % 10}", ("metadata.name", "metadata.title"))
        ),
        "by refs of 100": lambda n, visible: index.by_refs(
            [Synthetic(1 + (n * 100 + one) % 9_000, 10_000).ref for one in range(100)], visible=visible
        ),
    }


async def measure(index: CatalogIndex, size: int, console: Console, dialect: str) -> None:
    policy = DocumentPolicy(read_document(POLICY, "policy.yaml"), _nobody_known)
    users = [
        Principal("user", f"user:default/u{n}", tuple(f"group:default/team-{team:05d}" for team in range(n, n + 4)))
        for n in range(VARIANTS)
    ]

    async def decided(n: int) -> Query | None:
        return sight_of(await policy.decide(READ, users[n])).query

    async def nothing(n: int) -> Query | None:
        return None

    async def written(n: int) -> Query | None:
        return by_hand(users[n].ownership)

    table = Table(title=f"{size:,} entities, {dialect}: µs of processor time")
    for heading in ("", "no policy", "as a filter", "under the policy", "ratio"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, ask in questions(index).items():
        medians = []
        for sight in (nothing, written, decided):

            async def one(n: int, ask: Ask = ask, sight: Callable[[int], Awaitable[Query | None]] = sight) -> None:
                await ask(n, await sight(n))

            for n in range(VARIANTS):
                await one(n)  # postings and orders are loaded
            times = []
            for n in range(VARIANTS):
                index._selection._results.clear()
                times.append(await timed(one, n, time.thread_time))
            medians.append(statistics.median(times))
        table.add_row(name, *(f"{value:,.0f}" for value in medians), f"{medians[2] / medians[1]:.2f}")
    console.print(table)


async def _nobody_known(_: str) -> None:
    return None


async def run(size: int, dialect: str, keep: Path | None) -> None:
    console = Console()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (keep or Path(temporary)) / f"{dialect}-{size}"
        folder.mkdir(parents=True, exist_ok=True)
        server = PostgresServer(folder, ("fsync = off", "shared_buffers = 512MB")) if dialect != "sqlite" else None
        database: AnyDatabase = (
            SqliteDatabase(folder / "catalog.sqlite") if server is None else PostgresDatabase(server.start().url())
        )
        await database.start()
        try:
            if not (folder / "filled").exists():
                await fill(database, size)
                (folder / "filled").touch()
            await measure(CatalogIndex(database), size, console, dialect)
        finally:
            await database.close()
            if server is not None:
                server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--keep", type=Path, help="a folder that keeps the database for the next run")
    given = parser.parse_args()
    asyncio.run(run(given.entities, given.database, given.keep))


if __name__ == "__main__":
    main()
