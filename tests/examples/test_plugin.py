"""The example package from outside: built, put beside a Callboard, and driven over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.app.test_cli import free_port

ROOT = Path(__file__).parents[2]
TOKEN = {"authorization": "Bearer a-static-token"}
CONFIG = """
backend:
  listen: {host: 127.0.0.1}
  auth:
    externalAccess:
      - {type: static, options: {token: a-static-token, subject: tests}}
      - type: static
        options: {token: a-token-for-nothing, subject: narrow}
        accessRestrictions: [{plugin: lamps, permission: lamps.lamp.switch}]
catalog:
  rules: [{allow: [Component, Resource]}]
  locations: [{type: file, target: ./signals.yaml}]
lamps: {file: ./lamps.json, refresh: 1h}
"""
SIGNALS = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: signal-box, annotations: {nightjar.example/lamps: 'north-1, resource:default/north-2'}}
spec: {type: service, lifecycle: production, owner: signals}
"""
LAMPS = [{"name": f"north-{n}", "track": str(6 + n), "owner": "group:default/signals"} for n in (1, 2)]


@pytest.fixture(scope="module")
def site_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as a wheel leaves it there."""
    folder = tmp_path_factory.mktemp("example")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT / "examples" / "plugin", check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def environment(site_packages: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{site_packages}{os.pathsep}{ROOT}", "LOG_FORMAT": "json"}


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, Path]]:
    folder = tmp_path_factory.mktemp("running")
    (folder / "app-config.yaml").write_text(CONFIG)
    (folder / "signals.yaml").write_text(SIGNALS)
    (folder / "lamps.json").write_text(json.dumps(LAMPS))
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=TOKEN) as client:
        eventually(lambda: ready(client), process)
        yield client, folder
    process.terminate()
    assert process.wait(timeout=30) == 0, (folder / "log").read_text()


def ready(client: httpx.Client) -> bool:
    try:
        return client.get("/.backstage/health/v1/readiness").status_code == 200
    except httpx.TransportError:
        return False


def eventually(holds: Callable[[], Any], process: subprocess.Popen[bytes] | None = None) -> Any:
    deadline = time.monotonic() + 60
    while not (found := holds()):
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None
        time.sleep(0.05)
    return found


def entity(client: httpx.Client, ref: str) -> Any:
    answer = client.get(f"/api/catalog/entities/by-name/{ref}")
    return answer.json() if answer.status_code == 200 else None


def test_an_installed_package_is_a_plugin(environment: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "plugins", "list"]
    listed = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert "lamps" in listed.stdout.split()


def test_its_provider_brings_lamps_into_the_catalog_and_follows_the_list(server: tuple[httpx.Client, Path]) -> None:
    client, folder = server
    lamp = eventually(lambda: entity(client, "resource/default/north-1"))
    assert lamp["metadata"]["labels"] == {"nightjar.example/track": "7"}
    assert {"type": "ownedBy", "targetRef": "group:default/signals"} in lamp["relations"]

    three = [*LAMPS, {"name": "north-3", "track": "9", "owner": "group:default/signals"}]
    trigger = "/api/lamps/.backstage/scheduler/v1/tasks/lamps_refresh/trigger"
    (folder / "lamps.json").write_text(json.dumps(three))
    eventually(lambda: client.post(trigger).status_code == 200)
    eventually(lambda: entity(client, "resource/default/north-3"))

    (folder / "lamps.json").write_text("[{")
    eventually(lambda: client.post(trigger).status_code == 200)
    tasks = "/api/lamps/.backstage/scheduler/v1/tasks"
    eventually(lambda: "InputError" in client.get(tasks).json()["tasks"][0]["taskState"].get("lastRunError", ""))
    assert entity(client, "resource/default/north-3") is not None, "an unreadable list removes nothing"

    (folder / "lamps.json").write_text(json.dumps(LAMPS))
    eventually(lambda: client.post(trigger).status_code == 200)
    eventually(lambda: entity(client, "resource/default/north-3") is None)


def test_its_processor_relates_what_switches_lamps_to_them(server: tuple[httpx.Client, Path]) -> None:
    client, _ = server
    box = eventually(lambda: entity(client, "component/default/signal-box"))
    depends = [r["targetRef"] for r in box["relations"] if r["type"] == "dependsOn"]
    assert depends == ["resource:default/north-1", "resource:default/north-2"]
    back = {"type": "dependencyOf", "targetRef": "component:default/signal-box"}
    eventually(lambda: back in (entity(client, "resource/default/north-2") or {"relations": []})["relations"])


def test_its_route_is_validated_documented_and_guarded(server: tuple[httpx.Client, Path]) -> None:
    client, _ = server
    assert client.get("/api/lamps/lamps", params={"track": "8"}).json() == {"items": [LAMPS[1]]}
    assert len(client.get("/api/lamps/lamps", params={"limit": "1"}).json()["items"]) == 1
    refused = client.get("/api/lamps/lamps", params={"limit": "0"})
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "request/query/limit must be >= 1")
    assert "/api/lamps/lamps" in client.get("/api/lamps/openapi.json").json()["paths"]
    assert httpx.get(f"{client.base_url}/api/lamps/lamps").status_code == 401
    narrow = client.get("/api/lamps/lamps", headers={"authorization": "Bearer a-token-for-nothing"})
    assert (narrow.status_code, narrow.json()["error"]["name"]) == (403, "NotAllowedError")
    metadata = client.get("/api/lamps/.well-known/backstage/permissions/metadata").json()
    assert [permission["name"] for permission in metadata["permissions"]] == ["lamps.lamp.read"]
