"""From a git push to the catalog's answer, through the whole server. Source: DESIGN §2."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import httpx
import orjson
import yaml

from app.main import create_app
from tests.app.reading.git_server import Repository, git_server

SECRET = "s3cret"


def descriptor(name: str, version: int) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": name},
            "spec": {"type": "service", "lifecycle": "production", "owner": "me", "version": version},
        }
    )


async def versions(client: httpx.AsyncClient) -> dict[str, int]:
    response = await client.get("/api/catalog/entities", params={"filter": "kind=component"})
    return {entity["metadata"]["name"]: entity["spec"]["version"] for entity in response.json()}


async def until(client: httpx.AsyncClient, wanted: dict[str, int]) -> float:
    """Seconds until the catalog holds what is wanted."""
    began = time.perf_counter()
    while (found := await versions(client)) != wanted:
        assert time.perf_counter() - began < 30, found
        await asyncio.sleep(0.02)
    return time.perf_counter() - began


async def push(client: httpx.AsyncClient, remote: str, commit: str) -> None:
    body = orjson.dumps({"repository": remote, "ref": "refs/heads/main", "after": commit})
    proof = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", "x-hub-signature-256": proof, "x-delivery-id": commit}
    assert (await client.post("/api/events/http/git", content=body, headers=headers)).status_code == 202


async def test_a_push_is_visible_before_anybody_looks(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "srv")
    repository.commit({f"services/{name}/catalog-info.yaml": descriptor(name, 1) for name in ("a", "b")})
    async with git_server(tmp_path / "srv") as server:
        remote = f"{server.url}/team/repo.git"
        config: dict[str, Any] = {
            "backend": {
                "auth": {"dangerouslyDisableDefaultAuthPolicy": True},
                "reading": {"allow": [{"host": server.host}]},
            },
            "events": {"modules": {"git": {"webhookSecret": SECRET}}},
            "catalog": {
                "scmEvents": True,
                "locations": [{"type": "git", "target": f"{remote}?path=/services/**/catalog-info.yaml"}],
            },
        }
        (tmp_path / "app-config.yaml").write_text(yaml.safe_dump(config))
        app = create_app([tmp_path / "app-config.yaml"], env={"CALLBOARD_DATA_DIR": str(tmp_path / "data")})
        await app.start()
        assert app.start_error is None
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://callboard.test") as client:
            await until(client, {"a": 1, "b": 1})
            changed = {
                "services/a/catalog-info.yaml": descriptor("a", 2),
                "services/c/catalog-info.yaml": descriptor("c", 1),
            }
            await push(client, remote, repository.commit(changed))
            # The promise is one second beside the fetch; a busy machine that runs the tests gets more.
            assert await until(client, {"a": 2, "b": 1, "c": 1}) < 10
        await app.stop()
