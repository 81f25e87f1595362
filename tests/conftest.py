"""Fixtures every test may use. There are no mock databases: SQLite and PostgreSQL are real."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from tests.postgres import PostgresServer
from tests.scratch import keep_in_memory

keep_in_memory()
# Two cores shared with another worker and a database: slow is not wrong.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

AnyDatabase = SqliteDatabase | PostgresDatabase


_WAITING = ("tests/contract/", "tests/e2e/", "tests/scaffolder/tasks/", "tests/plugins/auth/", "tests/examples/")
"""Where tests mostly wait for servers of their own. They go first, so that others use the processors meanwhile and no
worker is left alone with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(_WAITING))


def pytest_collection_finish() -> None:
    """What is there before the first test is there after the last: the collector of garbage need not look at hundreds
    of megabytes of modules and tests again and again. It still looks at whatever tests make, only less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer().start()
    yield server
    server.stop()


@pytest.fixture
async def postgres_url(postgres: PostgresServer) -> AsyncIterator[str]:
    """A database of its own on the one server."""
    async with postgres.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def database(database_engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[AnyDatabase]:
    """A started, empty database, once of each kind."""
    if database_engine == "sqlite":
        on_disk = SqliteDatabase(tmp_path / "callboard.sqlite")
        await on_disk.start()
        yield on_disk
        await on_disk.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    async with server.database() as url:
        opened = PostgresDatabase(url)
        await opened.start()
        yield opened
        await opened.close()
