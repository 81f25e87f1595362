"""A Callboard of its own process, started as anybody would start it, and the files that its locations read."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.postgres import PostgresServer, free_port

START_TIMEOUT_S = 60.0


class Callboard:
    """`callboard serve` with some configuration files, from `start()` to `stop()`."""

    def __init__(self, folder: Path, configs: Sequence[Path]) -> None:
        self.folder, self.configs = folder, configs
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "callboard.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Callboard:
        """Raises RuntimeError, with the end of the log, when it does not become ready."""
        arguments = [part for config in self.configs for part in ("--config", str(config))]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [Path(sys.executable).with_name("callboard"), "serve", *arguments],
                cwd=self.folder,
                env={**os.environ, "PORT": str(self.port)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Callboard did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)
        return self

    def _ready(self) -> bool:
        try:
            # Without TLS there is nothing to verify, and certificates need not be loaded for each attempt.
            answer = httpx.get(f"{self.url}/.backstage/health/v1/readiness", timeout=2, verify=False)
            return answer.status_code == 200
        except httpx.HTTPError:
            return False

    @property
    def pid(self) -> int:
        """Of the running process."""
        if self._process is None:
            raise RuntimeError("Callboard is not running")
        return self._process.pid

    def kill(self) -> None:
        """As `kill -9` does: nothing is said farewell to."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def on_database(engine: str, folder: Path, request: pytest.FixtureRequest) -> list[Path]:
    """Configuration files that put a server on a new database of this kind; SQLite is what it takes by itself."""
    if engine == "sqlite":
        return []
    url = asyncio.run(_new_database(request.getfixturevalue("postgres")))
    config = folder / "app-config.database.yaml"
    config.write_text(json.dumps({"backend": {"database": {"client": "pg", "connection": url}}}))
    return [config]


async def _new_database(server: PostgresServer) -> str:
    name = f"contract_{uuid4().hex}"
    connection = await asyncpg.connect(server.url())
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return server.url(name)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def files_on(port: int, folder: Path) -> Iterator[None]:
    """Serve a folder over HTTP on a port that recordings fix. Test processes that need the port take turns."""
    with (Path(tempfile.gettempdir()) / f"callboard-tests-{port}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(folder)))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
