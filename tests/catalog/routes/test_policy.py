"""What a policy forbids is not there; only what changes something is refused. Source: spec/catalog.md §7.5."""

from __future__ import annotations

import json
from base64 import b64decode

import httpx
import pytest

from app.interfaces import NOBODY
from tests.catalog.routes.world import World

READ = "catalog.entity.read"


async def test_who_may_read_nothing_gets_empty_answers(client: httpx.AsyncClient, world: World) -> None:
    world.policy.deny(READ)
    empty_page = {"items": [], "totalItems": 0, "pageInfo": {}}
    assert (await client.get("/entities")).json() == []
    assert (await client.get("/entities?limit=3")).json() == []
    assert (await client.get("/entities/by-query")).json() == empty_page
    assert (await client.post("/entities/by-query", json={})).json() == empty_page
    assert (await client.get("/entity-facets?facet=kind")).json() == {"facets": {"kind": []}}
    refs = {"entityRefs": ["component:default/web", "api:default/none"]}
    assert (await client.post("/entities/by-refs", json=refs)).json() == {"items": [None, None]}


async def test_who_may_read_nothing_finds_nothing(client: httpx.AsyncClient, world: World) -> None:
    uid = world.entities.held["component:default/web"]["metadata"]["uid"]
    paths = ["/entities/by-name/component/default/web", f"/entities/by-uid/{uid}"]
    paths += ["/graph?ref=component:default/web", "/owners/group:default/team-a"]
    allowed = [(await client.get(path)).status_code for path in paths]
    world.policy.deny(READ)
    denied = [(await client.get(path)).status_code for path in paths]
    assert (allowed, denied) == ([200] * 4, [404] * 4)


async def test_an_ancestry_is_refused_rather_than_not_found(client: httpx.AsyncClient, world: World) -> None:
    world.policy.deny(READ)
    refused = await client.get("/entities/by-name/component/default/web/ancestry")
    assert (refused.status_code, refused.json()["error"]) == (403, {"name": "NotAllowedError", "message": ""})


async def test_a_condition_is_a_filter_on_every_read(client: httpx.AsyncClient, world: World) -> None:
    world.policy.limit(READ, "IS_ENTITY_KIND", kinds=["component"])
    assert len((await client.get("/entities")).json()) == 2
    assert (await client.get("/entities/by-query?limit=0")).json()["totalItems"] == 2
    assert (await client.get("/entity-facets?facet=kind")).json()["facets"]["kind"] == [
        {"value": "Component", "count": 2}
    ]
    refs = {"entityRefs": ["component:default/web", "api:default/orders"], "fields": ["kind"]}
    assert (await client.post("/entities/by-refs", json=refs)).json() == {"items": [{"kind": "Component"}, None]}
    assert (await client.get("/entities/by-name/api/default/orders")).status_code == 404


async def test_a_cursor_holds_nothing_of_the_policy(client: httpx.AsyncClient, world: World) -> None:
    world.policy.limit(READ, "IS_ENTITY_OWNER", claims=["group:default/team-a"])
    page = (await client.get("/entities/by-query?limit=1&filter=kind=component")).json()
    cursor = json.loads(b64decode(page["pageInfo"]["nextCursor"]))
    assert page["totalItems"] == 2
    assert cursor["query"] == {"kind": "component"}
    assert "team-a" not in json.dumps(cursor)


async def test_what_may_not_be_seen_is_cut_off_an_ancestry_with_all_above_it(
    client: httpx.AsyncClient, world: World
) -> None:
    world.control.parents_of = {
        "component:default/web": ["location:default/middle", "component:default/worker"],
        "location:default/middle": ["location:default/root"],
        "component:default/worker": ["location:default/root"],
    }
    world.policy.limit(READ, "HAS_METADATA", key="name", value="web")
    path = "/entities/by-name/component/default/web/ancestry"
    seen = (await client.get(path)).json()["items"]
    assert [item["entity"]["metadata"]["name"] for item in seen] == ["Web"]
    assert seen[0]["parentEntityRefs"] == ["location:default/middle", "component:default/worker"]
    assert (await client.get("/entities/by-name/component/default/worker/ancestry")).status_code == 403
    assert (await client.get("/entities/by-name/component/default/none/ancestry")).status_code == 403


async def test_an_etag_is_no_use_to_somebody_who_sees_less(client: httpx.AsyncClient, world: World) -> None:
    etag = (await client.get("/entities?limit=9")).headers["etag"]
    world.policy.limit(READ, "IS_ENTITY_KIND", kinds=["api"])
    answer = await client.get("/entities?limit=9", headers={"if-none-match": etag})
    assert (answer.status_code, len(answer.json())) == (200, 1)


async def test_conditions_we_do_not_know_allow_nothing(client: httpx.AsyncClient, world: World) -> None:
    world.policy.limit(READ, "IS_FULL_MOON")
    assert (await client.get("/entities")).status_code == 400


@pytest.mark.parametrize(
    ("permission", "method", "path", "body"),
    [
        ("catalog.entity.refresh", "POST", "/refresh", {"entityRef": "component:default/web"}),
        ("catalog.entity.delete", "DELETE", "/entities/by-uid/x", None),
        (
            "catalog.entity.validate",
            "POST",
            "/validate-entity",
            {
                "entity": {"apiVersion": "a/b1", "kind": "X", "metadata": {"name": "a"}},
                "location": "url:http://a.example",
            },
        ),
        (
            "catalog.location.analyze",
            "POST",
            "/analyze-location",
            {"location": {"type": "url", "target": "https://github.com/a/b"}},
        ),
        ("catalog.location.create", "POST", "/locations?dryRun=true", {"type": "url", "target": "http://a.example"}),
        ("catalog.location.create", "POST", "/locations", {"type": "url", "target": "http://a.example"}),
        ("catalog.location.create", "PUT", "/locations/1", {"type": "url", "target": "http://a.example"}),
        ("catalog.location.delete", "DELETE", "/locations/1", None),
        ("catalog.ingestion.read", "GET", "/ingestion/held", None),
        ("catalog.ingestion.manage", "POST", "/ingestion/held/1/release", None),
        ("catalog.ingestion.manage", "DELETE", "/ingestion/held/1", None),
    ],
)
async def test_changes_are_refused_without_a_word(
    client: httpx.AsyncClient, world: World, permission: str, method: str, path: str, body: object
) -> None:
    allowed = await client.request(method, path, json=body)
    world.policy.deny(permission)
    refused = await client.request(method, path, json=body)
    assert allowed.status_code != 403
    assert (refused.status_code, refused.json()["error"]) == (403, {"name": "NotAllowedError", "message": ""})


async def test_unprocessed_entities_are_refused_with_a_word(client: httpx.AsyncClient, world: World) -> None:
    world.policy.deny("catalog.entities.unprocessed.read", "catalog.entities.unprocessed.delete")
    for method, path in (("GET", "/entities/unprocessed/pending"), ("DELETE", "/entities/unprocessed/delete/1")):
        refused = await client.request(method, path)
        assert (refused.status_code, refused.json()["error"]["message"]) == (403, "Unauthorized")


async def test_locations_are_not_there_for_who_may_not_read_them(client: httpx.AsyncClient, world: World) -> None:
    await client.post("/locations", json={"type": "url", "target": "http://a.example/x.yaml"})
    (location_id,) = world.locations.rows
    world.policy.deny("catalog.location.read")
    assert (await client.get("/locations")).json() == []
    assert (await client.post("/locations/by-query")).json() == {"items": [], "totalItems": 0, "pageInfo": {}}
    by_id = await client.get(f"/locations/{location_id}")
    assert (by_id.status_code, by_id.json()["error"]["message"]) == (404, f"Found no location with ID {location_id}")
    by_entity = await client.get("/locations/by-entity/component/default/web")
    assert (by_entity.status_code, by_entity.json()["error"]["message"]) == (404, "")


async def test_a_deletion_under_a_condition_needs_an_entity_that_meets_it(
    client: httpx.AsyncClient, world: World
) -> None:
    world.policy.limit("catalog.entity.delete", "IS_ENTITY_KIND", kinds=["component"])
    uid_of = {ref: entity["metadata"]["uid"] for ref, entity in world.entities.held.items()}
    assert (await client.delete(f"/entities/by-uid/{uid_of['api:default/orders']}")).status_code == 403
    assert (await client.delete("/entities/by-uid/nobody")).status_code == 403
    assert (await client.delete(f"/entities/by-uid/{uid_of['component:default/web']}")).status_code == 204
    assert "component:default/web" not in world.entities.held


async def test_a_refresh_is_decided_for_the_ref_as_it_was_sent(client: httpx.AsyncClient, world: World) -> None:
    assert (await client.post("/refresh", json={"entityRef": "Component:Default/WEB"})).status_code == 200
    assert world.policy.asked[-1] == ("catalog.entity.refresh", "Component:Default/WEB")
    assert world.control.refreshed == ["component:default/web"]


async def test_a_token_in_the_body_takes_the_callers_place(client: httpx.AsyncClient, world: World) -> None:
    body = {"entityRef": "component:default/web", "authorizationToken": "good"}
    assert (await client.post("/refresh", json=body)).status_code == 200
    assert world.control.causes[-1].actor == "external:body"
    refused = await client.post("/refresh", json={**body, "authorizationToken": "bad"})
    assert (refused.status_code, refused.json()["error"]["message"]) == (401, "Illegal token")


async def test_an_explanation_is_for_who_may_see_the_entity_or_what_failed(
    client: httpx.AsyncClient, world: World
) -> None:
    world.control.stories = {
        ref: {"ref": ref, "status": "present"}
        for ref in ("component:default/web", "api:default/orders", "api:default/x")
    }
    world.policy.deny("catalog.entities.unprocessed.read")
    world.policy.limit(READ, "IS_ENTITY_KIND", kinds=["component"])
    status = {ref: (await client.get("/explain", params={"ref": ref})).status_code for ref in world.control.stories}
    assert status == {"component:default/web": 200, "api:default/orders": 403, "api:default/x": 403}
    assert (await client.get("/explain", params={"url": "https://git.example/a"})).status_code == 403


async def test_nobody_invokes_actions(client: httpx.AsyncClient, world: World) -> None:
    world.caller = NOBODY
    assert (await client.get("/.backstage/actions/v1/actions")).status_code == 403
    invoked = await client.post(
        "/.backstage/actions/v1/actions/catalog:get-catalog-entity/invoke", json={"name": "web"}
    )
    assert invoked.status_code == 403
