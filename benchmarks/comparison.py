"""Callboard alone, or beside a stock Backstage in the same run: where they are started, and their figures together."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.servers import Server, pg, sqlite, start_callboard, start_peer
from tests.postgres import PostgresServer, free_port


def parser_for(about: str | None) -> argparse.ArgumentParser:
    """With the arguments that every comparison takes."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--peer", type=Path, help="folder of a stock Backstage, built by the peer kit")
    parser.add_argument("--only-peer", action="store_true")
    parser.add_argument("--json", type=Path)
    return parser


class Course:
    """A folder, a database server if one is asked for, and the servers that run on it."""

    def __init__(self, given: argparse.Namespace, folder: Path, postgres: PostgresServer | None) -> None:
        self.folder = folder
        self.postgres = postgres
        self._given = given

    @property
    def database_pid(self) -> int | None:
        return self.postgres.pid if self.postgres is not None else None

    def starts(self, catalog: Path) -> Iterator[Callable[[], Server]]:
        """How each server that is asked for is started on the catalog, one after the other."""
        peer: Path | None = self._given.peer
        if not self._given.only_peer:
            database = self._database("callboard")
            yield lambda: start_callboard(self.folder / "callboard", free_port(), catalog, database)
        if peer is not None:
            theirs = self._database("peer")
            yield lambda: start_peer(peer, self.folder / "peer", free_port(), catalog, theirs)

    def _database(self, name: str) -> str:
        if self.postgres is None:
            return sqlite(self.folder / name)
        if name == "peer":
            return pg(self.postgres.port, "postgres", "postgres")
        self.postgres.execute(f"CREATE DATABASE {name}")
        return pg(self.postgres.port, "postgres", name)

    def keep(self, results: Sequence[Any]) -> None:
        """Dataclasses, as JSON where that is wanted."""
        if self._given.json is not None:
            self._given.json.write_text(json.dumps([asdict(one) for one in results], indent=1))


@contextmanager
def course(given: argparse.Namespace) -> Iterator[Course]:
    """Everything is gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="callboard-bench-"))
    # Durable as in production: the figures are not to come from switched-off syncs.
    postgres = PostgresServer(settings=("shared_buffers = 512MB",)).start() if given.database == "postgresql" else None
    try:
        yield Course(given, folder, postgres)
    finally:
        if postgres is not None:
            postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Comparison:
    """A table with a column for each server and, for two, how many times better the first is."""

    def __init__(self, title: str, servers: Sequence[str], *, digits: int = 1) -> None:
        self.table = Table(title=title)
        self._digits = digits
        self.table.add_column("")
        for name in servers:
            self.table.add_column(name, justify="right")
        if len(servers) == 2:
            self.table.add_column("ratio", justify="right")

    def row(self, name: str, values: Sequence[float], unit: str, *, more_is_better: bool = False) -> None:
        cells = [f"{value:,.{self._digits}f} {unit}" for value in values]
        if len(values) == 2 and min(values) > 0:
            cells.append(f"{values[0] / values[1] if more_is_better else values[1] / values[0]:.1f} x")
        self.table.add_row(name, *cells)
