"""Ingestion and reads of a generated catalog, Callboard alone or beside a stock Backstage in the same run.

    python -m benchmarks.catalog --entities 10000 --database postgresql [--peer DIR] [--json FILE]

Reads are asked over 16 connections for the rate and over one for the median. Results are a table and, on request, JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.battery import Battery
from benchmarks.generator import Written, generate
from benchmarks.load import Figures, measure
from benchmarks.servers import TOKEN, Server, cpu_s, pg, sqlite, start_callboard, start_peer
from tests.postgres import PostgresServer, free_port

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
    idle_s: float,
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
        time.sleep(5)
        before = server.cpu_s()
        time.sleep(idle_s)
        idle = (server.cpu_s() - before) / idle_s * 100
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


def table(results: list[Results]) -> Table:
    shown = Table(title=f"{results[0].entities} entities, {results[0].database}")
    shown.add_column("")
    for one in results:
        shown.add_column(one.server, justify="right")
    if len(results) == 2:
        shown.add_column("ratio", justify="right")

    def row(name: str, values: list[float], unit: str, *, more_is_better: bool) -> None:
        cells = [f"{value:,.2f} {unit}" for value in values]
        if len(values) == 2 and min(values) > 0:
            cells.append(f"{values[0] / values[1] if more_is_better else values[1] / values[0]:.1f} x")
        shown.add_row(name, *cells)

    row("ready", [r.ready_s for r in results], "s", more_is_better=False)
    row("ingestion", [r.entities_per_s for r in results], "/s", more_is_better=True)
    row("processor time of ingestion", [r.ingestion_cpu_s for r in results], "s", more_is_better=False)
    row("memory after ingestion", [r.memory_mb for r in results], "MB", more_is_better=False)
    row("memory after reads", [r.memory_after_reads_mb for r in results], "MB", more_is_better=False)
    row("idle CPU", [r.idle_cpu_percent for r in results], "%", more_is_better=False)
    for name in results[0].reads:
        row(name, [r.reads[name][0].rate for r in results], "/s", more_is_better=True)
        row(f"{name}, median of one", [r.reads[name][1].median_ms for r in results], "ms", more_is_better=False)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--peer", type=Path, help="folder of a stock Backstage, built by the peer kit")
    parser.add_argument("--only-peer", action="store_true")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each question is asked")
    parser.add_argument("--timeout", type=float, default=3600.0, help="how long an ingestion may take")
    parser.add_argument("--idle", type=float, default=10.0, help="seconds over which an idle catalog is watched")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="callboard-bench-"))
    # Durable as in production: the figures are not to come from switched-off syncs.
    server = PostgresServer(settings=("shared_buffers = 512MB",)).start() if given.database == "postgresql" else None
    try:
        written = generate(folder / "catalog", given.entities)
        console.print(f"generated: {written}")

        def database(name: str) -> str:
            if server is None:
                return sqlite(folder / name)
            if name == "callboard":
                server.execute("CREATE DATABASE callboard")
            return pg(server.port, "postgres", "callboard" if name == "callboard" else "postgres")

        results = []
        if not given.only_peer:
            ours = database("callboard")
            results.append(
                run(
                    lambda: start_callboard(folder / "callboard", free_port(), folder / "catalog", ours),
                    written,
                    given.database,
                    seconds=given.seconds,
                    timeout=given.timeout,
                    idle_s=given.idle,
                    database_pid=server.pid if server is not None else None,
                )
            )
        if given.peer is not None:
            theirs = database("peer")
            results.append(
                run(
                    lambda: start_peer(given.peer, folder / "peer", free_port(), folder / "catalog", theirs),
                    written,
                    given.database,
                    seconds=given.seconds,
                    timeout=given.timeout,
                    idle_s=given.idle,
                    database_pid=server.pid if server is not None else None,
                )
            )
        console.print(table(results))
        if given.json is not None:
            given.json.write_text(json.dumps([asdict(one) for one in results], indent=1))
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
