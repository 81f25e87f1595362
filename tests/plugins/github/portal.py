"""The whole server in this process, in front of the fake GitHub, which sends it its webhooks."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import orjson
import yaml

from app.http.application import Application
from app.interfaces import Plugin
from app.main import create_app
from tests.plugins.github.fake import FakeGithub

Json = Any
SECRET = "hook-s3cret"
PATIENCE_S = 30.0


def descriptor(name: str, **spec: Json) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": name},
            "spec": {"type": "service", "lifecycle": "production", "owner": "me", **spec},
        }
    )


class Github(Protocol):
    """The fake, or the emulator."""

    def integration(self) -> dict[str, Json]: ...


class Portal:
    """A client of the server, and the ways GitHub has to it."""

    def __init__(self, app: Application, client: httpx.AsyncClient, github: Github) -> None:
        self.app = app
        self.client = client
        self._github = github
        self.deliveries = 0

    async def entities(self, query: Json = None, **params: str) -> list[Json]:
        response = await self.client.get("/api/catalog/entities", params=params)
        assert response.status_code == 200, response.text
        found: list[Json] = response.json()
        return found

    async def components(self) -> dict[str, Json]:
        """By name."""
        return {one["metadata"]["name"]: one for one in await self.entities(filter="kind=component")}

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str = "") -> float:
        """Seconds until something holds."""
        began = time.perf_counter()
        while not await holds():
            assert time.perf_counter() - began < PATIENCE_S, f"it never comes: {what}"
            await asyncio.sleep(0.05)
        return time.perf_counter() - began

    async def until_components(self, wanted: Callable[[dict[str, Json]], bool]) -> float:
        async def holds() -> bool:
            return wanted(await self.components())

        return await self.until(holds)

    async def until_counted(self, wanted: int) -> None:
        """So many components, counted without reading them."""

        async def holds() -> bool:
            params = {"filter": "kind=component", "limit": "0"}
            found = await self.client.get("/api/catalog/entities/by-query", params=params)
            return bool(found.json()["totalItems"] == wanted)

        await self.until(holds, f"{wanted} components")

    async def deliver(
        self, event: str, payload: Json, *, delivery: str | None = None, secret: str = SECRET
    ) -> httpx.Response:
        body = orjson.dumps(payload)
        self.deliveries += 1
        headers = {
            "content-type": "application/json",
            "x-github-event": event,
            "x-github-delivery": delivery or f"delivery-{self.deliveries}",
            "x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
        }
        return await self.client.post("/api/events/http/github", content=body, headers=headers)

    async def deliver_all(self) -> int:
        """Everything GitHub has to tell, in order."""
        assert isinstance(self._github, FakeGithub)
        hooks = self._github.world.take_hooks()
        for event, payload in hooks:
            assert (await self.deliver(event, payload)).status_code == 202
        return len(hooks)

    async def refresh(self, provider: str, *, expect: str = "completed") -> None:
        """Run a provider's scheduled task now, and wait for its end."""
        host = self.app.state.host
        task = f"{provider}:refresh"
        entry = host.scheduler._entry("catalog", task)
        try:
            await asyncio.wait_for(entry.task.run(), PATIENCE_S)
        except Exception:
            if expect == "completed":
                raise
        else:
            assert expect == "completed", "the run should have failed"

    async def settled(self) -> None:
        from datetime import timedelta

        from catalog.interfaces import CatalogControl

        assert await self.app.state.host.service(CatalogControl).settled(timeout=timedelta(seconds=PATIENCE_S))


@asynccontextmanager
async def portal(
    github: Github,
    folder: Path,
    providers: Mapping[str, Json],
    *,
    integration: Mapping[str, Json] | None = None,
    catalog: Mapping[str, Json] | None = None,
    database: Mapping[str, Json] | None = None,
    plugins: Sequence[Plugin] | None = None,
) -> AsyncIterator[Portal]:
    """`providers` is `catalog.providers`; `integration` changes GitHub's entry."""
    config: dict[str, Json] = {
        "backend": {
            "auth": {"dangerouslyDisableDefaultAuthPolicy": True},
            **({"database": dict(database)} if database else {}),
        },
        "integrations": {"github": [{**github.integration(), **(integration or {})}]},
        "events": {"modules": {"github": {"webhookSecret": SECRET}}},
        "catalog": {
            "rules": [{"allow": ["Component", "API", "Location", "User", "Group", "System"]}],
            "providers": dict(providers),
            **(catalog or {}),
        },
    }
    (folder / "app-config.yaml").write_text(yaml.safe_dump(config))
    app = create_app([folder / "app-config.yaml"], env={"CALLBOARD_DATA_DIR": str(folder / "data")}, plugins=plugins)
    await app.start()
    assert app.start_error is None
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://callboard.test") as client:
            yield Portal(app, client, github)
    finally:
        await app.stop()
