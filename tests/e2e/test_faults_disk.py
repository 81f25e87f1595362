"""A disk that is full: what is in goes on being served, the log says why, and ingestion goes on when there is room."""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.database.errors import DISK_FULL
from tests.contract.running import Callboard
from tests.e2e.faults import (
    HTTP,
    callboard,
    description,
    is_idle,
    loose_ends,
    postgres_on,
    seen_from_outside,
    sqlite_in,
    until,
)
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("faults-disk")]

ENTITIES = 100
REFS = [f"component:default/c{number}" for number in range(ENTITIES)]
BLOCK = 64 * 1024
LOCATIONS = 12


def write_source(file: Path, version: int) -> None:
    """Each version takes a good deal more room than the one before."""
    file.write_text(
        "\n---\n".join(
            json.dumps(
                {
                    "apiVersion": "backstage.io/v1alpha1",
                    "kind": "Component",
                    "metadata": {
                        "name": f"c{number}",
                        "description": f"version {version}",
                        "annotations": {
                            f"example.com/a{n}": f"{number} {version} {n} ".ljust(400, "x") for n in range(version * 20)
                        },
                    },
                    "spec": {"type": "service", "lifecycle": "production", "owner": f"team-{version}-{number}"},
                }
            )
            for number in range(ENTITIES)
        )
    )


def mounted(folder: Path, megabytes: int) -> bool:
    """Whether there is a small file system at `folder` now; not everybody may mount one."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    return (
        shutil.which("mount") is not None and subprocess.run(command, check=False, capture_output=True).returncode == 0
    )


def fill(folder: Path) -> None:
    """Take the last byte of a small file system."""
    with (folder / "ballast").open("wb", buffering=0) as ballast:
        for size in (BLOCK, 512):
            try:
                while True:
                    ballast.write(bytes(size))
            except OSError:
                continue


@dataclass
class Disk:
    """Where a database is, how its disk becomes full and has room again, and what is said of it."""

    database: dict[str, Any]
    reason: str
    fill: Callable[[Callboard], Awaitable[None]]
    free: Callable[[Callboard], Awaitable[None]]


@pytest.fixture
def sqlite_disk(tmp_path: Path) -> Iterator[Disk]:
    """A small file system; without the right to mount one, a bound on how large a file may become."""
    folder = tmp_path / "small"
    is_mounted = mounted(folder, 16)

    async def full(server: Callboard) -> None:
        if is_mounted:
            fill(folder)
            return
        sizes = [file.stat().st_size for file in folder.iterdir()]
        _, most = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (max(sizes), most))

    async def free(server: Callboard) -> None:
        if is_mounted:
            (folder / "ballast").unlink()
            return
        _, most = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (most, most))

    yield Disk(sqlite_in(folder), DISK_FULL if is_mounted else "OperationalError", full, free)
    if is_mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


REFUSE = """
CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$
"""


@pytest.fixture
def postgres_disk(tmp_path: Path) -> Iterator[Disk]:
    """A tablespace on a small file system; without the right to mount one, the server raises the same error."""
    server = PostgresServer(tmp_path / "postgres", settings=("fsync = off", "shared_buffers = 16MB")).start()
    # Its path has to be open to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="callboard-small-"))
    is_mounted = mounted(folder, 40)
    if is_mounted:
        shutil.chown(folder, "nobody", "nogroup")
        server.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
    database = postgres_on(server, tablespace="small" if is_mounted else None)

    async def each_table(sql: str) -> None:
        async with seen_from_outside(database, tmp_path) as seen, seen.write() as transaction:
            await transaction.execute(REFUSE)
            for (table,) in await transaction.fetch("SELECT tablename FROM pg_tables WHERE tablename LIKE 'catalog%'"):
                await transaction.execute(sql.format(table))

    async def full(_server: Callboard) -> None:
        if is_mounted:
            fill(folder)
        else:
            await each_table("CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {} EXECUTE FUNCTION no_room()")

    async def free(_server: Callboard) -> None:
        if is_mounted:
            (folder / "ballast").unlink()
        else:
            await each_table("DROP TRIGGER no_room ON {}")

    yield Disk(database, DISK_FULL, full, free)
    server.stop()
    if is_mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture(params=["sqlite", "postgresql"])
def disk(request: pytest.FixtureRequest) -> Disk:
    found: Disk = request.getfixturevalue("sqlite_disk" if request.param == "sqlite" else "postgres_disk")
    return found


async def test_a_full_disk_stops_ingestion_alone_and_only_for_as_long_as_it_is_full(disk: Disk, tmp_path: Path) -> None:
    source = tmp_path / "catalog.yaml"
    write_source(source, 1)
    server = callboard(tmp_path / "server", disk.database, [("file", str(source))]).start()
    try:
        await until("all is in", lambda: descriptions(server) == {"version 1"})
        await disk.fill(server)
        write_source(source, 2)
        why = f"ingestion waits: The database is not available ({disk.reason})"
        await until("the log says why", lambda: why in server.log.read_text())
        # Some more tries, and some reads meanwhile.
        for _ in range(4):
            assert descriptions(server) == {"version 1"}
            await asyncio.sleep(0.4)
        assert HTTP.get(f"{server.url}/.backstage/health/v1/readiness").status_code == 200
        registered = [register(server, number) for number in range(LOCATIONS)]

        await disk.free(server)
        await until("ingestion goes on", lambda: descriptions(server) == {"version 2"})
        there = HTTP.get(f"{server.url}/api/catalog/locations").json()
        targets = {one["data"]["target"] for one in there}
        # What was said to be in is in; what was refused is not, and is taken now.
        assert targets >= {target_of(number) for number in range(LOCATIONS) if registered[number]}
        assert not targets & {target_of(number) for number in range(LOCATIONS) if not registered[number]}
        assert all(register(server, number) for number in range(LOCATIONS) if not registered[number])
        async with seen_from_outside(disk.database, tmp_path) as seen:
            await until("nothing is left to do", lambda: is_idle(seen))
            assert await loose_ends(seen) == {}
        assert [line for line in server.log.read_text().splitlines() if '"level":"error"' in line] == []
    finally:
        server.stop()


def descriptions(server: Callboard) -> set[str]:
    """What all the entities say of themselves, by a page and by their names."""
    answer = HTTP.get(f"{server.url}/api/catalog/entities", params={"filter": "kind=component"})
    assert answer.status_code == 200, answer.text
    found = {entity["metadata"]["description"] for entity in answer.json()}
    one = description(server, REFS[0])
    return found | {one} if one and len(answer.json()) == ENTITIES else set()


def target_of(number: int) -> str:
    return f"https://example.com/{number}/{'x' * 1500}.yaml"


def register(server: Callboard, number: int) -> bool:
    """Whether the location was taken; it is or is not, and the answer says which."""
    answer = HTTP.post(f"{server.url}/api/catalog/locations", json={"type": "url", "target": target_of(number)})
    if answer.status_code != 201:
        assert answer.status_code == 503, answer.text
        assert answer.json()["error"]["name"] == "ServiceUnavailableError"
    return answer.status_code == 201
