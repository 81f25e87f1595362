"""Refresh, delete, validate, analyze, unprocessed entities, held mutations and actions over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from app.errors import InputError
from catalog.interfaces import Entity, LocationSpec
from catalog.model.errors import FormError
from tests.catalog.routes.fakes import an_entity
from tests.catalog.routes.world import World

ENTITY = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "fine"}}
ACTIONS = "/.backstage/actions/v1/actions"


async def test_a_refresh_has_no_words(client: httpx.AsyncClient, world: World) -> None:
    done = await client.post("/refresh", json={"entityRef": "API:default/orders"})
    assert (done.status_code, done.content, "content-type" in done.headers) == (200, b"", False)
    assert world.control.causes[0].actor == "user:default/alice"
    missing = await client.post("/refresh", json={"entityRef": "orders"})
    assert (missing.status_code, missing.json()["error"]["message"]) == (404, "Entity orders not found")


async def test_a_valid_entity_is_processed_as_if_read_from_there(client: httpx.AsyncClient, world: World) -> None:
    entity = {**ENTITY, "metadata": {"name": "fine", "annotations": {"backstage.io/managed-by-location": "url:own"}}}
    valid = await client.post("/validate-entity", json={"entity": entity, "location": "url:http://a.example"})
    assert (valid.status_code, valid.content) == (200, b"")
    assert world.control.processed[0]["metadata"]["annotations"] == {
        "backstage.io/managed-by-location": "url:own",
        "backstage.io/managed-by-origin-location": "url:http://a.example",
    }


async def test_annotations_that_are_a_list_become_what_javascript_makes_of_them(
    client: httpx.AsyncClient, world: World
) -> None:
    entity = {**ENTITY, "metadata": {"name": "fine", "annotations": ["a"]}}
    await client.post("/validate-entity", json={"entity": entity, "location": "url:http://a.example"})
    assert world.control.processed[0]["metadata"]["annotations"]["0"] == "a"


async def test_what_processing_says_is_answered_as_a_list(client: httpx.AsyncClient, world: World) -> None:
    world.control.errors = [InputError("Not good", cause=FormError("/spec must be object"))]
    invalid = await client.post("/validate-entity", json={"entity": ENTITY, "location": "url:http://a.example"})
    assert (invalid.status_code, invalid.json()) == (
        400,
        {
            "errors": [
                {
                    "name": "InputError",
                    "message": "Not good; caused by TypeError: /spec must be object",
                    "cause": {"name": "TypeError", "message": "/spec must be object"},
                }
            ]
        },
    )


@pytest.mark.parametrize(
    ("entity", "location", "message"),
    [
        ({}, "url:http://a.example", "<root> must have required property 'apiVersion' - missingProperty: apiVersion"),
        (
            ENTITY,
            "nope",
            "Unable to parse location ref 'nope', expected '<type>:<target>', e.g. 'url:https://host/path'",
        ),
        (
            ENTITY,
            "file:/x",
            "Invalid location ref file:/x, only 'url:<target>' is supported, e.g. url:https://host/path",
        ),
    ],
)
async def test_an_entity_that_cannot_be_processed_is_not_valid(
    client: httpx.AsyncClient, entity: Entity, location: str, message: str
) -> None:
    invalid = await client.post("/validate-entity", json={"entity": entity, "location": location})
    assert (invalid.status_code, invalid.json()) == (400, {"errors": [{"name": "TypeError", "message": message}]})


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://unknown.example/owner/repo", "repo"),
        ("https://unknown.example/group/project/-/blob/main/docs/x.yaml", "project"),
        ("https://unknown.example/group/project.git", "project"),
        ("https://unknown.example/only", "only"),
        ("https://unknown.example/", ""),
        ("https://dev.azure.example/org/proj/_git/repo", "repo"),
    ],
)
async def test_a_repository_without_descriptor_gets_a_first_one(client: httpx.AsyncClient, url: str, name: str) -> None:
    found = await client.post("/analyze-location", json={"location": {"type": "url", "target": url}})
    assert found.json() == {
        "existingEntityFiles": [],
        "generateEntities": [
            {
                "entity": {
                    "apiVersion": "backstage.io/v1alpha1",
                    "kind": "Component",
                    "metadata": {"name": name},
                    "spec": {"type": "other", "lifecycle": "unknown"},
                },
                "fields": [],
            }
        ],
    }


@pytest.mark.parametrize("target", ["nope", "", "/x", "http://", "http://[", "mailto:x@y.example"])
async def test_what_is_no_url_cannot_be_analyzed(client: httpx.AsyncClient, target: str) -> None:
    refused = await client.post("/analyze-location", json={"location": {"type": "url", "target": target}})
    assert (refused.status_code, refused.json()["error"]["message"]) == (
        400,
        "The given location.target is not a URL",
    )


async def test_descriptors_that_are_there_are_told_and_whether_they_are_registered(
    client: httpx.AsyncClient, world: World
) -> None:
    class Finds:
        def supports(self, url: str) -> bool:
            return url.startswith("https://git.example/")

        async def analyze(self, url: str, catalog_filename: str | None) -> Sequence[tuple[LocationSpec, Entity]]:
            found = [(LocationSpec("url", f"{url}/{catalog_filename}"), an_entity("Component:default/found"))]
            return found if url.endswith("/full") else []

    world.analyzers.append(Finds())
    await client.post("/locations", json={"type": "url", "target": "https://git.example/full/c.yaml"})
    body = {"location": {"type": "url", "target": "https://git.example/full"}, "catalogFilename": "c.yaml"}
    found = (await client.post("/analyze-location", json=body)).json()
    assert found["generateEntities"] == []
    assert found["existingEntityFiles"] == [
        {
            "location": {"type": "url", "target": "https://git.example/full/c.yaml"},
            "isRegistered": True,
            "entity": an_entity("Component:default/found"),
        }
    ]
    empty = {"location": {"type": "url", "target": "https://git.example/a/empty"}}
    assert len((await client.post("/analyze-location", json=empty)).json()["generateEntities"]) == 1
    refused = await client.post("/analyze-location", json={**body, "catalogFilename": 5})
    assert refused.json()["error"]["message"].startswith("Malformed request: ")


async def test_unprocessed_entities_take_any_parameter(client: httpx.AsyncClient) -> None:
    found = await client.get("/entities/unprocessed/failed?owner=team-a&bogus=1")
    assert found.json() == {
        "type": "failed",
        "entities": [{"entity_ref": "component:default/failed", "owner": "team-a"}],
    }
    assert (await client.get("/entities/unprocessed/pending")).json()["entities"][0]["owner"] is None
    assert (await client.get("/entities/unprocessed/other")).status_code == 404
    assert (await client.delete("/entities/unprocessed/delete/1")).status_code == 204


async def test_a_held_mutation_waits_for_an_operators_word(client: httpx.AsyncClient, world: World) -> None:
    world.control.waiting = [{"id": "m1", "provider": "org", "removed": 30}]
    assert (await client.get("/ingestion/held")).json() == {"items": world.control.waiting}
    released = await client.post("/ingestion/held/m1/release")
    assert released.json() == {"added": 0, "updated": 0, "removed": 30}
    assert (await client.post("/ingestion/held/m1/release")).status_code == 404
    assert (await client.delete("/ingestion/held/m1")).status_code == 204


async def test_the_actions_say_what_they_do(client: httpx.AsyncClient) -> None:
    actions = (await client.get(ACTIONS)).json()["actions"]
    assert {action["id"]: list(action["attributes"].values()) for action in actions} == {
        # destructive, idempotent, readOnly
        "catalog:get-catalog-model-description": [False, True, True],
        "catalog:get-catalog-entity": [False, True, True],
        "catalog:query-catalog-entities": [False, True, True],
        "catalog:validate-entity": [False, True, True],
        "catalog:register-entity": [False, False, False],
        "catalog:unregister-entity": [True, True, False],
        "catalog:refresh-catalog-entity": [False, True, False],
    }
    assert all(action["schema"]["input"]["$schema"].endswith("draft-07/schema#") for action in actions)


async def invoke(client: httpx.AsyncClient, action: str, given: Any, version: int = 1) -> httpx.Response:
    path = f"/.backstage/actions/v{version}/actions/catalog:{action}/invoke"
    return await client.post(path, json=given if version == 1 else {"input": given})


async def test_an_action_gives_the_one_entity_of_a_name(client: httpx.AsyncClient, world: World) -> None:
    found = await invoke(client, "get-catalog-entity", {"name": "ORDERS", "kind": "api"}, version=2)
    assert found.json()["output"]["metadata"]["name"] == "orders"
    missing = await invoke(client, "get-catalog-entity", {"name": "nope"})
    assert (missing.status_code, missing.json()["error"]["name"]) == (400, "InputError")
    world.entities.held["group:default/orders"] = an_entity("Group:default/orders")
    several = await invoke(client, "get-catalog-entity", {"name": "orders"})
    assert (several.status_code, several.json()["error"]["name"]) == (409, "ConflictError")


async def test_an_action_queries_page_by_page(client: httpx.AsyncClient) -> None:
    given: dict[str, Any] = {"query": {"metadata.name": {"$exists": True}}, "fields": ["metadata.name"], "limit": "4"}
    first = (await invoke(client, "query-catalog-entities", given)).json()["output"]
    assert (len(first["items"]), first["totalItems"], first["hasMoreEntities"]) == (4, 6, True)
    given = {"cursor": first["nextPageCursor"], "limit": 4, "fields": ["kind"]}
    second = (await invoke(client, "query-catalog-entities", given)).json()["output"]
    assert (len(second["items"]), second["totalItems"], second["hasMoreEntities"]) == (2, 6, False)
    assert all(list(item) == ["kind"] for item in second["items"])


async def test_an_action_refuses_what_it_does_not_take(client: httpx.AsyncClient) -> None:
    refused = await invoke(client, "get-catalog-entity", {"nam": "x"})
    cause = refused.json()["error"]["cause"]
    assert refused.status_code == 400
    assert (cause["name"], cause["issues"]) == (
        "ZodError",
        [
            {
                "code": "invalid_type",
                "expected": "string",
                "received": "undefined",
                "path": ["name"],
                "message": "Required",
            }
        ],
    )
    unknown = await invoke(client, "nope", {})
    assert (unknown.status_code, unknown.json()["error"]["message"]) == (404, 'Action "catalog:nope" not found')


async def test_an_action_registers_and_unregisters_a_location(client: httpx.AsyncClient, world: World) -> None:
    url = "https://git.example/a/catalog-info.yaml"
    registered = (await invoke(client, "register-entity", {"locationUrl": url})).json()["output"]
    assert list(world.locations.rows) == [registered["locationId"]]
    assert (await invoke(client, "register-entity", {"locationUrl": "nope"})).status_code == 400
    gone = await invoke(client, "unregister-entity", {"type": {"locationUrl": url.upper()}})
    assert (gone.json(), world.locations.rows) == ({"output": {}}, {})
    again = await invoke(client, "unregister-entity", {"type": {"locationUrl": url}})
    assert (again.status_code, again.json()["error"]["name"]) == (404, "NotFoundError")
    by_id = await invoke(client, "unregister-entity", {"type": {"locationId": "nope"}})
    assert by_id.status_code == 404


async def test_an_action_refreshes_an_entity(client: httpx.AsyncClient, world: World) -> None:
    done = await invoke(client, "refresh-catalog-entity", {"name": "web"})
    assert done.json() == {"output": {"entityRef": "component:default/web"}}
    assert world.control.refreshed == ["component:default/web"]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("apiVersion: a/b1\nkind: Component\nmetadata: {name: fine}\n---\n", [True, True, []]),
        ("kind: Component\nmetadata: {name: fine}\n", [False, True, ["apiVersion"]]),
        ("a: 1\n---\nb: 2\n", [False, True, ["Expected one YAML document, found 2"]]),
        ("{{{", [False, False, [""]]),
    ],
)
async def test_an_action_says_whether_a_descriptor_would_do(
    client: httpx.AsyncClient, text: str, verdict: list[Any]
) -> None:
    said = (await invoke(client, "validate-entity", {"entity": text})).json()["output"]
    assert [said["isValid"], said["isValidYaml"], len(said["errors"]) > 0] == [*verdict[:2], bool(verdict[2])]
    assert all(part in error for part, error in zip(verdict[2], said["errors"], strict=False))


async def test_an_action_tells_what_processing_says(client: httpx.AsyncClient, world: World) -> None:
    world.control.errors = [InputError("Not good")]
    text = "apiVersion: a/b1\nkind: Component\nmetadata: {name: fine}\n"
    given = {"entity": text, "location": "https://git.example/a.yaml"}
    said = (await invoke(client, "validate-entity", given)).json()["output"]
    assert (said["isValid"], said["errors"], said["entity"]["kind"]) == (False, ["Not good"], "Component")
    annotations = world.control.processed[0]["metadata"]["annotations"]
    assert annotations["backstage.io/managed-by-location"] == "url:https://git.example/a.yaml"


async def test_an_action_describes_the_model(client: httpx.AsyncClient) -> None:
    described = (await invoke(client, "get-catalog-model-description", {})).json()["output"]["description"]
    assert "| Component | `spec.providesApis` | providesApi | apiProvidedBy |" in described


async def test_changes_leave_an_audit_record_and_reads_only_when_asked(
    client: httpx.AsyncClient, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "audit"):
        await client.get("/entities")
        await client.post("/refresh", json={"entityRef": "api:default/orders"})
        world.policy.deny("catalog.entity.refresh")
        await client.post("/refresh", json={"entityRef": "api:default/orders"})
    with caplog.at_level(logging.DEBUG, "audit"):
        await client.get("/entity-facets?facet=kind")
    events = [record.event for record in caplog.records if record.name == "audit"]  # type: ignore[attr-defined]
    assert [(event["eventId"], event["status"], event["actor"]["actorId"]) for event in events] == [
        ("entity-mutate", "succeeded", "user:default/alice"),
        ("entity-mutate", "failed", "user:default/alice"),
        ("entity-facets", "succeeded", "user:default/alice"),
    ]
