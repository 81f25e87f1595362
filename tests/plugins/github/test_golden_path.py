"""The example's golden paths that end at GitHub, over HTTP: a repository is made, then a pull request to it opened."""

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
from tests.plugins.github.fake import FakeGithub, fake_github

EXAMPLES = Path(__file__).parents[3] / "examples"
SETTLE_S = 60.0
USER_TOKEN = "ghu_ada"

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[FakeGithub]:
    async with fake_github(tmp_path / "hosted") as fake:
        fake.world.add_org("nightjar")
        fake.world.add_user("ada", orgs=("nightjar",))
        fake.add_token(USER_TOKEN, "ada")
        yield fake


@pytest.fixture
async def http(github: FakeGithub, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
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
    http: httpx.AsyncClient, github: FakeGithub
) -> None:
    url = f"{github.host}?owner=nightjar&repo=seat-maps"
    body, said = await ran(
        http, "python-service-github", {"name": "seat-maps", "owner": "group:default/booking", "repoUrl": url}
    )
    repo = github.world.repo("nightjar", "seat-maps")
    assert repo is not None
    assert repo.read(".github/CODEOWNERS") == b"* @nightjar/booking\n"
    assert repo.read("src/seat_maps/__init__.py") is not None
    protection = repo.settings["protection"]["main"]
    assert protection["required_pull_request_reviews"]["require_code_owner_reviews"] is True
    assert protection["required_status_checks"]["contexts"] == ["test"]
    assert body["output"]["links"][0]["url"] == f"{github.url}/nightjar/seat-maps.git"
    assert body["output"]["links"][1]["entityRef"] == "component:default/seat-maps"
    component = await awaited(http, "/api/catalog/entities/by-name/component/default/seat-maps")
    described = yaml.safe_load(repo.read("catalog-info.yaml") or b"")
    assert component["spec"]["owner"] == described["spec"]["owner"] == "group:default/booking"
    annotations = component["metadata"]["annotations"]
    page = f"{github.url}/nightjar/seat-maps"
    assert annotations["backstage.io/managed-by-location"] == f"url:{page}/tree/main/catalog-info.yaml"
    assert USER_TOKEN not in said

    body, said = await ran(
        http, "add-documentation", {"title": "Seat maps", "owner": "booking", "pages": ["Upper berths"], "repoUrl": url}
    )
    (pull,) = repo.settings["pulls"]
    assert body["output"]["links"][0]["url"] == pull["html_url"]
    assert repo.read("docs/upper-berths.md", "add-documentation") == b"# Upper berths\n"
    assert repo.read("Makefile", "add-documentation") == repo.read("Makefile")
    assert repo.read("docs/upper-berths.md") is None
    assert (pull["head"], pull["base"]) == ("nightjar:add-documentation", "main")
    assert USER_TOKEN not in said
    # Whatever was made was made in the user's name.
    assert {one.who for one in github.asked if one.method != "GET"} == {f"token:{USER_TOKEN}"}
