"""Ingestion and reads of a generated catalog, Callboard alone or beside a stock Backstage in the same run.

    python -m benchmarks.catalog --entities 10000 --database postgresql [--peer DIR] [--json FILE]

Reads are asked over 16 connections for the rate and over one for the median. Results are a table and, on request, JSON.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from benchmarks.battery import Battery
from benchmarks.comparison import Comparison, course, parser_for
from benchmarks.generator import Written, generate
from benchmarks.load import Figures, measure
from benchmarks.servers import TOKEN, Server, cpu_s

IDLE_S = 10.0
CONNECTIONS = 16
console = Console()


@dataclass
class Results:
    """`reads`: question → (16 connections, one connection)."""

    server: str
    entities: int
    database: str
    ready_s: float
    ingestion_s: float
    memory_mb: float
    idle_cpu_percent: float
    ingestion_cpu_s: float
    """Processor seconds from start to all readable, server and database together: says more than the time does on a
    machine that is not idle."""
    memory_after_reads_mb: float = 0.0
    database_mb: float = 0.0
    reads: dict[str, tuple[Figures, Figures]] = field(default_factory=dict)

    @property
    def entities_per_s(self) -> float:
        return self.entities / self.ingestion_s


def ingest(server: Server, written: Written, started: float, timeout: float) -> float:
    """Seconds from `started` until everything is in and readable."""
    shown = 0.0
    while (found := server.count()) < written.total:
        elapsed = time.monotonic() - started
        if elapsed > timeout:
            raise RuntimeError(f"{server.name}: {found} of {written.total} after {timeout:.0f} s: see {server.log}")
        if elapsed - shown > 15:
            console.print(f"  {server.name}: {found} of {written.total} after {elapsed:.0f} s")
            shown = elapsed
        # Asking is work for the server too: seldom for the slow, often for the quick.
        time.sleep(min(max(elapsed / 50, 0.05), 2))
    return time.monotonic() - started


def run(
    start: Callable[[], Server],
    written: Written,
    database: str,
    *,
    seconds: float,
    timeout: float,
    database_pid: int | None,
) -> Results:
    started = time.monotonic()
    used_before = cpu_s(database_pid) if database_pid is not None else 0.0
    server = start()
    try:
        console.print(f"{server.name}: ready after {server.ready_s:.2f} s")
        took = ingest(server, written, started, timeout)
        used = server.cpu_s() + (cpu_s(database_pid) - used_before if database_pid is not None else 0.0)
        rate = f"{written.total / took:.0f} a second, {used:.1f} s of processor time"
        console.print(f"{server.name}: {written.total} entities in {took:.1f} s, {rate}")
        time.sleep(IDLE_S / 2)
        before = server.cpu_s()
        time.sleep(IDLE_S)
        idle = (server.cpu_s() - before) / IDLE_S * 100
        results = Results(
            server.name,
            written.total,
            database,
            server.ready_s,
            took,
            server.memory_mb(),
            idle_cpu_percent=idle,
            ingestion_cpu_s=used,
        )
        for question in Battery(written, server.host, token=TOKEN).questions():
            measure("127.0.0.1", server.port, question.requests, connections=4, seconds=0.5)  # warm
            single = measure("127.0.0.1", server.port, question.requests, connections=1, seconds=seconds / 2)
            many = measure("127.0.0.1", server.port, question.requests, connections=CONNECTIONS, seconds=seconds)
            results.reads[question.name] = (many, single)
            failed = f" [red]{many.failures} failed[/red]" if many.failures else ""
            console.print(f"  {question.name}: {many.rate:.0f}/s, median {single.median_ms:.2f} ms{failed}")
        results.memory_after_reads_mb = server.memory_mb()
        return results
    finally:
        server.stop()


def table(results: Sequence[Results]) -> Table:
    shown = Comparison(
        f"{results[0].entities} entities, {results[0].database}", [one.server for one in results], digits=2
    )
    row = shown.row
    row("ready", [r.ready_s for r in results], "s")
    row("ingestion", [r.entities_per_s for r in results], "/s", more_is_better=True)
    row("processor time of ingestion", [r.ingestion_cpu_s for r in results], "s")
    row("memory after ingestion", [r.memory_mb for r in results], "MB")
    row("memory after reads", [r.memory_after_reads_mb for r in results], "MB")
    row("idle CPU", [r.idle_cpu_percent for r in results], "%")
    for name in results[0].reads:
        row(name, [r.reads[name][0].rate for r in results], "/s", more_is_better=True)
        row(f"{name}, median of one", [r.reads[name][1].median_ms for r in results], "ms")
    return shown.table


def main() -> None:
    parser = parser_for(__doc__)
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each question is asked")
    parser.add_argument("--timeout", type=float, default=3600.0, help="how long an ingestion may take")
    given = parser.parse_args()
    with course(given) as on:
        written = generate(on.folder / "catalog", given.entities)
        console.print(f"generated: {written}")
        results = [
            run(
                start,
                written,
                given.database,
                seconds=given.seconds,
                timeout=given.timeout,
                database_pid=on.database_pid,
            )
            for start in on.starts(on.folder / "catalog")
        ]
        console.print(table(results))
        on.keep(results)


if __name__ == "__main__":
    main()
