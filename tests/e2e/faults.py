"""What the fault tests share: a Callboard with its own configuration, and its database seen from outside."""

from __future__ import annotations

import asyncio
import json
import time
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from app.database.engine import open_database
from app.database.postgres import PostgresDatabase
from app.database.settings import DatabaseSettings
from app.database.sqlite import SqliteDatabase
from tests.contract.running import Callboard
from tests.postgres import PostgresServer

# Plain HTTP: certificates need not be loaded. Connections are not kept, since servers come and go.
HTTP = httpx.Client(verify=False, timeout=20, limits=httpx.Limits(max_keepalive_connections=0))

AnyDatabase = SqliteDatabase | PostgresDatabase
Json = Any
KINDS = ["Component", "API", "Resource", "System", "Domain", "Group", "User", "Location", "Template"]
PATIENCE_S = 40.0


def sqlite_in(folder: Path) -> dict[str, Json]:
    return {"client": "better-sqlite3", "connection": {"directory": str(folder)}}


def postgres_on(server: PostgresServer, *, tablespace: str | None = None) -> dict[str, Json]:
    """A new database of that server."""
    name = f"faults_{uuid4().hex}"
    sql = f'CREATE DATABASE "{name}"' + (f" TABLESPACE {tablespace}" if tablespace else "")
    # It runs an event loop of its own, which a thread that has one already does not take.
    with ThreadPoolExecutor(1) as threads:
        threads.submit(server.execute, sql).result()
    return {"client": "pg", "connection": server.url(name)}


def callboard(
    folder: Path, database: dict[str, Json], locations: Sequence[tuple[str, str]], **backend: Json
) -> Callboard:
    """Not started yet. Sources are looked at again every second."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "app-config.yaml"
    # JSON is YAML.
    config.write_text(
        json.dumps(
            {
                "backend": {
                    "auth": {"dangerouslyDisableDefaultAuthPolicy": True},
                    "listen": {"host": "127.0.0.1", "port": "${PORT}"},
                    "database": database,
                    **backend,
                },
                "catalog": {
                    "processingInterval": {"seconds": 1},
                    "rules": [{"allow": KINDS}],
                    "locations": [{"type": kind, "target": target} for kind, target in locations],
                },
            }
        )
    )
    return Callboard(folder, [config])


@asynccontextmanager
async def seen_from_outside(database: dict[str, Json], folder: Path) -> AsyncIterator[AnyDatabase]:
    """The same database by connections of the test's own."""
    opened = open_database(DatabaseSettings.model_validate(database), folder)
    await opened.start()
    try:
        yield opened
    finally:
        await opened.close()


async def until(what: str, holds: Callable[[], Json], *, within: float = PATIENCE_S) -> Json:
    """Polls until it gives something true, and gives that."""
    deadline = time.monotonic() + within
    while True:
        found = holds()
        if hasattr(found, "__await__"):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        await asyncio.sleep(0.03)


async def is_idle(database: AnyDatabase) -> bool:
    """Whether there is nothing that the ingestion still has to do."""
    ((due, queued),) = await database.read(
        "SELECT (SELECT count(*) FROM catalog_refresh_state WHERE due_at IS NOT NULL),"
        " (SELECT count(*) FROM catalog_stitch_queue)"
    )
    return int(due) == 0 and int(queued) == 0


def entity(server: Callboard, ref: str) -> dict[str, Json] | None:
    """By `kind:namespace/name`; None when there is none."""
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    answer = HTTP.get(f"{server.url}/api/catalog/entities/by-name/{kind}/{namespace}/{name}")
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200, answer.text
    found: dict[str, Json] = answer.json()
    return found


def description(server: Callboard, ref: str) -> str | None:
    found = entity(server, ref)
    return found["metadata"].get("description") if found else None


def describes(server: Callboard, ref: str, text: str) -> bool:
    """Whether that is what an entity's description says."""
    return description(server, ref) == text


LOOSE_ENDS = {
    "final entities without an unprocessed one": "SELECT entity_ref FROM catalog_entity"
    " WHERE id NOT IN (SELECT entity_id FROM catalog_refresh_state)",
    "final entities by another name": "SELECT e.entity_ref FROM catalog_entity e"
    " JOIN catalog_refresh_state s ON s.entity_id = e.id WHERE s.entity_ref <> e.entity_ref",
    "relations of nobody": "SELECT origin_id FROM catalog_relation"
    " WHERE origin_id NOT IN (SELECT entity_id FROM catalog_refresh_state)",
    "references to nobody": "SELECT target_ref FROM catalog_refresh_reference"
    " WHERE target_ref NOT IN (SELECT entity_ref FROM catalog_refresh_state)",
    "references from nobody": "SELECT source_ref FROM catalog_refresh_reference WHERE source_ref IS NOT NULL"
    " AND source_ref NOT IN (SELECT entity_ref FROM catalog_refresh_state)",
    "references told twice": "SELECT target_ref FROM catalog_refresh_reference"
    " GROUP BY source_key, source_ref, target_ref HAVING count(*) > 1",
    "entities that nobody emits": "SELECT entity_ref FROM catalog_refresh_state"
    " WHERE entity_ref NOT IN (SELECT target_ref FROM catalog_refresh_reference)",
    "refresh keys of nobody": "SELECT entity_id FROM catalog_refresh_key"
    " WHERE entity_id NOT IN (SELECT entity_id FROM catalog_refresh_state)",
    "postings of no term": "SELECT term_id FROM catalog_posting WHERE term_id NOT IN (SELECT id FROM catalog_term)",
    "terms of no key": "SELECT id FROM catalog_term WHERE key_id NOT IN (SELECT id FROM catalog_key)",
    "revisions that are missing or too many": "SELECT count(*), max(n) FROM catalog_revision"
    " HAVING count(*) <> max(n)"
    " OR max(n) <> (SELECT value FROM catalog_counter WHERE name = 'revision')",
}


async def loose_ends(database: AnyDatabase) -> dict[str, list[Json]]:
    """Rows that say something of what is not there, by what is wrong with them."""
    found = {what: await database.read(sql) for what, sql in LOOSE_ENDS.items()}
    terms = {
        (term, entity_id)
        for entity_id, packed in await database.read("SELECT id, terms FROM catalog_entity")
        for term in array("I", packed)
    }
    postings = set(await database.read("SELECT term_id, entity_id FROM catalog_posting"))
    found["postings that differ from their entities' terms"] = sorted(terms ^ postings)
    return {what: rows for what, rows in found.items() if rows}
