"""Tasks of the scaffolder: a tree of 2000 files, 1000 tasks at once, the wait for the first line, watchers.

    python -m benchmarks.scaffolder --database postgresql [--peer DIR] [--json FILE]

Callboard alone, or beside a stock Backstage in the same run, on the same machine and engine. Results are a table and,
on request, JSON.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.comparison import Comparison, course, parser_for
from benchmarks.servers import Server
from benchmarks.tasks import Api, TaskStream

FILES = 2_000
TASKS = 1_000
CONNECTIONS = 8
WATCHERS = 500
console = Console()

_TEXT = """# ${{ values.name }}

This file belongs to ${{ values.owner | upper }}. It is number %d of its tree, and has some lines that stay as they
are, as most lines of most files do: nothing in them is to be filled in, and nothing is looked up.

{%% if values.docs %%}See the documentation of ${{ values.name }}.{%% endif %%}

| a table | of the kind that readme files have |
|---|---|
| one | two |
"""
_TEMPLATES = """
apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {name: benchmark}
spec: {type: file, targets: [./tree.yaml, ./small.yaml, ./wait.yaml]}
"""
_HEAD = "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\n"


@dataclass
class Results:
    """`first_line_*`: milliseconds from asking for a task to its first line, on a server with nothing else to do."""

    server: str
    database: str
    tree_s: float = 0.0
    queue_s: float = 0.0
    first_line_ms: float = 0.0
    first_line_p95_ms: float = 0.0
    watchers_cpu_percent: float = 0.0
    watched_line_ms: float = 0.0
    memory_mb: float = 0.0

    @property
    def files_per_s(self) -> float:
        return FILES / self.tree_s

    @property
    def tasks_per_s(self) -> float:
        return TASKS / self.queue_s


def generate(folder: Path) -> None:
    """Three templates: one with a skeleton of FILES files, one that logs a line, one that waits."""
    folder.mkdir(parents=True)
    (folder / "all.yaml").write_text(_TEMPLATES)
    values = "{name: '${{ parameters.name }}', owner: '${{ parameters.owner }}', docs: true}"
    steps = {
        "tree": f"{{action: 'fetch:template', input: {{url: ./skeleton, values: {values}}}}}",
        "small": "{action: 'debug:log', input: {message: 'Hello ${{ parameters.name }}'}}",
        "wait": "{action: 'debug:wait', input: {seconds: '${{ parameters.seconds }}'}}",
    }
    for name, step in steps.items():
        spec = f"spec: {{type: service, owner: nobody, steps: [{step}]}}\n"
        (folder / f"{name}.yaml").write_text(f"{_HEAD}metadata: {{name: {name}}}\n{spec}")
    for number in range(FILES):
        file = folder / "skeleton" / f"part-{number // 50:02}" / f"${{{{ values.name }}}}-{number}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_TEXT % number)


async def _measure(server: Server, results: Results) -> None:
    async with Api(server.host, connections=CONNECTIONS) as api:
        await _until_there(api, server)
        await _finished(api, "small", {"name": "warm"})
        await _finished(api, "tree", {"name": "warm", "owner": "tern"})

        waits = []
        for number in range(100):
            started = time.perf_counter()
            async with TaskStream(api, await api.create("small", {"name": f"one {number}"})) as stream:
                await stream.first()
                waits.append((time.perf_counter() - started) * 1000)
                await stream.completion()
        results.first_line_ms = statistics.median(waits)
        results.first_line_p95_ms = sorted(waits)[94]
        _say(server, f"first line after {results.first_line_ms:.0f} ms, p95 {results.first_line_p95_ms:.0f} ms")

        took = []
        for _ in range(3):
            started = time.perf_counter()
            await _finished(api, "tree", {"name": "avocet", "owner": "tern"})
            took.append(time.perf_counter() - started)
        results.tree_s = statistics.median(took)
        _say(server, f"{FILES} files in {results.tree_s:.2f} s")

        before = await api.completed()
        started = time.perf_counter()
        await api.create_many("small", [{"name": f"many {number}"} for number in range(TASKS)])
        created = time.perf_counter() - started
        while await api.completed() < before + TASKS:
            # Asking is work for the server too.
            await asyncio.sleep(0.05)
            if time.perf_counter() - started > 900:
                raise RuntimeError(f"{server.name}: tasks are not done: see {server.log}")
        results.queue_s = time.perf_counter() - started
        _say(server, f"{TASKS} tasks in {results.queue_s:.1f} s, taken in after {created:.1f} s")
        await _watched(server, api, results)
        results.memory_mb = server.memory_mb()


async def _watched(server: Server, api: Api, results: Results) -> None:
    """What many watchers of one task cost while nothing happens, and when each of them has heard of its end."""
    seconds = 20
    task = await api.create("wait", {"seconds": seconds})
    ends = asyncio.get_running_loop().time() + seconds
    streams = [TaskStream(api, task) for _ in range(WATCHERS)]
    try:
        for start in range(0, WATCHERS, 50):
            await asyncio.gather(*(stream.open() for stream in streams[start : start + 50]))
        await asyncio.gather(*(stream.first() for stream in streams))
        await asyncio.sleep(2)
        before, measured = server.cpu_s(), max(2.0, min(10.0, ends - asyncio.get_running_loop().time() - 2))
        await asyncio.sleep(measured)
        results.watchers_cpu_percent = (server.cpu_s() - before) / measured * 100
        heard = await asyncio.gather(*(stream.completion() for stream in streams))
        results.watched_line_ms = (max(heard) - min(heard)) * 1000
    finally:
        for stream in streams:
            stream.close()
    spread = f"the last hears of the end {results.watched_line_ms:.0f} ms after the first"
    _say(server, f"{WATCHERS} watchers cost {results.watchers_cpu_percent:.1f} % of a core; {spread}")


async def _until_there(api: Api, server: Server) -> None:
    started = time.monotonic()
    while not all([await api.exists(name) for name in ("tree", "small", "wait")]):
        if time.monotonic() - started > 180:
            raise RuntimeError(f"{server.name}: the templates are not in the catalog: see {server.log}")
        await asyncio.sleep(0.2)


async def _finished(api: Api, template: str, values: dict[str, object]) -> None:
    async with TaskStream(api, await api.create(template, values)) as stream:
        await stream.completion()


def _say(server: Server, text: str) -> None:
    console.print(f"  {server.name}: {text}")


def run(start: Callable[[], Server], database: str) -> Results:
    server = start()
    results = Results(server.name, database)
    try:
        asyncio.run(_measure(server, results))
    finally:
        server.stop()
    return results


def table(results: Sequence[Results]) -> Table:
    shown = Comparison(f"The scaffolder, {results[0].database}", [one.server for one in results])
    row = shown.row
    row(f"fetch:template, {FILES} files", [one.files_per_s for one in results], "files/s", more_is_better=True)
    row(f"{TASKS} tasks at once", [one.tasks_per_s for one in results], "tasks/s", more_is_better=True)
    row("first line, median", [one.first_line_ms for one in results], "ms")
    row("first line, p95", [one.first_line_p95_ms for one in results], "ms")
    row(f"{WATCHERS} watchers, CPU", [one.watchers_cpu_percent for one in results], "%")
    row(f"{WATCHERS} watchers, first to last", [one.watched_line_ms for one in results], "ms")
    row("memory", [one.memory_mb for one in results], "MB")
    return shown.table


def main() -> None:
    given = parser_for(__doc__).parse_args()
    with course(given) as on:
        templates = on.folder / "templates"
        generate(templates)
        results = [run(start, given.database) for start in on.starts(templates)]
        console.print(table(results))
        on.keep(results)


if __name__ == "__main__":
    main()
