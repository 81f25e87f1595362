"""The example's golden paths that end at GitHub, over HTTP, published to the emulator: a repository is made, protected,
pushed by git and registered, then a pull request to it opened.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.contract.running import Callboard
from tests.plugins.github.emulated import Emulator, emulator
from tests.plugins.github.portal import SECRET

EXAMPLES = Path(__file__).parents[3] / "examples"
SETTLE_S = 60.0
USER_TOKEN = "ghu_ada"

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[Emulator]:
    (tmp_path / "emulated").mkdir()
    async with emulator(tmp_path / "emulated", SECRET, orgs=["nightjar"], tokens={USER_TOKEN: "ada"}) as started:
        yield started


@pytest.fixture
async def http(github: Emulator, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    own = tmp_path / "app-config.own.yaml"
    server = Callboard(tmp_path, [tmp_path / "examples" / "app-config.yaml", own])
    backend = {"listen": {"port": server.port}, "baseUrl": server.url}
    own.write_text(json.dumps({"backend": backend, "integrations": {"github": [github.integration()]}}))
    await asyncio.to_thread(server.start)
    try:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            token = (await client.get("/api/auth/guest/refresh")).json()["backstageIdentity"]["token"]
            client.headers["authorization"] = f"Bearer {token}"
            yield client
    finally:
        await asyncio.to_thread(server.stop)


async def awaited(http: httpx.AsyncClient, path: str) -> dict[str, Any]:
    async with asyncio.timeout(SETTLE_S):
        while (answer := await http.get(path)).status_code != 200:  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.1)
    found: dict[str, Any] = answer.json()
    return found


async def ran(http: httpx.AsyncClient, template: str, values: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What a task says in the end, and all it has streamed."""
    await awaited(http, f"/api/scaffolder/v2/templates/default/template/{template}/parameter-schema")
    asked = {
        "templateRef": f"template:default/{template}",
        "values": values,
        "secrets": {"USER_OAUTH_TOKEN": USER_TOKEN},
    }
    created = await http.post("/api/scaffolder/v2/tasks", json=asked)
    assert created.status_code == 201, created.text
    async with http.stream("GET", f"/api/scaffolder/v2/tasks/{created.json()['id']}/eventstream") as stream:
        text = "".join([chunk async for chunk in stream.aiter_text()])
    name, data = text.rstrip("\n").split("\n\n")[-1].split("\n")
    assert name == "event: completion"
    body: dict[str, Any] = json.loads(data.removeprefix("data: "))["body"]
    assert body["message"] == "Run completed with status: completed", text
    return body, text


async def test_from_a_form_to_a_protected_repository_and_on_to_a_pull_request(
    http: httpx.AsyncClient, github: Emulator
) -> None:
    async def read(path: str, ref: str = "main") -> bytes | None:
        return await github.read("nightjar/seat-maps", path, ref)

    url = f"{github.host}?owner=nightjar&repo=seat-maps"
    body, said = await ran(
        http, "python-service-github", {"name": "seat-maps", "owner": "group:default/booking", "repoUrl": url}
    )
    assert await read(".github/CODEOWNERS") == b"* @nightjar/booking\n"
    assert await read("src/seat_maps/__init__.py") is not None
    protection = await github.call("GET", "/repos/nightjar/seat-maps/branches/main/protection")
    assert protection["required_pull_request_reviews"]["require_code_owner_reviews"] is True
    assert protection["required_status_checks"]["contexts"] == ["test"]
    assert "nightjar/seat-maps git-receive-pack" in github.git.served
    assert body["output"]["links"][0]["url"] == f"{github.url}/nightjar/seat-maps.git"
    assert body["output"]["links"][1]["entityRef"] == "component:default/seat-maps"
    component = await awaited(http, "/api/catalog/entities/by-name/component/default/seat-maps")
    described = yaml.safe_load(await read("catalog-info.yaml") or b"")
    assert component["spec"]["owner"] == described["spec"]["owner"] == "group:default/booking"
    annotations = component["metadata"]["annotations"]
    page = f"{github.url}/nightjar/seat-maps"
    assert annotations["backstage.io/managed-by-location"] == f"url:{page}/tree/main/catalog-info.yaml"
    assert USER_TOKEN not in said

    body, said = await ran(
        http, "add-documentation", {"title": "Seat maps", "owner": "booking", "pages": ["Upper berths"], "repoUrl": url}
    )
    (pull,) = await github.call("GET", "/repos/nightjar/seat-maps/pulls")
    assert body["output"]["links"][0]["url"] == pull["html_url"]
    assert await read("docs/upper-berths.md", "add-documentation") == b"# Upper berths\n"
    assert await read("Makefile", "add-documentation") == await read("Makefile")
    assert await read("docs/upper-berths.md") is None
    assert (pull["head"]["label"], pull["base"]["ref"]) == ("nightjar:add-documentation", "main")
    assert USER_TOKEN not in said
    # Whatever was made was made in the user's name.
    assert {one.headers["authorization"] for one in github.asked if one.method != "GET" and one.path != "/graphql"} == {
        f"Bearer {USER_TOKEN}"
    }
