"""A router under a plugin's mount, behind the host's real pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import httpx
from fastapi import APIRouter

from app.auth.credentials import caller_of
from app.auth.service import AuthService
from app.http.mounts import Mounts
from app.http.pipeline import Pipeline
from app.lifecycle import Lifecycle
from tests.app.auth.world import BASE_URL


async def client_of(
    auth: AuthService,
    plugin: str,
    router: APIRouter,
    *,
    public: Iterable[str] = (),
    headers: Mapping[str, str] | None = None,
    contract: str | None = None,
) -> httpx.AsyncClient:
    """A client of the router; paths in `public` need no credentials (`/*`: none does)."""
    mounts = Mounts()
    mounts.add(plugin, router, contract)
    for path in public:
        mounts.allow(f"/api/{plugin}{path}")
    lifecycle = Lifecycle(frozenset())
    await lifecycle.start()
    pipeline = Pipeline(mounts, lifecycle, partial(caller_of, auth), security=[])
    transport = httpx.ASGITransport(pipeline)
    return httpx.AsyncClient(transport=transport, base_url=f"{BASE_URL}/api/{plugin}", headers=headers)
