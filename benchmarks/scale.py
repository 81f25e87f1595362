"""Does an answer cost more when the catalog is larger? Asked over HTTP, of catalogs written straight into the tables.

    python -m benchmarks.scale --entities 10000 100000 1000000 [--database sqlite|postgresql] [--json FILE]

Each question is asked some hundred times over one connection, no two requests alike, so that no answer is remembered;
`processor` is what the server used for one of them. The ratio is that of medians to the first size's.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from rich.console import Console
from rich.table import Table

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from benchmarks.query_engine import KINDS, LIFECYCLES, PER_OWNER, TAGS, TYPES, WORDS, AnyDatabase, fill
from benchmarks.servers import TOKEN, Server, migrate_callboard, pg, sqlite, start_callboard
from tests.postgres import PostgresServer, free_port

MOST = 300
"""Requests of one sort."""
WARM = 20
"""Requests before those: the first loads what the sort needs."""
API = "/api/catalog"


@dataclass(frozen=True)
class Figure:
    """Medians of one question: milliseconds that passed, and milliseconds of the server's processor time on average."""

    question: str
    entities: int
    median_ms: float
    processor_ms: float
    asked: int


def questions(size: int) -> dict[str, Iterator[str]]:
    """Name → different paths of that sort."""
    groups = max(size // PER_OWNER, 1)
    kinds = tuple(dict.fromkeys(KINDS))

    def filters(*parts: Iterable[tuple[str, str]]) -> Iterator[str]:
        for those in itertools.product(*parts):
            yield ",".join(f"{key}={value}" for key, value in those)

    def each(key: str, values: Iterable[str]) -> list[tuple[str, str]]:
        return [(key, value) for value in values]

    def path(route: str, *query: tuple[str, str]) -> str:
        return f"{API}{route}?{urlencode(query, quote_via=quote)}"

    def page(given: str, *more: tuple[str, str]) -> str:
        order = ("orderField", "metadata.name,asc")
        return path("/entities/by-query", ("filter", given), order, ("limit", "20"), *more)

    narrow = (each("metadata.tags", TAGS), each("kind", kinds), each("spec.lifecycle", LIFECYCLES))
    owners = each("relations.ownedBy", (f"group:default/team-{number:05d}" for number in range(min(groups, 100))))
    facets = [("facet", name) for name in ("spec.type", "metadata.tags", "spec.lifecycle")]
    names = ("fullTextFilterFields", "metadata.name,metadata.title")
    words = (f"{one}-{other}" for one in WORDS for other in WORDS)
    return {
        "page by name": (page(given) for given in filters(*narrow)),
        "page by owner and type": (page(given) for given in filters(owners, each("spec.type", TYPES))),
        "count": (path("/entities/by-query", ("filter", given), ("limit", "0")) for given in filters(*narrow)),
        "three facets": (path("/entity-facets", *facets, ("filter", given)) for given in filters(*narrow)),
        "owner facet": (
            path("/entity-facets", ("facet", "relations.ownedBy"), ("filter", given)) for given in filters(*narrow)
        ),
        "full text": (page("kind=component", ("fullTextFilterTerm", one), names) for one in words),
    }


def ask(server: Server, size: int) -> list[Figure]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    headers = {"Authorization": f"Bearer {TOKEN}"}

    def once(path: str) -> float:
        started = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return (time.perf_counter() - started) * 1000

    figures = []
    for name, paths in questions(size).items():
        for path in itertools.islice(paths, WARM):
            once(path)
        before = server.cpu_s()
        took = [once(path) for path in itertools.islice(paths, MOST)]
        used = (server.cpu_s() - before) * 1000 / len(took)
        figures.append(Figure(name, size, statistics.median(took), used, len(took)))
    connection.close()
    return figures


async def filled(database: AnyDatabase, size: int) -> None:
    await database.start()
    try:
        async with database.write() as tx:
            await tx.execute("DELETE FROM catalog_counter WHERE name = 'revision'")
        await fill(database, size)
    finally:
        await database.close()


def measure(folder: Path, size: int, dialect: str, console: Console) -> list[Figure]:
    server = PostgresServer(folder / "pg", ("fsync = off", "shared_buffers = 512MB")) if dialect != "sqlite" else None
    (folder / "none").mkdir(parents=True)
    (folder / "none" / "all.yaml").write_text("")
    try:
        if server is not None:
            (folder / "pg").mkdir()
            given = pg(server.start().port, "postgres", "postgres")
        else:
            given = sqlite(folder)
        migrate_callboard(folder, folder / "none", given)
        database: AnyDatabase = (
            SqliteDatabase(folder / "callboard.sqlite") if server is None else PostgresDatabase(server.url())
        )
        started = time.monotonic()
        asyncio.run(filled(database, size))
        console.print(f"{size:,} entities written in {time.monotonic() - started:.0f} s")
        # Who ingests would count what nobody has ingested as gone.
        running = start_callboard(folder, free_port(), folder / "none", given, "--roles", "api")
        try:
            figures = ask(running, size)
            console.print(f"ready in {running.ready_s:.2f} s, {running.memory_mb():,.0f} MB after all questions")
            return figures
        finally:
            running.stop()
    finally:
        if server is not None:
            server.stop()


def table(figures: list[Figure], dialect: str) -> Table:
    shown = Table(title=f"Median and processor time of one request, {dialect}")
    sizes = list(dict.fromkeys(one.entities for one in figures))
    shown.add_column("")
    for size in sizes:
        shown.add_column(f"{size:,}", justify="right")
    shown.add_column("ratio", justify="right")
    for name in dict.fromkeys(one.question for one in figures):
        row = [one for one in figures if one.question == name]
        cells = [f"{one.median_ms:.2f} / {one.processor_ms:.2f} ms" for one in row]
        shown.add_row(name, *cells, f"{row[-1].median_ms / row[0].median_ms:.1f}")
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entities", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    console = Console()
    figures: list[Figure] = []
    for size in given.entities:
        with tempfile.TemporaryDirectory(prefix="callboard-scale-") as temporary:
            figures += measure(Path(temporary), size, given.database, console)
    console.print(table(figures, given.database))
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(one) for one in figures], indent=1))


if __name__ == "__main__":
    main()
