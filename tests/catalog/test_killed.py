"""An ingestion that is killed anywhere loses nothing, and comes to the same end."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from catalog.interfaces import LocationSpec
from tests.catalog.ingest_once import CONFIGURED, EXPECTED, ingest, opened, sources
from tests.catalog.world import World, open_world

KILLS = 8
LONGEST_S = 1.5
"""From the start of a process to its end by force, at most; some of that is Python's own start."""


@pytest.fixture
def database_name(database_engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if database_engine == "sqlite":
        return str(tmp_path / "killed.sqlite")
    return str(request.getfixturevalue("postgres_url"))


async def documents(world: World) -> dict[str, Any]:
    """All that readers see, but for the identities that every database makes for itself."""
    found = {}
    for ref, text in await world.database.read("SELECT entity_ref, document FROM catalog_entity"):
        entity = orjson.loads(text)
        del entity["metadata"]["uid"], entity["metadata"]["etag"]
        found[ref] = entity
    return found


async def run_until_killed(name: str, after: float) -> bool:
    """Whether the process had ended by itself before."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.catalog.ingest_once", name, stdout=asyncio.subprocess.PIPE
    )
    try:
        await asyncio.wait_for(child.wait(), timeout=after)
    except TimeoutError:
        child.kill()
        await child.wait()
        return False
    return True


async def test_an_ingestion_killed_again_and_again_ends_like_one_that_was_not(
    database_name: str, tmp_path: Path
) -> None:
    random = Random(7)
    for _ in range(KILLS):
        await run_until_killed(database_name, random.uniform(0.3, LONGEST_S))
    database = opened(database_name)
    await database.start()
    async with open_world(database, locations=CONFIGURED, sources=sources()) as world:
        await ingest(world)
        await world.check()
        found = await documents(world)
        assert len(found) == EXPECTED
    await database.close()

    control = opened(str(tmp_path / "control.sqlite"))
    await control.start()
    async with open_world(control, locations=CONFIGURED, sources=sources()) as world:
        await ingest(world)
        assert await documents(world) == found
        assert world.configured == [LocationSpec("file", "/etc/catalog/all.yaml")]
    await control.close()
