"""Starts what is measured: Callboard, or a stock Backstage built by the peer kit, on an empty database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TOKEN = "benchmark-token-0123456789"
READY = "/.backstage/health/v1/readiness"
KINDS = "Component, API, Resource, System, Domain, Group, User, Location, Template"


def family(pid: int) -> list[int]:
    """A process and its children, and theirs."""
    found = [pid]
    for one in found:
        # A child belongs to the thread that started it.
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):
                found += [int(child) for child in children.read_text().split()]
    return found


def cpu_s(pid: int) -> float:
    """Processor seconds of a process and its children so far, those that have ended included."""
    ticks = 0
    for one in family(pid):
        # A child that has ended meanwhile counts with its parent.
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Server:
    """A running server. `ready_s` is the time from start to readiness, `log` where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    ready_s: float
    log: Path

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def get(self, path: str) -> object:
        request = urllib.request.Request(f"http://{self.host}{path}", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def post(self, path: str, body: object) -> None:
        """A request whose answer is of no interest."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://{self.host}{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()

    def count(self) -> int:
        answer = self.get("/api/catalog/entities/by-query?limit=0")
        assert isinstance(answer, dict)
        return int(answer["totalItems"])

    def memory_mb(self) -> float:
        """Resident memory, children included."""
        total = 0
        for pid in family(self.process.pid):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        return total / 1024

    def cpu_s(self) -> float:
        """Processor seconds used so far."""
        return cpu_s(self.process.pid)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _config(folder: Path, port: int, catalog: Path, database: str) -> Path:
    """One configuration that both servers read. `database` is `:memory:`-less SQLite folder or a PostgreSQL
    URL's parts as YAML."""
    file = folder / "app-config.yaml"
    file.write_text(
        f"""app: {{ baseUrl: 'http://127.0.0.1:3000', title: Benchmark }}
organization: {{ name: Benchmark }}
backend:
  baseUrl: http://127.0.0.1:{port}
  listen: {{ host: 127.0.0.1, port: {port} }}
  database: {database}
  lifecycle: {{ serverShutdownDelay: 0s }}
  auth:
    externalAccess:
      - type: static
        options: {{ token: {TOKEN}, subject: benchmark }}
auth: {{ providers: {{ guest: {{ dangerouslyAllowOutsideDevelopment: true }} }} }}
search:
  collators: {{ catalog: {{ schedule: {{ frequency: {{ seconds: 20 }}, timeout: {{ minutes: 15 }} }} }} }}
catalog:
  rules: [{{ allow: [{KINDS}] }}]
  locations: [{{ type: file, target: {catalog / "all.yaml"} }}]
"""
    )
    return file


def pg(port: int, user: str, database: str, password: str = "") -> str:
    return (
        f"{{ client: pg, connection: {{ host: 127.0.0.1, port: {port}, user: {user}, "
        f"password: '{password}', database: {database} }} }}"
    )


def sqlite(folder: Path) -> str:
    return f"{{ client: better-sqlite3, connection: {{ directory: {folder} }} }}"


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path, timeout: float = 180) -> float:
    started = time.monotonic()
    while time.monotonic() - started < timeout:
        if process.poll() is not None:
            raise RuntimeError(f"the server died:\n{log.read_text()[-3000:]}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{READY}", timeout=2) as answer:
                if answer.status == 200:
                    return time.monotonic() - started
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise RuntimeError(f"the server was not ready within {timeout} s:\n{log.read_text()[-3000:]}")


def start_callboard(folder: Path, port: int, catalog: Path, database: str, *arguments: str) -> Server:
    """`arguments` are further ones of `callboard serve`."""
    folder.mkdir(parents=True, exist_ok=True)
    config, log = _config(folder, port, catalog, database), folder / "callboard.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "callboard"), "serve", "--config", str(config), *arguments],
            stdout=output,
            stderr=output,
            cwd=folder,
            # A start that compiles every module again is not what runs in production.
            env={key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        )
    return Server("callboard", process, port, _wait_ready(process, port, log), log)


def migrate_callboard(folder: Path, catalog: Path, database: str) -> None:
    """Makes the tables and nothing else."""
    config = _config(folder, 0, catalog, database)
    command = [str(Path(sys.executable).parent / "callboard"), "migrate", "--config", str(config)]
    subprocess.run(command, check=True, cwd=folder, capture_output=True)


def start_peer(peer: Path, folder: Path, port: int, catalog: Path, database: str) -> Server:
    """`peer` is the folder that the peer kit's build.sh made."""
    folder.mkdir(parents=True, exist_ok=True)
    config, log = _config(folder, port, catalog, database), folder / "peer.log"
    backend = peer / "deploy" / "packages" / "backend"
    environment = {**os.environ, "NODE_ENV": "production", "LOG_LEVEL": "warn"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(peer / "bin" / "node"), str(backend), "--config", str(config)],
            stdout=output,
            stderr=output,
            cwd=peer / "deploy",
            env=environment,
        )
    return Server("backstage", process, port, _wait_ready(process, port, log), log)
