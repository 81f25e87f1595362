"""Fixtures every test may use. There are no mock databases: SQLite and PostgreSQL are real."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from tests.postgres import PostgresServer

# Two cores shared with another worker and a database: slow is not wrong.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

AnyDatabase = SqliteDatabase | PostgresDatabase


_WAITING = ("tests/contract/", "tests/e2e/", "tests/scaffolder/tasks/", "tests/plugins/auth/", "tests/examples/")
"""Where tests mostly wait for servers of their own. They go first, so that others use the processors meanwhile and no
worker is left alone with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(_WAITING))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer().start()
    yield server
    server.stop()


@pytest.fixture
async def postgres_url(postgres: PostgresServer) -> str:
    """A database of its own on the one server."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(postgres.url())
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return postgres.url(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def database(database_engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[AnyDatabase]:
    """A started, empty database, once of each kind."""
    opened: AnyDatabase
    if database_engine == "sqlite":
        opened = SqliteDatabase(tmp_path / "callboard.sqlite")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        name = f"test_{uuid4().hex}"
        connection = await asyncpg.connect(server.url())
        await connection.execute(f'CREATE DATABASE "{name}"')
        await connection.close()
        opened = PostgresDatabase(server.url(name))
    await opened.start()
    yield opened
    await opened.close()
