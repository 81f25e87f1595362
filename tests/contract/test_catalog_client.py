"""npm `@backstage/catalog-client`, which every Backstage plugin uses, drives a running Callboard."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.running import Callboard, files_on
from tests.postgres import free_port
from tests.reference.npm import installed

HERE = Path(__file__).parent / "client"
TOKEN = "client-test-token"

pytestmark = pytest.mark.xdist_group("catalog-client")

CATALOG = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: Web
  annotations: { example.com/a-b: "1" }
spec: { type: website, lifecycle: production, owner: team-a }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: worker }
spec: { type: service, lifecycle: production, owner: team-a }
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: { name: orders }
spec: { type: openapi, lifecycle: production, owner: team-a, definition: "openapi: 3.0.3" }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: mia }
spec: { memberOf: [] }
"""


def descriptor(name: str) -> str:
    return (
        "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
        f"metadata: {{ name: {name} }}\nspec: {{ type: service, lifecycle: production, owner: team-a }}\n"
    )


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What each method gave back."""
    folder, port = tmp_path_factory.mktemp("client"), free_port()
    (folder / "files").mkdir()
    (folder / "files" / "registered.yaml").write_text(descriptor("registered"))
    (folder / "files" / "moved.yaml").write_text(descriptor("moved"))
    (folder / "catalog.yaml").write_text(CATALOG)
    config = folder / "app-config.yaml"
    access = [{"type": "static", "options": {"token": TOKEN, "subject": "client-test"}}]
    config.write_text(
        json.dumps(
            {
                "backend": {
                    "baseUrl": "http://127.0.0.1",
                    "listen": {"host": "127.0.0.1", "port": "${PORT}"},
                    "reading": {"allow": [{"host": f"127.0.0.1:{port}"}]},
                    "auth": {"externalAccess": access},
                },
                "integrations": {"github": [{"host": "github.com"}]},
                "catalog": {
                    "rules": [{"allow": ["Component", "API", "User", "Location"]}],
                    "locations": [{"type": "file", "target": "./catalog.yaml"}],
                },
            }
        )
    )
    server = Callboard(folder, [config])
    base = f"http://127.0.0.1:{port}"
    with files_on(port, folder / "files"):
        server.start()
        try:
            done = subprocess.run(
                ["node", str(HERE / "drive.js"), server.url, TOKEN, f"{base}/registered.yaml", f"{base}/moved.yaml"],
                env={**os.environ, "NODE_PATH": str(installed(HERE) / "node_modules")},
                capture_output=True,
                check=False,
                timeout=100,
            )
        finally:
            server.stop()
        assert done.returncode == 0, done.stderr.decode()
        yield json.loads(done.stdout) | {"base": base}


def test_every_method_was_driven(driven: dict[str, Any]) -> None:
    assert driven["neverCalled"] == []


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("getEntities", [{"metadata": {"name": name}} for name in ("mia", "orders", "Web", "worker")]),
        ("getEntitiesPaged", ["worker"]),
        ("getEntitiesExists", ["Web"]),
        ("getEntitiesByRefs", [{"kind": "Component"}, None]),
        ("queryEntities", {"forward": [["Web"], ["worker"]], "back": ["Web"], "total": 2}),
        ("queryEntitiesByPredicate", {"forward": [["Web"], ["worker"]], "back": ["Web"], "total": 2}),
        ("queryEntitiesText", ["Web"]),
        ("getEntityByRef", ["Web", "Web", True]),
        ("getEntityByName", "orders"),
        ("getEntityAncestors", ["component:default/web", ["Component", "Location"]]),
        (
            "getEntityFacets",
            {"spec.type": [{"value": "service", "count": 1}, {"value": "website", "count": 1}], "nope": []},
        ),
        ("getEntityFacetsByPredicate", {"kind": [{"value": "API", "count": 1}]}),
        ("streamEntities", ["Web", "worker"]),
        ("analyzeLocation", "shop"),
        ("addLocationDry", [False, ["registered"]]),
        ("addLocationAgain", {"error": "ResponseError", "status": 409, "cause": "ConflictError"}),
        ("addLocationRefresh", True),
        ("queryLocations", [True]),
        ("getLocationByRef", True),
        ("getLocationByEntity", [True, True]),
        ("removeEntityByUid", True),
        ("removeLocationById", [0, {"error": "ResponseError", "status": 404, "cause": "NotFoundError"}]),
        ("unauthenticated", {"error": "ResponseError", "status": 401, "cause": "AuthenticationError"}),
    ],
)
def test_the_client_understands_what_it_gets(driven: dict[str, Any], method: str, expected: Any) -> None:
    assert driven[method] == expected


def test_the_client_finds_locations_by_all_their_names(driven: dict[str, Any]) -> None:
    registered = f"{driven['base']}/registered.yaml"
    assert driven["getLocations"] == driven["streamLocations"] == [registered]
    assert driven["getLocationById"] == [registered, True]
    assert driven["updateLocation"] == f"{driven['base']}/moved.yaml"


def test_the_client_is_told_what_is_not_valid(driven: dict[str, Any]) -> None:
    valid, invalid = driven["validateEntity"]
    assert valid == {"valid": True}
    assert invalid["valid"] is False
    assert [error["name"] for error in invalid["errors"]] == ["InputError"]
