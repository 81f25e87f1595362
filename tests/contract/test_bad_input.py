"""Whatever the contract allows, and much that it does not, is answered without a server error."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from tests.contract.running import START_TIMEOUT_S, Callboard, on_database
from tests.contract.test_catalog_client import CATALOG

CONTRACT = Path(__file__).parents[2] / "openapi" / "catalog.yaml"
TOKEN = "bad-input-token"
HEADERS = {"authorization": f"Bearer {TOKEN}"}

ODD = """---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: odd
  annotations: { backstage.io/managed-by-origin-location: "url:a\\0b" }
spec: { type: "\\0", lifecycle: "\\uD800", owner: "x\\0" }
"""

schema = schemathesis.openapi.from_path(CONTRACT)
pytestmark = pytest.mark.xdist_group("bad-input")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callboard]:
    folder = tmp_path_factory.mktemp("bad-input")
    (folder / "catalog.yaml").write_text(CATALOG + ODD)
    config = folder / "app-config.yaml"
    config.write_text(
        json.dumps(
            {
                "backend": {
                    "baseUrl": "http://127.0.0.1",
                    "listen": {"host": "127.0.0.1", "port": "${PORT}"},
                    "auth": {
                        "externalAccess": [{"type": "static", "options": {"token": TOKEN, "subject": "bad-input"}}]
                    },
                },
                "catalog": {
                    "rules": [{"allow": ["Component", "API", "User", "Location"]}],
                    "locations": [{"type": "file", "target": "./catalog.yaml"}],
                },
            }
        )
    )
    opened = Callboard(folder, [config, *on_database(request.param, folder, request)]).start()
    odd = f"{opened.url}/api/catalog/entities/by-name/component/default/odd"
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while httpx.get(odd, headers=HEADERS).status_code != 200:
            assert time.monotonic() < deadline, opened.log.read_text()[-3000:]
            time.sleep(0.05)
        yield opened
    finally:
        opened.stop()


@schema.parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_breaks_the_server(case: Any, server: Callboard) -> None:
    response = case.call(base_url=f"{server.url}/api/catalog", headers=HEADERS)
    # A refresh may carry a token of its own, which here is none.
    assert response.status_code != 401 or case.path == "/refresh"
    case.validate_response(response, checks=[not_a_server_error])


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "%00", "\ud800", "'; DROP TABLE catalog_entity; --", "x" * 5000])
def test_odd_texts_are_texts_like_any_other(server: Callboard, text: str) -> None:
    with httpx.Client(base_url=f"{server.url}/api/catalog", headers=HEADERS) as client:
        answers = [
            client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
            for path, body in (
                ("/entities/by-query", {"query": {"metadata.name": text}}),
                ("/entities/by-query", {"query": {text: {"$exists": True}}}),
                (
                    "/entities/by-query",
                    {"orderBy": [{"field": text, "order": "asc"}], "fullTextFilter": {"term": text}},
                ),
                ("/entities/by-refs", {"entityRefs": [text], "fields": [text]}),
                ("/entity-facets", {"facets": [text]}),
                ("/refresh", {"entityRef": text}),
                ("/locations/by-query", {"query": {"target": text}}),
                ("/locations?dryRun=true", {"type": "url", "target": text}),
                ("/analyze-location", {"location": {"type": "url", "target": text}}),
            )
        ]
        written = "".join(char if char.isascii() and char.isprintable() else "%00" for char in text)
        answers += [
            client.get(path.replace("@", written))
            for path in (
                "/entities?filter=metadata.name=@&fields=@",
                "/entities?order=asc:@&limit=1",
                "/entities/by-query?orderField=@&fullTextFilterTerm=@&fullTextFilterFields=@",
                "/entities/by-name/@/@/@",
                "/entities/by-uid/@",
                "/locations/@",
                "/locations/by-entity/component/default/odd",
                "/entities/by-name/component/default/odd/ancestry",
                "/graph?ref=component:default/odd&format=svg",
                "/explain?ref=component:default/odd&format=text",
                "/graph?ref=a:@&kinds=@&relations=@",
                "/owners/a:@",
                "/explain?url=@",
                "/explain?ref=a:@",
            )
        ]
        for method, path in (
            ("PUT", "/locations/@"),
            ("DELETE", "/locations/@"),
            ("DELETE", "/entities/by-uid/@"),
            ("DELETE", "/entities/unprocessed/delete/@"),
            ("POST", "/ingestion/held/@/release"),
            ("DELETE", "/ingestion/held/@"),
        ):
            body = {"type": "url", "target": "http://a.example"} if method == "PUT" else None
            answers.append(client.request(method, path.replace("@", written), json=body))
    assert [(str(answer.url), answer.text) for answer in answers if answer.status_code >= 500] == []
    assert httpx.get(f"{server.url}/.backstage/health/v1/readiness").status_code == 200
