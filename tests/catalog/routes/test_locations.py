"""Registered locations over HTTP."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.catalog.routes.fakes import an_entity
from tests.catalog.routes.world import World
from tests.conftest import AnyDatabase

URL = "http://git.example/a.yaml"


async def test_a_location_is_registered_read_moved_and_removed(client: httpx.AsyncClient) -> None:
    created = await client.post("/locations", json={"type": "url", "target": URL, "presence": "optional"})
    location = created.json()["location"]
    assert (created.status_code, created.json()["entities"], location["target"]) == (201, [], URL)
    assert (await client.get("/locations")).json() == [{"data": location}]
    path = f"/locations/{location['id']}"
    assert (await client.get(path)).json() == location
    moved = await client.put(path, json={"type": "url", "target": "http://git.example/b.yaml"})
    assert moved.json() == {**location, "target": "http://git.example/b.yaml"}
    deleted = await client.delete(path)
    assert (deleted.status_code, deleted.content, "content-type" in deleted.headers) == (204, b"", False)
    assert (await client.get(path)).status_code == 404


async def test_registering_twice_is_a_conflict_unless_a_refresh_is_meant(client: httpx.AsyncClient) -> None:
    body = {"type": "url", "target": URL}
    statuses = [
        (await client.post(path, json=body)).status_code
        for path in ("/locations", "/locations", "/locations?onConflict=reject", "/locations?onConflict=refresh")
    ]
    assert statuses == [201, 409, 409, 201]


@pytest.mark.parametrize("flag", ["true", "TRUE", "yes", "y", "1", "on", " true "])
async def test_a_dry_run_stores_nothing(client: httpx.AsyncClient, world: World, flag: str) -> None:
    tried = await client.post("/locations", params={"dryRun": flag}, json={"type": "url", "target": URL})
    assert (tried.status_code, tried.json()["exists"]) == (201, False)
    assert tried.json()["entities"][0]["kind"] == "Location"
    assert world.locations.rows == {}


async def test_any_other_flag_is_no_dry_run(client: httpx.AsyncClient, world: World) -> None:
    await client.post("/locations?dryRun=maybe", json={"type": "url", "target": URL})
    assert len(world.locations.rows) == 1


@pytest.mark.parametrize("query", ["", "?dryRun=true"])
@pytest.mark.parametrize("target", ["", "  ", "javascript:alert(1)", "\tjava\nscript:alert(1)"])
async def test_a_target_that_would_do_harm_is_refused_and_not_stored(
    client: httpx.AsyncClient, world: World, target: str, query: str
) -> None:
    refused = await client.post(f"/locations{query}", json={"type": "url", "target": target})
    assert (refused.status_code, refused.json()["error"]["name"]) == (400, "InputError")
    assert world.locations.rows == {}


@pytest.mark.parametrize("body", [{"x": 1}, {"presence": "sometimes"}])
async def test_registering_is_strict_about_what_it_is_given(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    refused = await client.post("/locations", json={"type": "url", "target": URL, **body})
    assert refused.status_code == 400
    assert refused.json()["error"]["message"].startswith("Malformed request: ")


async def test_a_location_is_found_by_the_entities_it_brought(client: httpx.AsyncClient, world: World) -> None:
    location = (await client.post("/locations", json={"type": "url", "target": URL})).json()["location"]
    entity = an_entity("Component:default/brought")
    entity["metadata"]["annotations"]["backstage.io/managed-by-origin-location"] = f"url:{URL}"
    world.entities.held["component:default/brought"] = entity
    assert (await client.get("/locations/by-entity/Component/DEFAULT/Brought")).json() == location
    other = await client.get("/locations/by-entity/component/default/none")
    assert (other.status_code, other.json()["error"]["message"]) == (
        404,
        "found no entity for ref component:default/none",
    )


class TestReadOnly:
    @pytest.fixture
    async def client(self, database: AnyDatabase) -> AsyncIterator[httpx.AsyncClient]:
        async with await World(database, [], readonly=True).start() as opened:
            yield opened

    async def test_a_read_only_catalog_takes_dry_runs_alone(self, client: httpx.AsyncClient) -> None:
        body = {"type": "url", "target": URL}
        for method, path in (("POST", "/locations"), ("PUT", "/locations/1"), ("DELETE", "/locations/1")):
            refused = await client.request(method, path, json=None if method == "DELETE" else body)
            assert (refused.status_code, refused.json()["error"]["name"]) == (403, "NotAllowedError")
        assert (await client.post("/locations?dryRun=1", json=body)).status_code == 201


class TestByQuery:
    @pytest.fixture
    async def client(self, world: World) -> AsyncIterator[httpx.AsyncClient]:
        async with await world.start() as opened:
            async with world.database.write() as transaction:
                for number in range(5):
                    await transaction.execute(
                        "INSERT INTO catalog_location (id, type, target, entity_ref) VALUES (?, ?, ?, ?)",
                        f"id-{number}",
                        "url" if number else "file",
                        f"http://Files.example/{number}_ß",
                        f"location:default/generated-{number}",
                    )
            yield opened

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            (None, "01234"),
            ({}, "01234"),
            ({"$all": []}, ""),
            ({"$any": []}, ""),
            ({"type": "URL"}, "1234"),
            ({"TYPE": {"$in": ["file", 5]}}, "0"),
            ({"target": {"$hasPrefix": "HTTP://FILES.example/3_"}}, "3"),
            ({"target": {"$hasPrefix": "http://git.example/%"}}, ""),
            ({"target": {"$exists": True}}, "01234"),
            ({"target": {"$exists": False}}, ""),
            ({"target": {"$contains": "x"}}, ""),
            ({"entityref": "location:default/generated-2"}, "2"),
            ({"$not": {"id": {"$in": ["id-0", "ID-1"]}}}, "234"),
            ({"$any": [{"id": "id-4"}, {"$all": [{"type": "file"}, {"id": "id-0"}]}]}, "04"),
            ({"target": 5}, ""),
        ],
    )
    async def test_a_predicate_finds_locations(
        self, client: httpx.AsyncClient, query: dict[str, Any] | None, found: str
    ) -> None:
        answer = (await client.post("/locations/by-query", json={} if query is None else {"query": query})).json()
        assert "".join(item["id"][-1] for item in answer["items"]) == found
        assert (answer["totalItems"], answer["pageInfo"]) == (len(found), {})

    async def test_pages_follow_each_other(self, client: httpx.AsyncClient) -> None:
        body: dict[str, Any] = {"limit": 2, "query": {"type": "url"}}
        pages = []
        while True:
            answer = (await client.post("/locations/by-query", json=body)).json()
            pages.append([item["id"] for item in answer["items"]])
            assert answer["totalItems"] == 4
            if "nextCursor" not in answer["pageInfo"]:
                break
            cursor = answer["pageInfo"]["nextCursor"]
            assert json.loads(b64decode(cursor)) == {"limit": 2, "afterId": "id-2", "query": {"type": "url"}}
            body = {"cursor": cursor, "limit": 1, "query": {"type": "file"}}
        assert pages == [["id-1", "id-2"], ["id-3", "id-4"]]

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({"limit": 0}, "Limit must be a positive integer >= 1"),
            ({"limit": 1.5}, "Limit must be a positive integer >= 1"),
            ({"limit": -1}, "Limit must be a positive integer >= 1"),
            ({"cursor": ""}, "Cursor cannot be empty"),
            ({"cursor": "zzz"}, "Malformed cursor: "),
            ({"cursor": b64encode(b'{"a":1}').decode()}, "Malformed cursor: "),
            ({"cursor": b64encode(b'{"limit":1,"afterId":"x","query":5}').decode()}, "Malformed cursor: "),
            ({"query": {"type": None}}, "Invalid query: "),
            (
                {"query": {"foo": "x"}},
                "Invalid filter predicate, expected key to be 'id', 'type', 'target', or 'entityRef', got 'foo'",
            ),
        ],
    )
    async def test_what_cannot_be_asked_is_told_why(
        self, client: httpx.AsyncClient, body: dict[str, Any], message: str
    ) -> None:
        refused = await client.post("/locations/by-query", json=body)
        assert refused.status_code == 400
        assert refused.json()["error"]["message"].startswith(message)
