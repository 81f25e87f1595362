"""A Callboard that is a whole portal, in a folder of its own, with the catalog of a theatre."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg

from tests.contract.running import Callboard
from tests.postgres import PostgresServer

HERE: Final = Path(__file__).parent
BUNDLE: Final = HERE.parents[1] / "ui" / "dist"


@dataclass(frozen=True, slots=True)
class Site:
    """Where the frontend is opened, and where it asks; `log` is the backend's."""

    ui: str
    backend: str
    log: Path


@contextmanager
def portal(engine: str, bundle: Path, more: dict[str, Any] | None = None, *, apart: bool = False) -> Iterator[Site]:
    """A running one on a new database of this kind, gone at the end. `more` is configuration over all other.

    `apart`: the frontend is served by another process, at another origin, as in an installation that has its own.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="callboard-e2e-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        backend, frontend = folder / "backend", folder / "frontend"
        shutil.copytree(HERE / "theatre", backend)
        frontend.mkdir()
        server = Callboard(backend, [backend / "app-config.yaml", HERE / "app-config.portal.yaml"])
        server.configs = [
            *server.configs,
            _written(backend, "address", _address(server, bundle=False if apart else bundle)),
        ]
        ui = server.url
        if apart:
            pages = Callboard(frontend, [HERE / "app-config.portal.yaml", HERE / "app-config.apart.yaml"])
            # Browsers are told where the backend is, whatever this process listens at.
            pages.configs = [*pages.configs, _written(frontend, "address", _address(pages, bundle, asks=server.url))]
            ui = pages.url
            cors = {"backend": {"cors": {"origin": ui, "credentials": True}}, "app": {"baseUrl": ui}}
            server.configs = [*server.configs, _written(backend, "cors", cors)]
            stack.callback(pages.stop)
            pages.start()
        if engine == "postgresql":
            postgres = PostgresServer().start()
            stack.callback(postgres.stop)
            database = {"client": "pg", "connection": asyncio.run(_database(postgres))}
            server.configs = [*server.configs, _written(backend, "database", {"backend": {"database": database}})]
        if more is not None:
            server.configs = [*server.configs, _written(backend, "more", more)]
        stack.callback(server.stop)
        server.start()
        yield Site(ui, server.url, server.log)


def _written(folder: Path, name: str, config: dict[str, Any]) -> Path:
    file = folder / f"app-config.{name}.json"
    file.write_text(json.dumps(config))
    return file


def _address(server: Callboard, bundle: Path | bool, asks: str | None = None) -> dict[str, Any]:
    return {
        "app": {"baseUrl": server.url, "bundle": bundle if isinstance(bundle, bool) else str(bundle)},
        "backend": {"baseUrl": asks or server.url, "listen": {"host": "127.0.0.1", "port": server.port}},
    }


async def _database(server: PostgresServer) -> str:
    name = f"portal_{uuid4().hex}"
    connection = await asyncpg.connect(server.url())
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return server.url(name)
