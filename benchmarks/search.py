"""The search: how fast a generated catalog is indexed beside its ingestion, and how fast it answers.

    python -m benchmarks.search --entities 100000 --database sqlite
    python -m benchmarks.search --entities 10000 --database postgresql --peer DIR   # beside a stock Backstage

Questions are asked over 16 connections; each sort rotates through hundreds of different terms. Figures are a table and,
on request, JSON.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from rich.console import Console
from rich.table import Table

from benchmarks.battery import Question
from benchmarks.comparison import Comparison, course, parser_for
from benchmarks.generator import WORDS, Written, component_name, generate
from benchmarks.load import Figures, Request, measure
from benchmarks.servers import TOKEN, Server

API = "/api/search/query"
CONNECTIONS = 16
VARIANTS = 400
"""Different requests of one sort, sent in turn."""
LIMIT_MS = 50.0
"""What the 95th percentile of every question is to stay below."""
PATIENCE_S = 60.0
"""A stock backend looks for changes every ten minutes: nobody waits for that."""
console = Console()


@dataclass
class Results:
    """Seconds count from the start of the process. `first` says of how many names typed out whole the named one came
    first."""

    server: str
    entities: int
    database: str
    readable_s: float
    indexed_s: float
    cpu_s: float
    memory_mb: float
    visible_s: float
    first: float
    questions: dict[str, Figures] = field(default_factory=dict)
    cpu_ms: dict[str, float] = field(default_factory=dict)
    """Processor time of the server's processes for one query: what stays true on a machine that others use too."""


class Questions:
    """The same for every server of one generated catalog."""

    def __init__(self, written: Written, host: str, seed: int = 11) -> None:
        self._host = host
        self._dice = random.Random(seed)
        self._components = max(int(written.entities * 0.4), 1)
        self._groups = written.groups

    def _get(self, term: str, **more: str) -> Request:
        query = urlencode({"term": term, **more}, quote_via=quote)
        return Request.make("GET", f"{API}?{query}", host=self._host, token=TOKEN)

    def name(self) -> str:
        return component_name(self._dice.randrange(self._components))

    def _word(self) -> str:
        return self._dice.choice(WORDS)

    def _team(self) -> str:
        return f"team-{self._dice.randrange(self._groups):05d}"

    def all(self) -> list[Question]:
        many = range(VARIANTS)
        word, team = self._word, self._team
        catalog = {"types[0]": "software-catalog"}
        return [
            Question("a name typed out", [self._get(self.name()) for _ in many]),
            Question("a name half typed", [self._get(self.name()[:-3]) for _ in many]),
            Question("two words", [self._get(f"{word()} {word()}") for _ in many]),
            Question("one word, many results", [self._get(word()) for _ in many]),
            Question("three letters", [self._get(word()[:3]) for _ in many]),
            Question("a team's things", [self._get(team(), **catalog) for _ in many]),
            Question(
                "two words among components",
                [self._get(f"{word()} {word()}", **catalog, **{"filters[kind]": "Component"}) for _ in many],
            ),
            Question("nothing typed", [self._get("", **catalog) for _ in many]),
            Question(
                "nothing typed, third page of a kind",
                [self._get("", **catalog, **{"filters[kind]": "API", "pageCursor": "Mg=="}) for _ in many],
            ),
            Question("nothing to be found", [self._get(f"zz{self._dice.randrange(10**6)}") for _ in many]),
        ]

    def mixed(self) -> Question:
        """One of each sort in turn."""
        sorts = self.all()
        return Question("all of them, mixed", [one.requests[n] for n in range(VARIANTS) for one in sorts])


def found(server: Server, term: str = "", **more: str) -> dict[str, object]:
    answer = server.get(f"{API}?{urlencode({'term': term, **more}, quote_via=quote)}")
    assert isinstance(answer, dict)
    return answer


def wait(server: Server, written: Written, started: float, timeout: float) -> tuple[float, float]:
    """Seconds until everything can be read, and until everything can be found."""
    readable = indexed = 0.0
    while not (readable and indexed):
        elapsed = time.monotonic() - started
        if elapsed > timeout:
            raise RuntimeError(f"{server.name}: not ready after {timeout:.0f} s: see {server.log}")
        if not readable and server.count() >= written.total:
            readable = time.monotonic() - started
        try:
            if not indexed and int(str(found(server, pageLimit="1").get("numberOfResults", 0))) >= written.total:
                indexed = time.monotonic() - started
        except OSError:
            # A stock backend answers with an error until something has been collated.
            pass
        time.sleep(min(max(elapsed / 50, 0.05), 1))
    return readable, indexed


def until_visible(server: Server, catalog: Path) -> float:
    """Seconds from a change in a file, seen at once because it is asked for, until the search finds it; infinite where
    that takes too long."""
    file = next(path for path in sorted(catalog.rglob("*.yaml")) if "kind: Component" in path.read_text())
    name = file.read_text().split("name: ")[1].split()[0]
    word = f"qq{int(time.time())}"
    file.write_text(file.read_text().replace("description: The", f"description: {word} The", 1))
    began = time.monotonic()
    server.post("/api/catalog/refresh", {"entityRef": f"component:default/{name}"})
    while not found(server, word)["results"]:
        if time.monotonic() - began > PATIENCE_S:
            return float("inf")
        time.sleep(0.02)
    return time.monotonic() - began


def share_first(server: Server, questions: Questions, of: int = 50) -> float:
    """Of so many names typed out whole, the share for which the component of that name is the first result."""
    first = 0
    for _ in range(of):
        name = questions.name()
        results = found(server, name)["results"]
        assert isinstance(results, list)
        first += bool(results) and results[0]["document"]["location"] == f"/catalog/default/component/{name}"
    return first / of


def run(
    start: Callable[[], Server], written: Written, catalog: Path, database: str, *, seconds: float, timeout: float
) -> Results:
    started = time.monotonic()
    server = start()
    try:
        readable, indexed = wait(server, written, started, timeout)
        cpu, memory = server.cpu_s(), server.memory_mb()
        console.print(f"{server.name}: {written.total} entities readable after {readable:.1f} s, found {indexed:.1f} s")
        questions = Questions(written, server.host)
        results = Results(
            server.name,
            written.total,
            database,
            readable,
            indexed,
            cpu,
            memory,
            until_visible(server, catalog),
            share_first(server, questions),
        )
        for question in (*questions.all(), questions.mixed()):
            before = server.cpu_s()
            figures = measure("127.0.0.1", server.port, question.requests, connections=CONNECTIONS, seconds=seconds)
            results.questions[question.name] = figures
            spent = results.cpu_ms[question.name] = (server.cpu_s() - before) * 1000 / max(figures.requests, 1)
            failed = f" [red]{figures.failures} failed[/red]" if figures.failures else ""
            console.print(
                f"  {question.name}: {figures.rate:.0f}/s, median {figures.median_ms:.1f} ms,"
                f" p95 {figures.p95_ms:.1f} ms, {spent:.2f} ms of processor time each{failed}"
            )
        return results
    finally:
        server.stop()


def table(results: Sequence[Results]) -> Table:
    title = f"{results[0].entities} entities, {results[0].database}, {CONNECTIONS} connections"
    shown = Comparison(title, [one.server for one in results])
    row = shown.row
    row("everything readable after", [one.readable_s for one in results], "s")
    row("everything found after", [one.indexed_s for one in results], "s")
    row("processor time until then", [one.cpu_s for one in results], "s")
    row("memory then", [one.memory_mb for one in results], "MB")
    row("a change is found after", [one.visible_s for one in results], "s")
    row("names found first", [one.first * 100 for one in results], "%", more_is_better=True)
    for name in results[0].questions:
        row(f"{name}, p95", [one.questions[name].p95_ms for one in results], "ms")
        row(f"{name}, processor time", [one.cpu_ms[name] for one in results], "ms")
        row(f"{name}, rate", [one.questions[name].rate for one in results], "/s", more_is_better=True)
    return shown.table


def main() -> None:
    parser = parser_for(__doc__)
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each question is asked")
    parser.add_argument("--timeout", type=float, default=3600.0, help="how long indexing may take")
    given = parser.parse_args()
    with course(given) as on:
        catalog = on.folder / "catalog"
        written = generate(catalog, given.entities)
        console.print(f"generated: {written}")
        results = [
            run(start, written, catalog, given.database, seconds=given.seconds, timeout=given.timeout)
            for start in on.starts(catalog)
        ]
        console.print(table(results))
        slow = {name: figures.p95_ms for name, figures in results[0].questions.items() if figures.p95_ms > LIMIT_MS}
        console.print(f"over {LIMIT_MS:.0f} ms: {slow}" if slow else f"every p95 is below {LIMIT_MS:.0f} ms")
        on.keep(results)


if __name__ == "__main__":
    main()
