"""Reads of entities over HTTP: shapes, paging, freshness."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.catalog.routes.world import World


def names(entities: list[dict[str, object]]) -> list[str]:
    return [entity["metadata"]["name"] for entity in entities]  # type: ignore[index]


async def test_an_entity_is_found_by_its_name_whatever_the_case(client: httpx.AsyncClient) -> None:
    found = await client.get("/entities/by-name/COMPONENT/Default/web")
    assert found.status_code == 200
    assert found.json()["metadata"]["name"] == "Web"


async def test_a_name_that_is_not_there_is_told_as_it_was_asked_for(client: httpx.AsyncClient) -> None:
    found = await client.get("/entities/by-name/Component/default/NoPe")
    assert found.status_code == 404
    assert found.json() == {
        "error": {
            "name": "NotFoundError",
            "message": "No entity named 'NoPe' found, with kind 'Component' in namespace 'default'",
        },
        "request": {"method": "GET", "url": "/entities/by-name/Component/default/NoPe"},
        "response": {"statusCode": 404},
    }


async def test_an_entity_is_found_by_its_uid(client: httpx.AsyncClient, world: World) -> None:
    uid = world.entities.held["api:default/orders"]["metadata"]["uid"]
    assert (await client.get(f"/entities/by-uid/{uid.upper()}")).json()["kind"] == "API"
    missing = await client.get("/entities/by-uid/nope")
    assert (missing.status_code, missing.json()["error"]["message"]) == (404, "No entity with uid nope")


async def test_all_entities_come_as_one_array_however_many_batches_they_are(client: httpx.AsyncClient) -> None:
    found = await client.get("/entities")
    assert len(found.json()) == 6
    assert "content-length" not in found.headers
    assert found.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(("filters", "count"), [("kind=nothing", 0), ("kind=api", 1), ("kind=component", 2)])
async def test_a_list_that_comes_at_once_has_its_length_and_no_etag(
    client: httpx.AsyncClient, filters: str, count: int
) -> None:
    found = await client.get("/entities", params={"filter": filters})
    assert len(found.json()) == count
    assert found.headers["content-length"] == str(len(found.content))
    assert "etag" not in found.headers


async def test_a_projection_keeps_only_the_fields_asked_for(client: httpx.AsyncClient) -> None:
    asked = {"filter": "kind=component", "fields": "kind,spec.nothing,nope"}
    assert (await client.get("/entities", params=asked)).json() == [
        {"kind": "Component", "spec": {"nothing": None}},
        {"kind": "Component"},
    ]


async def test_pages_are_linked_until_the_last(client: httpx.AsyncClient) -> None:
    seen: list[str] = []
    url = "/entities?limit=4&fields=metadata.name&offset=0"
    for _ in range(3):
        page = await client.get(url)
        seen += names(page.json())
        if "link" not in page.headers:
            break
        url, _, rel = page.headers["link"].partition(">; ")
        url = url.removeprefix("<")
        assert rel == 'rel="next"'
        query = parse_qs(urlsplit(url).query)
        assert json.loads(b64decode(query["after"][0])) == {"limit": 4, "offset": 4}
        assert list(query) == ["limit", "fields", "after"]
    assert sorted(seen) == ["Web", "middle", "orders", "root", "team-a", "worker"]
    assert "link" not in page.headers


async def test_after_goes_before_limit_and_offset(client: httpx.AsyncClient) -> None:
    after = b64encode(b'{"limit":1,"offset":5}').decode()
    found = await client.get("/entities", params={"limit": 3, "after": after})
    assert names(found.json()) == ["root"]
    assert "link" not in found.headers


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"limit": "0"}, "Invalid limit, must be greater than zero"),
        ({"limit": "-1"}, "request/query/limit must be >= 0"),
        ({"limit": "x"}, "request/query/limit must be integer"),
        ({"after": "xyz"}, "Malformed after cursor, could not be parsed"),
        ({"after": b64encode(b"null").decode()}, "Malformed after cursor, could not be parsed"),
        ({"after": b64encode(b'{"limit":"2"}').decode()}, "Malformed after cursor, limit was not an number"),
        ({"after": b64encode(b'{"offset":1.5}').decode()}, "Malformed after cursor, offset was not a number"),
        ({"after": b64encode(b'{"limit":-2}').decode()}, "Invalid limit, must be greater than zero"),
        ({"after": b64encode(b'{"offset":-2}').decode()}, "Invalid offset, must be zero or greater"),
        ({"order": "metadata.name"}, 'Invalid order parameter "metadata.name", expected "<asc or desc>:<field name>"'),
        (
            {"filter": "=x"},
            "Invalid filter, '=x' is not a valid statement (expected a string on the form a=b or a= or a)",
        ),
        ({"fields": "a[0]"}, 'Invalid field "a[0]", array type fields are not supported'),
        ({"bogus": "1"}, "Unknown query parameter 'bogus'"),
        ({"filter": ""}, "Empty value found for query parameter 'filter'"),
    ],
)
async def test_what_cannot_be_asked_is_told_why(client: httpx.AsyncClient, asked: dict[str, str], message: str) -> None:
    refused = await client.get("/entities", params=asked)
    assert (refused.status_code, refused.json()["error"]) == (400, {"name": "InputError", "message": message})


async def test_a_page_has_its_total_and_a_cursor_that_either_verb_takes(client: httpx.AsyncClient) -> None:
    first = (await client.get("/entities/by-query", params={"limit": 4, "filter": "metadata.name"})).json()
    assert (len(first["items"]), first["totalItems"], list(first["pageInfo"])) == (4, 6, ["nextCursor"])
    cursor = first["pageInfo"]["nextCursor"]
    by_get = (await client.get("/entities/by-query", params={"cursor": cursor, "limit": 4})).json()
    by_post = (await client.post("/entities/by-query", json={"cursor": cursor, "limit": 4})).json()
    assert by_get == by_post
    assert len(by_get["items"]) == 2
    assert by_get["pageInfo"] == {}


async def test_a_predicate_and_an_absent_body_are_queries(client: httpx.AsyncClient) -> None:
    asked = {"query": {"kind": {"$in": ["api", "group"]}}, "limit": 0, "totalItems": "include"}
    assert (await client.post("/entities/by-query", json=asked)).json() == {
        "items": [],
        "totalItems": 2,
        "pageInfo": {},
    }
    assert (await client.post("/entities/by-query")).json()["totalItems"] == 6


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"limit": -1}, "request/body/limit must be >= 0"),
        ({"limit": 1.5}, "request/body/limit must be integer"),
        ({"offset": -1}, "request/body/offset must be >= 0"),
        ({"cursor": ""}, "Cursor cannot be empty"),
        ({"limit": "1"}, "request/body/limit must be number"),
        ({"query": "x"}, "request/body/query must be object"),
    ],
)
async def test_a_body_that_is_wrong_is_the_clients_mistake(
    client: httpx.AsyncClient, body: dict[str, object], message: str
) -> None:
    refused = await client.post("/entities/by-query", json=body)
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, message)


async def test_numbers_beyond_all_counting_are_harmless(client: httpx.AsyncClient) -> None:
    huge = 10**30
    assert (await client.get("/entities", params={"limit": huge})).status_code == 200
    assert (await client.post("/entities/by-query", json={"limit": 1e300})).json()["totalItems"] == 6
    after = b64encode(b'{"limit":%d,"offset":%d}' % (huge, huge)).decode()
    assert (await client.get("/entities", params={"after": after})).json() == []


async def test_entities_by_ref_keep_their_places(client: httpx.AsyncClient) -> None:
    refs = ["component:default/web", "component:default/none", "component:default/web", "::"]
    found = (await client.post("/entities/by-refs", json={"entityRefs": refs, "fields": ["metadata.name"]})).json()
    assert found == {"items": [{"metadata": {"name": "Web"}}, None, {"metadata": {"name": "Web"}}, None]}


async def test_filter_and_query_of_by_refs_must_both_match(client: httpx.AsyncClient) -> None:
    body = {"entityRefs": ["component:default/web", "api:default/orders"], "query": {"kind": "component"}}
    found = await client.post("/entities/by-refs", params={"filter": "kind=api"}, json=body)
    assert found.json() == {"items": [None, None]}


async def test_by_refs_speaks_of_the_body_when_it_is_wrong(client: httpx.AsyncClient) -> None:
    start = "Malformed request body (did you remember to specify an application/json content type?), Validation error: "
    absent = await client.post("/entities/by-refs")
    wrong = await client.post("/entities/by-refs", json={"entityRefs": [], "query": {"kind": None}})
    assert absent.json()["error"]["message"].startswith(start)
    assert wrong.json()["error"]["message"].startswith(start)


async def test_facets_are_counted_and_named_as_asked(client: httpx.AsyncClient) -> None:
    found = await client.get("/entity-facets?facet=KIND&facet=nope&facet=&filter=metadata.namespace=default")
    assert found.json() == {
        "facets": {
            "KIND": [
                {"value": "API", "count": 1},
                {"value": "Component", "count": 2},
                {"value": "Group", "count": 1},
                {"value": "Location", "count": 2},
            ],
            "nope": [],
        }
    }
    by_predicate = await client.post("/entity-facets", json={"facets": ["kind"], "query": {"kind": "api"}})
    assert by_predicate.json() == {"facets": {"kind": [{"value": "API", "count": 1}]}}


@pytest.mark.parametrize("facets", [[], [""]])
async def test_facets_have_to_be_named(client: httpx.AsyncClient, facets: list[str]) -> None:
    refused = await client.post("/entity-facets", json={"facets": facets})
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "Missing or empty facets parameter")


async def test_an_ancestry_is_told_from_the_top_of_a_stack(client: httpx.AsyncClient, world: World) -> None:
    world.control.parents_of = {
        "component:default/web": ["location:default/middle", "location:default/never-stitched"],
        "location:default/middle": ["location:default/root"],
        "location:default/root": ["component:default/web"],
    }
    found = (await client.get("/entities/by-name/Component/default/WEB/ancestry")).json()
    assert found["rootEntityRef"] == "component:default/web"
    assert [(item["entity"]["metadata"]["name"], item["parentEntityRefs"]) for item in found["items"]] == [
        ("Web", ["location:default/middle"]),
        ("middle", ["location:default/root"]),
        ("root", ["component:default/web"]),
    ]
    missing = await client.get("/entities/by-name/component/default/none/ancestry")
    assert (missing.status_code, missing.json()["error"]["message"]) == (404, "No such entity component:default/none")


@pytest.mark.parametrize(
    "path",
    [
        "/entities?limit=2",
        "/entities/by-query",
        "/entity-facets?facet=kind",
        "/entities/by-name/component/default/web",
        "/graph?ref=component:default/web",
        "/owners/group:default/team-a",
    ],
)
async def test_nothing_is_sent_again_until_the_catalog_changes(
    client: httpx.AsyncClient, world: World, path: str
) -> None:
    etag = (await client.get(path)).headers["etag"]
    again = await client.get(path, headers={"if-none-match": f'"other", {etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    world.entities.number += 1
    changed = await client.get(path, headers={"if-none-match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


async def test_an_unpaged_list_takes_an_etag_although_it_names_none(client: httpx.AsyncClient) -> None:
    etag = (await client.get("/entities?limit=1")).headers["etag"]
    assert (await client.get("/entities", headers={"if-none-match": etag})).status_code == 304


async def test_head_is_get_without_the_body(client: httpx.AsyncClient) -> None:
    head = await client.head("/entities", params={"limit": 1})
    get = await client.get("/entities", params={"limit": 1})
    assert head.content == b""
    assert head.headers == get.headers
