"""Killed with `kill -9` in the middle of ingesting, again and again: nothing is lost, nothing is left over."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.contract.running import Callboard
from tests.e2e.faults import (
    AnyDatabase,
    Json,
    callboard,
    is_idle,
    loose_ends,
    postgres_on,
    seen_from_outside,
    sqlite_in,
    until,
)

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("faults-killed")]

FILES = 12
ENTITIES = 900
GO = 5
"""So many entities leave with each version of the sources, and so many come."""
KILLS = 3
"""Of a process that had not finished; others do not count."""
MOST_ROUNDS = 10
WORK_S = 0.15
"""Less than one version of the sources keeps the ingestion busy once it is seen to have begun."""


def numbers(version: int) -> range:
    return range(version * GO, version * GO + ENTITIES)


def write_sources(folder: Path, version: int) -> None:
    """Every entity says which version it is of; each depends on the next one and belongs to one of ten systems."""
    texts: list[list[str]] = [[] for _ in range(FILES)]
    for number in numbers(version):
        written = {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": f"c{number}", "description": f"version {version}", "tags": [f"v{version}", "all"]},
            "spec": {
                "type": "service",
                "lifecycle": "production",
                "owner": f"team-{(number + version) % 7}",
                "system": f"s{number % 10}",
                "dependsOn": [f"component:c{number + 1}"],
            },
        }
        texts[number % FILES].append(json.dumps(written))
    for number, documents in enumerate(texts):
        (folder / f"{'part' if number < FILES - 4 else 'last'}-{number}.yaml").write_text("\n---\n".join(documents))


async def is_at(database: AnyDatabase, version: int) -> bool:
    """Whether exactly this version of the sources is what is served, and nothing is left to do."""
    ((there, entities),) = await database.read(
        "SELECT (SELECT count(*) FROM catalog_entity WHERE document LIKE ?),"
        " (SELECT count(*) FROM catalog_entity WHERE entity_ref LIKE 'component:%')",
        f'%"version {version}"%',
    )
    return (there, entities) == (ENTITIES, ENTITIES) and await is_idle(database)


async def has_begun(database: AnyDatabase, version: int) -> bool:
    ((count,),) = await database.read(
        "SELECT count(*) FROM catalog_refresh_state WHERE unprocessed LIKE ?", f'%"version {version}"%'
    )
    return int(count) > 0


async def as_it_is(database: AnyDatabase) -> dict[str, Json]:
    """All that clients see but what tells one database from another: uids and the times of changes."""
    found = {}
    for ref, document in await database.read("SELECT entity_ref, document FROM catalog_entity"):
        entity = json.loads(document)
        del entity["metadata"]["uid"], entity["metadata"]["etag"]
        found[ref] = entity
    relations = await database.read("SELECT source_ref, type, target_ref FROM catalog_relation")
    return {"entities": found, "relations": sorted(relations)}


async def uids(database: AnyDatabase) -> dict[str, str]:
    return dict(await database.read("SELECT entity_ref, uid FROM catalog_refresh_state"))


def server_of(folder: Path, database: dict[str, Json], sources: Path) -> Callboard:
    # The last files by a pattern, which is one big pass.
    targets = [f"part-{number}.yaml" for number in range(FILES - 4)] + ["last-*.yaml"]
    return callboard(folder, database, [("file", str(sources / target)) for target in targets])


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Json]:
    if request.param == "sqlite":
        return sqlite_in(tmp_path / "db")
    return postgres_on(request.getfixturevalue("postgres"))


async def test_a_killed_ingestion_loses_nothing_and_comes_back_the_same(
    database: dict[str, Json], tmp_path: Path
) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    random = Random(20)
    first_uids: dict[str, str] = {}
    write_sources(sources, 0)
    server = server_of(tmp_path / "killed", database, sources).start()
    try:
        version, kills = 0, 0
        async with seen_from_outside(database, tmp_path) as seen:
            for _ in range(MOST_ROUNDS):
                await until(f"version {version} is being taken in", partial(has_begun, seen, version))
                await asyncio.sleep(random.random() * WORK_S)
                server.kill()
                if not await is_at(seen, version):
                    kills += 1
                assert await loose_ends(seen) == {}
                for ref, uid in (await uids(seen)).items():
                    # What has gone and comes back is another entity; nothing comes back here.
                    assert first_uids.setdefault(ref, uid) == uid, ref
                if kills == KILLS:
                    break
                version += 1
                write_sources(sources, version)
                server.start()
            assert kills == KILLS, "the process was never at work when it was killed"
            server.start()
            await until(f"version {version} is in", lambda: is_at(seen, version))
            assert await loose_ends(seen) == {}
            survived = await as_it_is(seen)
            now = await uids(seen)
    finally:
        server.kill()
    assert {ref: first_uids.get(ref, uid) for ref, uid in now.items()} == now
    assert survived == await undisturbed(tmp_path, sources, version)


async def undisturbed(tmp_path: Path, sources: Path, version: int) -> dict[str, Json]:
    """What the same sources give where nobody is killed."""
    database = sqlite_in(tmp_path / "undisturbed-db")
    server = server_of(tmp_path / "undisturbed", database, sources).start()
    try:
        async with seen_from_outside(database, tmp_path) as seen:
            await until("the sources are in", lambda: is_at(seen, version))
            return await as_it_is(seen)
    finally:
        server.stop()
