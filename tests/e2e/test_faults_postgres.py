"""A PostgreSQL that dies under a running server and comes back, and two servers on one PostgreSQL."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.database.postgres import lock_number
from catalog.leader import LEADERSHIP
from tests.contract.running import Callboard
from tests.e2e.faults import HTTP, AnyDatabase, callboard, describes, description, postgres_on, seen_from_outside, until
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.timeout(150), pytest.mark.xdist_group("faults-postgres")]

REF = "component:default/c3"
READS = (
    "/api/catalog/entities",
    "/api/catalog/entities?filter=kind=component&limit=2",
    "/api/catalog/entities/by-query?limit=3&orderField=metadata.name,asc",
    "/api/catalog/entities/by-query?fullTextFilterTerm=c1",
    "/api/catalog/entities/by-name/component/default/c3",
    "/api/catalog/entities/by-name/component/default/c3/ancestry",
    "/api/catalog/entities/by-uid/00000000-0001-4000-8000-000000000000",
    "/api/catalog/entity-facets?facet=kind&facet=spec.type",
    "/api/catalog/locations",
    "/api/catalog/entities/unprocessed/failed",
    "/api/catalog/graph?ref=component:default/c3",
    "/api/catalog/explain?ref=component:default/c3",
    "/api/scaffolder/v2/tasks",
    "/api/scaffolder/v2/actions",
    "/",
)
WRITES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/api/catalog/locations", {"type": "url", "target": "https://example.com/catalog-info.yaml"}),
    ("/api/catalog/refresh", {"entityRef": REF}),
)


def write_source(file: Path, version: int) -> None:
    file.write_text(
        "\n---\n".join(
            json.dumps(
                {
                    "apiVersion": "backstage.io/v1alpha1",
                    "kind": "Component",
                    "metadata": {"name": f"c{number}", "description": f"version {version}"},
                    "spec": {"type": "service", "lifecycle": "production", "owner": "team-a"},
                }
            )
            for number in range(20)
        )
    )


async def leaders(seen: AnyDatabase) -> int:
    """How many sessions hold the lock of those who ingest."""
    number = lock_number(LEADERSHIP)
    rows = await seen.read(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid::bigint = ?"
        " AND objid::bigint = ? AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        number >> 32,
        number & 0xFFFFFFFF,
    )
    return int(rows[0][0])


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL that this test alone uses, and may kill."""
    server = PostgresServer(tmp_path / "postgres", settings=("fsync = off", "shared_buffers = 16MB")).start()
    yield server
    server.stop()


async def test_a_postgres_that_dies_and_comes_back_is_noticed_and_waited_for(
    mortal: PostgresServer, tmp_path: Path
) -> None:
    source = tmp_path / "catalog.yaml"
    write_source(source, 1)
    database = postgres_on(mortal)
    server = callboard(tmp_path / "server", database, [("file", str(source))]).start()
    try:
        await until("all is in", lambda: description(server, REF) == "version 1")
        for version in (2, 3):
            mortal.kill()
            await until("the loss is noticed", lambda: refused(server))
            # What is written meanwhile must be found later.
            write_source(source, version)
            for path in READS:
                answers_well(HTTP.get(f"{server.url}{path}"), (200, 404))
            for path, body in WRITES:
                answers_well(HTTP.post(f"{server.url}{path}", json=body), ())
            assert HTTP.get(f"{server.url}/.backstage/health/v1/liveness").status_code == 200

            mortal.start()
            began = time.monotonic()
            await until("reads are served again", lambda: not refused(server), within=10)
            for path in READS:
                assert HTTP.get(f"{server.url}{path}").status_code in (200, 404), path
            await until("ingestion goes on", partial(describes, server, REF, f"version {version}"), within=15)
            assert time.monotonic() - began < 20
            async with seen_from_outside(database, tmp_path) as seen:
                assert await leaders(seen) == 1
        location = {"type": "url", "target": "https://example.com/catalog-info.yaml"}
        answer = HTTP.post(f"{server.url}/api/catalog/locations", json=location)
        assert answer.status_code == 201, answer.text
        # It is waited for: no loop breaks off and comes back later and later.
        assert '"level":"error"' not in server.log.read_text()
    finally:
        server.stop()


def refused(server: Callboard) -> bool:
    """Whether something that only the database can tell is answered with 503."""
    return HTTP.get(f"{server.url}/api/catalog/entities/unprocessed/failed").status_code == 503


def answers_well(answer: httpx.Response, fine: tuple[int, ...]) -> None:
    """From memory, or with the envelope that says to come back."""
    if answer.status_code in fine:
        return
    assert answer.status_code == 503, (answer.request.url, answer.text)
    assert answer.json()["error"]["name"] == "ServiceUnavailableError"
    assert answer.json()["response"] == {"statusCode": 503}
    # Where the database lives is nobody's business.
    assert "postgres@" not in answer.text and "5432" not in answer.text


def passes(server: Callboard) -> float:
    """How many entities this process has processed."""
    lines = HTTP.get(f"{server.url}/metrics").text.splitlines()
    counts = [line for line in lines if line.startswith("catalog_processed_entities_count")]
    return sum(float(line.rpartition(" ")[2]) for line in counts if "_created" not in line)


async def test_of_two_servers_one_ingests_both_serve_and_the_other_takes_over(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    source = tmp_path / "catalog.yaml"
    write_source(source, 1)
    database = postgres_on(postgres)
    servers = [callboard(tmp_path / name, database, [("file", str(source))]).start() for name in ("one", "two")]
    try:
        for server in servers:
            await until("all is in", partial(describes, server, REF, "version 1"))
        async with seen_from_outside(database, tmp_path) as seen:
            assert await leaders(seen) == 1
            (leader,) = [one for one in servers if passes(one) > 0]
            (other,) = [one for one in servers if one is not leader]

            for version in range(2, 5):
                write_source(source, version)
                # Asked of the one that does not ingest: the word reaches the one that does.
                assert HTTP.post(f"{other.url}/api/catalog/refresh", json={"entityRef": REF}).status_code == 200
                await until("the leader has it", partial(describes, leader, REF, f"version {version}"))
                await until("the other has it", partial(describes, other, REF, f"version {version}"), within=1)
            assert passes(other) == 0

            leader.kill()
            write_source(source, 9)
            await until("the other has taken over", lambda: description(other, REF) == "version 9", within=15)
            assert await leaders(seen) == 1
            assert passes(other) > 0
            # The first one comes back, as one that waits.
            leader.start()
            assert description(leader, REF) == "version 9"
            write_source(source, 10)
            for server in servers:
                await until("both follow", partial(describes, server, REF, "version 10"))
            assert await leaders(seen) == 1
            assert passes(leader) == 0
    finally:
        for server in servers:
            server.stop()
