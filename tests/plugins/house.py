"""A whole server of chosen plugins, in this process, on a database of the test's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import orjson

from app.actions.routes import action_routes
from app.auth.credentials import caller_of
from app.auth.routes import JWKS_PATH, auth_routes
from app.auth.service import AuthService
from app.database.upgrade import bring_up_to_date
from app.events import EventBus
from app.host import Host, Services
from app.http.application import Application
from app.http.pipeline import Pipeline
from app.http.websockets import WebSockets
from app.interfaces import Outgoing, Plugin, PluginHost
from app.permissions.routes import permission_routes
from app.permissions.service import PermissionService
from app.reading.service import ReadingService
from catalog.interfaces import EntitiesCatalog
from tests.app.auth.world import BASE_URL, Network, SetClock, config_of
from tests.conftest import AnyDatabase


class EntitiesPlugin:
    """A catalog that holds these entities, as far as sign-in and policies ask it."""

    id = "catalog"

    def __init__(self, *entities: Mapping[str, Any]) -> None:
        self.documents = {_ref(entity): orjson.dumps(entity) for entity in entities}

    def register(self, host: PluginHost) -> None:
        host.provide(EntitiesCatalog, self)

    async def by_refs(self, refs: Sequence[str], query: Any = None, *, visible: Any = None) -> list[bytes | None]:
        return [self.documents.get(ref) for ref in refs]

    async def listing(
        self, query: Any, order: Any, *, limit: int | None, offset: int = 0, visible: Any = None
    ) -> tuple[list[bytes], bool]:
        """Of queries that name a kind and values of fields, as sign-in does."""
        found = [document for document in self.documents.values() if _matches(orjson.loads(document), query)]
        return found[:limit], limit is not None and len(found) > limit


def _matches(entity: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    def held(path: str) -> str:
        for prefix in ("metadata.annotations.", "spec.profile."):
            if path.startswith(prefix):
                first, second = prefix.split(".")[:2]
                return str(entity.get(first, {}).get(second, {}).get(path.removeprefix(prefix), "")).lower()
        return str(entity.get(path, "")).lower()

    return all(held(path) == value.lower() for path, value in query.items())


def _ref(entity: Mapping[str, Any]) -> str:
    metadata = entity["metadata"]
    return f"{entity['kind']}:{metadata.get('namespace', 'default')}/{metadata['name']}".lower()


@asynccontextmanager
async def opened(
    database: AnyDatabase,
    config: Mapping[str, Any],
    plugins: Iterable[Plugin],
    *,
    folder: Path,
    clock: SetClock | None = None,
    outgoing: Outgoing | None = None,
) -> AsyncIterator[tuple[Host, httpx.AsyncClient]]:
    """The started host, and a client of it without credentials."""
    layered = config_of({**config, "backend": {"baseUrl": BASE_URL, **config.get("backend", {})}})
    clock, outgoing = clock or SetClock(), outgoing or Network()
    auth = AuthService(layered, database, clock, outgoing)
    permissions = PermissionService(enabled=layered.get("permission.enabled", False))
    reading = ReadingService(layered, outgoing, folder)
    services = Services(database, outgoing, auth, permissions, reading, EventBus(), clock)
    host = Host(layered, services, roles=frozenset({"api"}), data_dir=folder)
    host.framework(action_routes(host.actions, auth.principal_of))
    host.framework(lambda plugin: auth_routes(plugin, auth, clock, BASE_URL))
    host.framework(lambda plugin: permission_routes(permissions.of(plugin), auth))
    for plugin in plugins:
        host.register(plugin)
        host.allow_unauthenticated(f"/api/{plugin.id}{JWKS_PATH}")
    await bring_up_to_date(database, {"host": "app.auth.migrations", **host.migration_packages})
    await host.lifecycle.start()
    pipeline = Pipeline(host.mounts, host.lifecycle, partial(caller_of, auth), security=[])
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(pipeline), base_url=BASE_URL) as client:
            yield host, client
    finally:
        await host.lifecycle.stop()


def application_of(host: Host) -> Application:
    """The host's whole ASGI application, for a server."""
    auth: Any = host.auth
    pipeline = Pipeline(host.mounts, host.lifecycle, partial(caller_of, auth), security=[])
    websockets = WebSockets(host.mounts, host.lifecycle, auth, now=lambda: host.clock.now().timestamp())
    return Application(pipeline, host.lifecycle, websockets=websockets)
