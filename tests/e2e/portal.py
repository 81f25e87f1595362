"""A Callboard that is a whole portal, in a folder of its own, with the catalog of a theatre."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg

from tests.contract.running import Callboard
from tests.postgres import PostgresServer

HERE: Final = Path(__file__).parent
BUNDLE: Final = HERE.parents[1] / "ui" / "dist"


@contextmanager
def portal(engine: str, bundle: Path, more: dict[str, Any] | None = None) -> Iterator[Callboard]:
    """A running one on a new database of this kind, gone at the end. `more` is configuration over all other."""
    folder = Path(tempfile.mkdtemp(prefix="callboard-e2e-"))
    postgres = PostgresServer().start() if engine == "postgresql" else None
    server: Callboard | None = None
    try:
        shutil.copytree(HERE / "theatre", folder, dirs_exist_ok=True)
        address = folder / "app-config.address.json"
        configs = [folder / "app-config.yaml", HERE / "app-config.portal.yaml", address]
        server = Callboard(folder, configs)
        backend: dict[str, Any] = {
            "baseUrl": server.url,
            "listen": {"host": "127.0.0.1", "port": server.port},
        }
        if postgres is not None:
            backend["database"] = {"client": "pg", "connection": asyncio.run(_database(postgres))}
        address.write_text(json.dumps({"app": {"baseUrl": server.url, "bundle": str(bundle)}, "backend": backend}))
        if more is not None:
            (folder / "app-config.more.json").write_text(json.dumps(more))
            server.configs = [*configs, folder / "app-config.more.json"]
        yield server.start()
    finally:
        if server is not None:
            server.stop()
        if postgres is not None:
            postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _database(server: PostgresServer) -> str:
    name = f"portal_{uuid4().hex}"
    connection = await asyncpg.connect(server.url())
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return server.url(name)
