"""A policy hides one system with all its parts, forbids one template and keeps tasks to their owners: every route of
the whole server is asked by somebody whom it binds, and nothing of what is hidden may be in any answer.

The routes come from the server itself, so a new one is asked without anybody thinking of it. Answers CVE-2026-44374
(GHSA-p7g9-rp3g-mgfg) and CVE-2025-32791.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.database.postgres import PostgresDatabase
from app.host import Host
from app.main import application, create_host
from tests.app.auth.world import BASE_URL, config_of
from tests.conftest import AnyDatabase

SECRET = "canary-7f3a91"
"""In what is hidden, and in no request: wherever it turns up, something leaks."""
NAME = "hush"
"""Begins the names of what is hidden. A request that names it may be answered with that name, any other may not."""
ZOE, EVE = "user:default/zoe", "user:default/eve"

DESCRIPTORS = f"""
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {{ name: {NAME}-keepers, description: {SECRET} }}
spec: {{ type: team, children: [] }}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {{ name: {NAME}-vault, title: {SECRET}, tags: [{SECRET}] }}
spec: {{ owner: {NAME}-keepers, domain: stage }}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: {NAME}-lamp
  description: {SECRET}
  labels: {{ colour: {SECRET} }}
  annotations: {{ theatre.example/badge: {SECRET}, backstage.io/techdocs-ref: "dir:." }}
  links: [{{ url: "https://{SECRET}.example" }}]
spec:
  type: {SECRET}
  lifecycle: {SECRET}
  owner: {NAME}-keepers
  system: {NAME}-vault
  providesApis: [{NAME}-api]
  dependsOn: [resource:{NAME}-store]
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {{ name: {NAME}-api }}
spec: {{ type: openapi, lifecycle: production, owner: {NAME}-keepers, system: {NAME}-vault, definition: {SECRET} }}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {{ name: {NAME}-store, description: {SECRET} }}
spec: {{ type: database, owner: {NAME}-keepers, system: {NAME}-vault }}
---
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {{ name: {NAME}-template, title: {SECRET}, description: {SECRET} }}
spec:
  owner: {NAME}-keepers
  type: service
  parameters: [{{ title: {SECRET}, properties: {{ a: {{ type: string, default: {SECRET} }} }} }}]
  steps: [{{ id: say, action: debug:log, input: {{ message: {SECRET} }} }}]
---
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {{ name: open-template }}
spec:
  owner: user:default/zoe
  type: service
  parameters: [{{ title: Open, properties: {{ word: {{ type: string }} }} }}]
  steps: [{{ id: say, action: debug:log, input: {{ message: "${{{{ parameters.word }}}}" }} }}]
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {{ name: open-stage }}
spec: {{ owner: user:default/zoe }}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{ name: open-curtain }}
spec: {{ type: service, lifecycle: production, owner: user:default/zoe, system: open-stage }}
"""
POLICY = f"""
default: allow
rules:
  - name: the vault is nobody's business
    effect: deny
    subjects: {{ users: {EVE} }}
    permissions: catalog.entity.*
    where:
      any:
        - spec.system: {NAME}-vault
        - {{ kind: System, metadata.name: {NAME}-vault }}
        - {{ kind: Group, metadata.name: {NAME}-keepers }}
        - {{ kind: Template, metadata.name: {NAME}-template }}
  - name: nor what could not be read
    effect: deny
    subjects: {{ users: {EVE} }}
    permissions: catalog.entities.unprocessed.*
  - name: tasks are their owners'
    effect: allow
    subjects: {{ users: {EVE} }}
    permissions: [scaffolder.task.read, scaffolder.task.cancel]
    resourceType: scaffolder-task
    where: {{ rule: IS_TASK_OWNER, params: {{ createdBy: [$user] }} }}
  - name: and nobody else's
    effect: deny
    subjects: {{ users: {EVE} }}
    permissions: [scaffolder.task.read, scaffolder.task.cancel]
"""
MCP = {"accept": "application/json, text/event-stream"}
HIDDEN = [
    f"component:default/{NAME}-lamp",
    f"system:default/{NAME}-vault",
    f"api:default/{NAME}-api",
    f"resource:default/{NAME}-store",
    f"template:default/{NAME}-template",
    f"group:default/{NAME}-keepers",
]


@dataclass
class Request:
    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def names_it(self) -> bool:
        return NAME in self.path or NAME in str(self.body)


@dataclass
class Server:
    host: Host
    client: httpx.AsyncClient
    location: str
    known: dict[str, list[str]] = field(default_factory=dict)
    """Values for the parameters of paths."""

    async def headers(self, user: str) -> dict[str, str]:
        return {"authorization": f"Bearer {await self.host.auth.issue_user_token(user, [user])}"}

    def readable(self) -> Iterator[Request]:
        """Every GET route, with what is hidden in the places of its parameters."""
        mounts = self.host.mounts
        for mount in (mounts.root, *mounts.all()):
            for leaf in mount.table._leaves(mount.table._root):
                if "GET" in leaf.endpoints:
                    yield from self._filled(mount.prefix + leaf.endpoints["GET"].template)

    def _filled(self, template: str) -> Iterator[Request]:
        names = [part[1:-1].partition(":")[0] for part in template.split("/") if part.startswith("{")]
        whole = {"kind", "namespace", "name"} <= set(names)
        refs = HIDDEN if whole else HIDDEN[:1]
        for ref in refs:
            kind, _, rest = ref.partition(":")
            namespace, _, name = rest.partition("/")
            triplet = {"kind": [kind], "namespace": [namespace], "name": [name]} if whole else {}
            choices = [{**self.known, **triplet}.get(one, ["x"]) for one in names]
            for values in itertools.product(*choices):
                given = iter(values)
                parts = (next(given) if part.startswith("{") else part for part in template.split("/"))
                yield Request("GET", "/".join(parts))


def further(server: Server) -> list[Request]:
    """What no walk over paths comes upon: queries and bodies."""
    lamp, vault = HIDDEN[0], HIDDEN[1]
    entity = f"apiVersion: a/v1\\nkind: Component\\nmetadata: {{name: {NAME}-lamp}}\\nspec: {{}}"
    queries = [
        "entities?filter=kind=component",
        "entities?filter=spec.owner=x",
        "entities?order=asc:metadata.name&limit=100",
        "entities?fields=metadata.name,spec",
        "entities/by-query?limit=1000",
        "entities/by-query?fullTextFilterTerm=hush",
        "entities/by-query?fullTextFilterTerm=canary&fullTextFilterFields=metadata.description,spec.type",
        "entities/by-query?orderField=spec.type,desc&limit=2",
        f"entities/by-query?filter=metadata.name={NAME}-lamp",
        f"entities/by-query?filter=spec.system={NAME}-vault&limit=0",
        "entity-facets?facet=kind&facet=metadata.name&facet=spec.type&facet=metadata.tags&facet=spec.owner",
        "entity-facets?facet=relations.ownedBy&facet=relations.partOf&facet=relations.dependsOn&facet=spec.system",
        "entity-facets?facet=metadata.labels.colour&facet=metadata.annotations.theatre.example/badge",
        *(f"graph?ref={ref}&depth=5" for ref in HIDDEN),
        f"graph?ref={lamp}&format=mermaid",
        f"graph?ref={lamp}&format=dot",
        "graph?ref=domain:default/stage&depth=5",
        "graph?ref=system:default/open-stage&depth=5",
        *(f"owners/{ref}" for ref in HIDDEN),
        *(f"explain?ref={ref}" for ref in HIDDEN),
        f"explain?url={server.location}",
        "entities/unprocessed/failed",
        "entities/unprocessed/pending",
        "locations",
    ]
    catalog = "/api/catalog/"
    posts: list[tuple[str, Any]] = [
        ("catalog/entities/by-query", {"query": {"kind": "Component"}, "limit": 100}),
        ("catalog/entities/by-query", {"query": {"$not": {"kind": "Domain"}}, "fullTextFilter": {"term": "canary"}}),
        ("catalog/entities/by-refs", {"entityRefs": HIDDEN}),
        ("catalog/entities/by-refs", {"entityRefs": HIDDEN, "fields": ["metadata.description"]}),
        ("catalog/entity-facets", {"facets": ["metadata.name", "spec.type", "metadata.description"]}),
        ("catalog/locations/by-query", {}),
        ("catalog/validate-entity", {"entity": {"kind": "Component"}, "location": f"url:{lamp}"}),
        ("catalog/validate-entity", {"entity": entity, "location": "url:https://x.example/a.yaml"}),
        ("catalog/analyze-location", {"location": {"type": "url", "target": "https://x.example/a.yaml"}}),
        ("catalog/refresh", {"entityRef": lamp}),
        ("scaffolder/v2/tasks", {"templateRef": HIDDEN[4], "values": {"a": "b"}}),
        (
            "scaffolder/v2/dry-run",
            {
                "template": {"spec": {"steps": [{"id": "c", "action": "catalog:fetch", "input": {"entityRef": lamp}}]}},
                "values": {},
                "directoryContents": [],
            },
        ),
        *((f"scaffolder/v2/tasks/{task}/cancel", {}) for task in server.known["taskId"]),
        *((f"scaffolder/v2/tasks/{task}/retry", {}) for task in server.known["taskId"]),
        (
            "permission/authorize",
            {
                "items": [
                    {
                        "id": "a",
                        "resourceRef": [lamp, vault],
                        "permission": {
                            "type": "resource",
                            "name": "catalog.entity.read",
                            "attributes": {"action": "read"},
                            "resourceType": "catalog-entity",
                        },
                    }
                ]
            },
        ),
        *(
            (f"catalog/.backstage/actions/v1/actions/{action}/invoke", given)
            for action, given in (
                ("catalog:query-catalog-entities", {"query": {"kind": "Component"}, "limit": 50}),
                ("catalog:get-catalog-entity", {"name": f"{NAME}-lamp", "kind": "Component"}),
                ("catalog:get-catalog-entity", {"name": f"{NAME}-template", "kind": "Template"}),
            )
        ),
        *(
            (f"scaffolder/.backstage/actions/v1/actions/{action}/invoke", given)
            for action, given in (
                ("scaffolder:list-scaffolder-tasks", {}),
                ("scaffolder:get-scaffolder-task-logs", {"taskId": server.known["taskId"][0]}),
                ("scaffolder:execute-template", {"templateRef": HIDDEN[4], "values": {}}),
            )
        ),
    ]
    tools: list[tuple[str, dict[str, Any]]] = [
        ("catalog.query-catalog-entities", {"query": {"kind": "Component"}, "limit": 50}),
        ("catalog.get-catalog-entity", {"name": f"{NAME}-lamp", "kind": "Component"}),
        ("search.query", {"term": "canary"}),
        ("scaffolder.list-scaffolder-tasks", {}),
    ]
    calls = [
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        for name, arguments in tools
    ]
    elsewhere = ["/api/search/query?term=canary", "/api/search/query?term=hush", "/api/search/query?term="]
    tasks = [f"/api/scaffolder/v2/tasks?{query}" for query in ("limit=10", f"createdBy={ZOE}", "status=completed")]
    return [
        *(Request("GET", catalog + query) for query in queries),
        *(Request("GET", path) for path in (*elsewhere, *tasks)),
        *(Request("POST", f"/api/{path}", body) for path, body in posts),
        *(Request("POST", "/api/mcp-actions/v1", call, MCP) for call in calls),
    ]


@pytest.fixture
async def server(database: AnyDatabase, tmp_path: Path) -> AsyncIterator[Server]:
    """On the test's database, which it opens for itself."""
    (tmp_path / "theatre.yaml").write_text(DESCRIPTORS)
    (tmp_path / "policy.yaml").write_text(POLICY)
    location = {
        "type": "file",
        "target": str(tmp_path / "theatre.yaml"),
        "rules": [{"allow": ["Component", "System", "API", "Resource", "Template", "Group"]}],
    }
    if isinstance(database, PostgresDatabase):
        connection: Any = {"client": "pg", "connection": database._url}
    else:
        connection = {"client": "better-sqlite3", "connection": {"directory": str(tmp_path / "data")}}
    tree: dict[str, Any] = {
        "backend": {"baseUrl": BASE_URL, "database": connection, "dataDirectory": str(tmp_path / "data")},
        "catalog": {"locations": [location]},
        "permission": {"enabled": True, "policy": str(tmp_path / "policy.yaml")},
    }
    host = create_host(config_of(tree), roles=["api", "ingest", "worker"], env={})
    await host.lifecycle.start()
    transport = httpx.ASGITransport(application(host, env={}))
    try:
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, timeout=60) as client:
            server = Server(host, client, f"file:{tmp_path / 'theatre.yaml'}")
            await fill(server)
            yield server
    finally:
        await host.lifecycle.stop()


async def fill(server: Server) -> None:
    """Waits for the entities, and has Zoë run a template whose task knows the secret."""
    zoe = await server.headers(ZOE)
    uids = [
        (await until(server, f"/api/catalog/entities/by-name/{_path(ref)}", zoe))["metadata"]["uid"] for ref in HIDDEN
    ]
    await until(server, "/api/catalog/entities/by-name/template/default/open-template", zoe)
    order = {"templateRef": "template:default/open-template", "values": {"word": SECRET}}
    made = await server.client.post("/api/scaffolder/v2/tasks", json=order, headers=zoe)
    assert made.status_code == 201, made.text
    task = made.json()["id"]
    await until(server, f"/api/scaffolder/v2/tasks/{task}", zoe, lambda found: found["status"] == "completed")
    await until(server, "/api/search/query?term=canary", zoe, lambda found: SECRET in str(found))
    locations = (await server.client.get("/api/catalog/locations", headers=zoe)).json()
    server.known = {
        "taskId": [task],
        "uid": uids[:1],
        "entity_id": uids[:1],
        "id": [entry["data"]["id"] for entry in locations][:1] or ["x"],
        "ref": [HIDDEN[0]],
    }


def _path(ref: str) -> str:
    return ref.replace(":", "/", 1)


async def until(server: Server, path: str, headers: Mapping[str, str], good: Any = lambda _: True) -> Any:
    for _ in range(600):
        answer = await server.client.get(path, headers=headers)
        if answer.status_code == 200 and good(answer.json()):
            return answer.json()
        await asyncio.sleep(0.05)
    raise AssertionError(f"{path} is not as expected after half a minute: {answer.text}")


async def told(server: Server, user: str) -> list[str]:
    """The requests whose answers hold what is hidden. Nothing may end in an error of ours either."""
    headers, found = await server.headers(user), []
    for request in [*server.readable(), *further(server)]:
        answer = await server.client.request(
            request.method, request.path, json=request.body, headers={**headers, **request.headers}
        )
        assert answer.status_code < 500, (request, answer.text)
        whole = answer.text + str(answer.headers)
        if SECRET in whole or (not request.names_it and NAME in whole):
            found.append(f"{request.method} {request.path} {request.body or ''}")
    return found


async def test_what_a_policy_hides_is_not_there_for_whom_it_binds(server: Server) -> None:
    await no_answer_holds_anything_of_it(server)
    await counts_and_pages_are_those_of_a_catalog_without_it(server)
    await nothing_of_it_can_be_used_or_changed(server)


async def no_answer_holds_anything_of_it(server: Server) -> None:
    everything = await told(server, ZOE)
    assert len(everything) > 40, everything
    for part in (
        "/api/search/query?term=canary",
        "/api/mcp-actions/v1",
        "/api/scaffolder/v2/tasks",
        "/api/catalog/graph",
    ):
        assert any(part in line for line in everything), part
    assert await told(server, EVE) == []


async def counts_and_pages_are_those_of_a_catalog_without_it(server: Server) -> None:
    zoe, eve = await server.headers(ZOE), await server.headers(EVE)

    async def counts(path: str) -> tuple[int, int]:
        answers = [(await server.client.get(path, headers=headers)).json() for headers in (zoe, eve)]
        return answers[0]["totalItems"], answers[1]["totalItems"]

    assert await counts("/api/catalog/entities/by-query?filter=kind=component&limit=0") == (2, 1)
    assert await counts("/api/catalog/entities/by-query?filter=kind=template&limit=0") == (2, 1)
    assert await counts(f"/api/catalog/entities/by-query?filter=spec.system={NAME}-vault&limit=0") == (3, 0)
    # Nor does the cursor of one who sees more open anything to one who sees less.
    page = (await server.client.get("/api/catalog/entities/by-query?limit=1", headers=zoe)).json()
    seen = []
    cursor = page["pageInfo"].get("nextCursor")
    while cursor:
        answer = await server.client.get(f"/api/catalog/entities/by-query?limit=1&cursor={cursor}", headers=eve)
        assert answer.status_code == 200, answer.text
        seen += [item["metadata"]["name"] for item in answer.json()["items"]]
        cursor = answer.json()["pageInfo"].get("nextCursor")
    assert "open-curtain" in seen and not [name for name in seen if name.startswith(NAME)]


async def nothing_of_it_can_be_used_or_changed(server: Server) -> None:
    eve, zoe = await server.headers(EVE), await server.headers(ZOE)
    lamp, uid, task = HIDDEN[0], server.known["uid"][0], server.known["taskId"][0]
    refused = [
        await server.client.post("/api/catalog/refresh", json={"entityRef": lamp}, headers=eve),
        await server.client.delete(f"/api/catalog/entities/by-uid/{uid}", headers=eve),
        await server.client.post(
            "/api/scaffolder/v2/tasks", json={"templateRef": HIDDEN[4], "values": {}}, headers=eve
        ),
        await server.client.get(
            f"/api/scaffolder/v2/templates/default/template/{NAME}-template/parameter-schema", headers=eve
        ),
        await server.client.post(f"/api/scaffolder/v2/tasks/{task}/cancel", headers=eve),
        await server.client.get(f"/api/scaffolder/v2/tasks/{task}", headers=eve),
        await server.client.get(f"/api/scaffolder/v2/tasks/{task}/eventstream", headers=eve),
    ]
    assert [answer.status_code for answer in refused] == [403, 403, 404, 404, 403, 403, 403]
    found = await server.client.get(f"/api/catalog/entities/by-uid/{uid}", headers=zoe)
    assert found.status_code == 200
