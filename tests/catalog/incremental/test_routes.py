"""Steering over HTTP, in the reference's words. Source: spec/catalog.md §1.5."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.interfaces import PluginHost
from app.main import create_app, load_plugins
from catalog.interfaces import CatalogExtensions
from tests.catalog.incremental.test_engine import NAME, Warehouse

BASE = "/api/catalog/incremental"
ONE = f"{BASE}/providers/{NAME}"


class WarehousePlugin:
    id = "warehouse"

    def register(self, host: PluginHost) -> None:
        host.extension(CatalogExtensions).add_incremental_provider(Warehouse("a", "b", "c"))


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    token = {"type": "static", "options": {"token": "a-token-1", "subject": "x"}}
    narrow = {
        "type": "static",
        "options": {"token": "a-token-2", "subject": "y"},
        "accessRestrictions": [{"plugin": "catalog", "permission": "catalog.entity.read"}],
    }
    config: dict[str, Any] = {"backend": {"auth": {"externalAccess": [token, narrow]}}}
    (tmp_path / "app-config.yaml").write_text(yaml.safe_dump(config))
    app = create_app(
        [tmp_path / "app-config.yaml"],
        env={"CALLBOARD_DATA_DIR": str(tmp_path / "data")},
        plugins=[*load_plugins(), WarehousePlugin()],
    )
    await app.start()
    try:
        transport = httpx.ASGITransport(app)
        headers = {"authorization": "Bearer a-token-1"}
        async with httpx.AsyncClient(transport=transport, base_url="http://callboard", headers=headers) as client:
            yield client
    finally:
        await app.stop()


async def get(client: httpx.AsyncClient, path: str) -> Any:
    return (await client.get(path)).json()


async def until_resting(client: httpx.AsyncClient) -> Any:
    began = time.monotonic()
    while (found := await get(client, ONE)).get("status", {}).get("current_action") != "resting":
        assert time.monotonic() - began < 30, found
        await asyncio.sleep(0.02)
    return found


async def test_an_operator_follows_and_steers_an_ingestion(client: httpx.AsyncClient) -> None:
    resting = await until_resting(client)
    assert resting["success"] is True
    assert resting["last_error"] is None
    assert resting["status"].keys() == {"current_action", "next_action_at"}
    assert await get(client, f"{BASE}/health") == {"healthy": True}
    assert await get(client, f"{BASE}/providers") == {"success": True, "providers": [NAME]}
    marks = (await get(client, f"{ONE}/marks"))["records"]
    assert [(one["sequence"], one["cursor"]) for one in marks] == [(1, {"from": 4}), (0, {"from": 2})]
    assert marks[0].keys() == {"id", "sequence", "ingestion_id", "cursor", "created_at"}

    answer = await client.post(f"{ONE}/start")
    assert answer.json() == {"success": True, "message": f"{NAME}: Next cycle triggered."}
    began = time.monotonic()
    while {one["ingestion_id"] for one in (await get(client, f"{ONE}/marks")).get("records", [])} <= {
        marks[0]["ingestion_id"]
    }:
        assert time.monotonic() - began < 30
        await asyncio.sleep(0.02)
    await until_resting(client)

    answer = await client.post(f"{ONE}/cancel")
    assert answer.json() == {"success": True, "message": f"{NAME}: Current ingestion canceled."}
    answer = await client.delete(f"{ONE}/marks")
    assert answer.json()["success"] is True
    assert answer.json()["deletions"]["deletions"].keys() == {
        "markEntitiesDeleted",
        "marksDeleted",
        "ingestionsDeleted",
    }
    answer = await client.delete(ONE)
    assert answer.json() == {
        "provider": NAME,
        "ingestionsDeleted": 1,
        "marksDeleted": 2,
        "markEntitiesDeleted": 3,
    }
    answer = await client.post(f"{BASE}/cleanup")
    assert answer.json() == {"ingestionsDeleted": 1, "ingestionMarksDeleted": 0, "markEntitiesDeleted": 0}
    answer = await client.post(f"{ONE}/trigger")
    assert answer.json() == {"success": True, "message": f"{NAME}: Next action triggered."}


@pytest.mark.parametrize("path", ["", "/marks"])
async def test_an_unknown_provider(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"{BASE}/providers/nobody{path}")
    assert answer.status_code == 404
    assert answer.json() == {"success": False, "status": {}, "last_error": "Provider 'nobody' not found"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/trigger"), ("POST", "/start"), ("POST", "/cancel"), ("DELETE", ""), ("DELETE", "/marks")],
)
async def test_an_unknown_provider_cannot_be_steered(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, f"{BASE}/providers/nobody{path}")
    assert answer.status_code == 404
    assert answer.json() == {"success": False, "message": "Provider 'nobody' not found"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health"),
        ("GET", "/providers"),
        ("GET", f"/providers/{NAME}"),
        ("GET", f"/providers/{NAME}/marks"),
        ("POST", "/cleanup"),
        ("POST", f"/providers/{NAME}/trigger"),
        ("POST", f"/providers/{NAME}/start"),
        ("POST", f"/providers/{NAME}/cancel"),
        ("DELETE", f"/providers/{NAME}"),
        ("DELETE", f"/providers/{NAME}/marks"),
    ],
)
async def test_who_may_only_read_entities_may_not(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, f"{BASE}{path}", headers={"authorization": "Bearer a-token-2"})
    assert answer.status_code == 403
    assert answer.json()["error"]["name"] == "NotAllowedError"
