"""Descriptors as people really write them, of dozens of repositories, loaded as one catalog by the real program."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from app.database.engine import open_database
from app.database.settings import DatabaseSettings
from catalog.ingestion.parsing import Document, parse_documents
from catalog.model.refs import canonical
from tests.contract.running import Callboard
from tests.postgres import PostgresServer
from tests.reference.corpus import SHARED

CATALOG = SHARED / "corpus" / "catalog"
SETTLE_S = 90.0
KINDS = ["Component", "API", "Resource", "System", "Domain", "Group", "User", "Location", "Template"]
TABLES = (
    "catalog_counter",
    "catalog_refresh_state",
    "catalog_refresh_reference",
    "catalog_relation",
    "catalog_stitch_queue",
    "catalog_entity",
    "catalog_posting",
    "catalog_revision",
    "catalog_conflict",
)

pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("real-descriptors")]


def descriptors() -> list[Path]:
    return sorted(file for file in CATALOG.rglob("*") if file.suffix in (".yaml", ".yml"))


@dataclass(frozen=True)
class Loaded:
    """What a server says of the catalog once nothing is due any more."""

    entities: dict[str, dict[str, Any]]
    failed: dict[str, dict[str, Any]]
    tables: dict[str, str]

    def problems_of(self, file: Path) -> list[str]:
        """What is wrong with the Location that reads this file: it is shown with its status, or among what failed."""
        name = "generated-" + hashlib.sha1(f"file:{file}".encode()).hexdigest()
        ref = f"location:default/{name}"
        if ref in self.entities:
            assert self.entities[ref]["spec"]["target"] == str(file)
            return [item["message"] for item in self.entities[ref].get("status", {}).get("items", [])]
        assert self.failed[ref]["location_key"] == f"file:{file}"
        return [error["message"] for error in self.failed[ref]["errors"]]


class Rig:
    """One configuration and one database, served as often as wanted."""

    def __init__(self, folder: Path, database: dict[str, Any]) -> None:
        self.folder = folder
        self.database = database
        locations = [{"type": "file", "target": str(file)} for file in descriptors()]
        config = {
            "backend": {"auth": {"dangerouslyDisableDefaultAuthPolicy": True}, "database": database},
            "catalog": {"rules": [{"allow": KINDS}], "locations": locations},
        }
        # JSON is YAML.
        self.config = folder / "app-config.yaml"
        self.config.write_text(json.dumps(config))
        self.port = folder / "port.yaml"
        self.port.write_text("backend: { listen: { host: 127.0.0.1, port: '${PORT}' } }")

    def load(self) -> Loaded:
        """Serve until nothing is due, read everything, stop."""
        server = Callboard(self.folder, [self.config, self.port]).start()
        try:
            asyncio.run(self._settled())
            answer = httpx.get(f"{server.url}/api/catalog/entities", timeout=60)
            failed = httpx.get(f"{server.url}/api/catalog/entities/unprocessed/failed", timeout=60)
            return Loaded(
                {ref_of(entity): entity for entity in answer.json()},
                {row["entity_ref"]: row for row in failed.json()["entities"]},
                asyncio.run(self._digests()),
            )
        finally:
            server.stop()

    async def _settled(self) -> None:
        database = open_database(DatabaseSettings.model_validate(self.database), self.folder)
        await database.start()
        try:
            deadline = time.monotonic() + SETTLE_S
            quiet = 0
            # Quiet for a moment, not at one moment: the leader may not have begun.
            while quiet < 8:
                rows = await database.read(
                    "SELECT (SELECT count(*) FROM catalog_refresh_state WHERE due_at IS NOT NULL)"
                    " + (SELECT count(*) FROM catalog_stitch_queue),"
                    " (SELECT count(*) FROM catalog_refresh_state)"
                )
                quiet = quiet + 1 if rows[0][0] == 0 and rows[0][1] >= len(descriptors()) else 0
                assert time.monotonic() < deadline, f"still at work after {SETTLE_S} s: {rows}"
                await asyncio.sleep(0.25)
        finally:
            await database.close()

    async def _digests(self) -> dict[str, str]:
        """A digest of each table's rows: equal digests mean that nothing was written."""
        database = open_database(DatabaseSettings.model_validate(self.database), self.folder)
        await database.start()
        try:
            return {table: await self._digest(database, table) for table in TABLES}
        finally:
            await database.close()

    @staticmethod
    async def _digest(database: Any, table: str) -> str:
        rows = await database.read(f"SELECT * FROM {table}")
        return hashlib.sha256("\n".join(sorted(map(repr, rows))).encode()).hexdigest()


def ref_of(entity: dict[str, Any]) -> str:
    metadata = entity["metadata"]
    return canonical(entity["kind"], metadata["namespace"], metadata["name"])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp(f"real-{request.param}")
    if request.param == "sqlite":
        yield Rig(folder, {"client": "better-sqlite3", "connection": {"directory": str(folder / "db")}})
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"real_{uuid4().hex}"

    async def create() -> None:
        connection = await asyncpg.connect(server.url())
        await connection.execute(f'CREATE DATABASE "{name}"')
        await connection.close()

    asyncio.run(create())
    yield Rig(folder, {"client": "pg", "connection": server.url(name)})


@pytest.fixture(scope="module")
def loads(rig: Rig) -> tuple[Loaded, Loaded]:
    """The catalog after a first load, and after a second one on the same database."""
    return rig.load(), rig.load()


def test_every_file_is_accounted_for(loads: tuple[Loaded, Loaded]) -> None:
    """Each document is an entity, or failed with a reason, or lost its name to another file that says so."""
    first = loads[0]
    unexplained = []
    for file in descriptors():
        problems = first.problems_of(file)
        if problems:
            # One bad document blocks its file; the Location is the file, and says why.
            assert all(problems), file
            continue
        for document in parse_documents(file.read_bytes()):
            assert isinstance(document, Document), f"{file} has an error that its Location does not tell: {document}"
            if document.value is None:
                continue
            entity = document.value
            metadata = entity["metadata"]
            ref = canonical(entity["kind"], metadata.get("namespace", "default"), metadata["name"])
            failed = first.failed.get(ref)
            if ref not in first.entities and not (failed and failed["errors"]):
                unexplained.append((str(file), ref))
    assert unexplained == []


def test_many_of_them_are_good(loads: tuple[Loaded, Loaded]) -> None:
    good = [ref for ref, entity in loads[0].entities.items() if "status" not in entity]
    assert len(good) > 1_000


def test_a_second_load_says_the_same_and_writes_nothing(loads: tuple[Loaded, Loaded]) -> None:
    first, second = loads
    assert second.entities == first.entities
    assert second.failed == first.failed
    assert second.tables == first.tables
