"""One process's ingestion of a fixed catalog, to be killed anywhere: `python -m tests.catalog.ingest_once DATABASE`.

DATABASE is a PostgreSQL URL or the path of a SQLite file. Says `settled` when everything is in.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from app.database.postgres import PostgresDatabase
from app.database.sqlite import SqliteDatabase
from catalog.interfaces import DeferredEntity, FullMutation, LocationSpec
from tests.catalog.world import Sources, World, component, group, located, location, open_world
from tests.conftest import AnyDatabase

FILES = 30
PER_FILE = 25
PEOPLE = 200
ROOT = "/etc/catalog/all.yaml"
CONFIGURED = [LocationSpec("file", ROOT)]
EXPECTED = 1 + 1 + FILES * (1 + PER_FILE) + PEOPLE
"""The configured Location, what it points to, the Locations in there with their components, and the directory's."""


def sources() -> Sources:
    made = Sources()
    files = [f"/etc/catalog/{number}.yaml" for number in range(FILES)]
    made.put(ROOT, location("all", *files))
    for number, file in enumerate(files):
        names = [f"svc-{number}-{index}" for index in range(PER_FILE)]
        made.put(
            file,
            location(f"file-{number}"),
            *(component(name, dependsOn=[f"component:{names[0]}"], owner=f"team-{number}") for name in names),
        )
    return made


def directory() -> FullMutation:
    return FullMutation(
        [DeferredEntity(located(group(f"team-{number}"), "url:directory"), "directory") for number in range(PEOPLE)]
    )


async def ingest(world: World) -> None:
    await world.provider("directory").apply_mutation(directory())
    await world.settle()


def opened(name: str) -> AnyDatabase:
    return PostgresDatabase(name) if name.startswith("postgresql://") else SqliteDatabase(Path(name))


async def main(name: str) -> None:
    database = opened(name)
    await database.start()
    async with open_world(database, locations=CONFIGURED, sources=sources()) as world:
        await ingest(world)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
    print("settled", flush=True)
