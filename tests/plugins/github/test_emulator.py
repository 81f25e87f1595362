"""From the emulator's REST and webhooks into the catalog: discover, push, rename, archive, transfer, delete."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.app.reading.web_server import Asked, reply
from tests.plugins.github.emulator import Emulator, emulator
from tests.plugins.github.portal import SECRET, Portal, descriptor, portal

Json = Any
MANUAL = {"schedule": {"frequency": {"trigger": "manual"}, "timeout": {"minutes": 5}}}


async def ignored(heard: Asked) -> bytes:
    return reply(b"{}")


@pytest_asyncio.fixture
async def github(tmp_path: Path) -> AsyncIterator[Emulator]:
    async with emulator(tmp_path, SECRET) as started:
        started.hooked = ignored
        for number in range(4):
            await started.put(f"acme/repo-{number}", "catalog-info.yaml", descriptor(f"repo-{number}"))
        yield started


async def test_the_catalog_follows_the_emulator(github: Emulator, tmp_path: Path) -> None:
    provider = {"host": github.host, "validateLocationsExist": True, **MANUAL}
    providers = {"github": {org: {"organization": org, **provider} for org in ("acme", "globex")}}
    hooks: list[str] = []
    async with portal(github, tmp_path, providers) as running:

        async def deliver(heard: Asked) -> bytes:
            """The emulator's own deliveries, signature and all, as they are."""
            hooks.append(heard.headers["x-github-event"])
            headers = {**heard.headers, "content-type": "application/json"}
            response = await running.client.post("/api/events/http/github", content=heard.body, headers=headers)
            assert response.status_code == 202, response.text
            return reply(b"{}")

        github.hooked = deliver
        await running.refresh("github-provider:acme")
        await running.until_counted(4)

        await github.put("acme/repo-0", "catalog-info.yaml", descriptor("repo-0", version=2))
        began = time.perf_counter()
        await running.until_components(lambda found: found["repo-0"]["spec"].get("version") == 2)
        assert time.perf_counter() - began < 10 and "push" in hooks

        before = await uids(running)
        await github.call("PATCH", "/repos/acme/repo-1", {"name": "renamed"})
        await github.call("POST", "/repos/acme/repo-2/transfer", {"new_owner": "globex"})
        await github.call("PATCH", "/repos/acme/repo-3", {"archived": True})
        await sync(running, github)
        await running.until_components(
            lambda found: (
                found.keys() == {"repo-0", "repo-1", "repo-2"}
                and "/acme/renamed/" in place(found["repo-1"])
                and "/globex/repo-2/" in place(found["repo-2"])
            )
        )
        after = await uids(running)
        assert {name: after[name] for name in ("repo-1", "repo-2")} == {n: before[n] for n in ("repo-1", "repo-2")}
        await github.call("DELETE", "/repos/acme/repo-0")
        await sync(running, github)
        await running.until_components(lambda found: "repo-0" not in found)


async def sync(running: Portal, github: Emulator) -> None:
    """A scan: the emulator does not tell of everything by webhook."""
    for org in ("acme", "globex"):
        await running.refresh(f"github-provider:{org}")


async def uids(running: Portal) -> dict[str, Json]:
    return {name: one["metadata"]["uid"] for name, one in (await running.components()).items()}


def place(entity: Json) -> str:
    return str(entity["metadata"]["annotations"]["backstage.io/managed-by-location"])
