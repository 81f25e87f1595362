"""`/api/devtools`. Source: spec/ui-backends.md §13."""

from __future__ import annotations

import asyncio
from typing import Final

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import NotAllowedError
from app.interfaces import JsonBytes, Permission, PluginHost, caller
from plugins.devtools.dependencies import ExternalDependencies
from plugins.devtools.info import info
from plugins.devtools.settings import DevToolsSettings

ADMINISTER: Final = Permission("devtools.administer", "read")
INFO: Final = Permission("devtools.info", "read")
CONFIG: Final = Permission("devtools.config", "read")
DEPENDENCIES: Final = Permission("devtools.external-dependencies", "read")
SCHEDULER_READ: Final = Permission("devtools.scheduler.read", "read")
SCHEDULER_TRIGGER: Final = Permission("devtools.scheduler.trigger", "update")


class DevToolsPlugin:
    id = "devtools"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("devTools", DevToolsSettings)
        host.permissions.declare(self.id, [ADMINISTER, INFO, CONFIG, DEPENDENCIES, SCHEDULER_READ, SCHEDULER_TRIGGER])
        host.mount(self.id, devtools_routes(host, settings))
        host.allow_unauthenticated("/api/devtools/health")


def devtools_routes(host: PluginHost, settings: DevToolsSettings) -> APIRouter:
    routes = APIRouter(tags=["DevTools"])
    dependencies = ExternalDependencies(settings.external_dependencies.endpoints, host.outgoing)

    async def demand(request: Request, permission: Permission) -> None:
        if not await host.permissions.check(permission, caller(request), plugin="devtools"):
            raise NotAllowedError("Unauthorized")

    @routes.get("/health")
    async def health(request: Request) -> Response:
        return JsonBytes(b'{"status":"ok"}')

    @routes.get("/info")
    async def running(request: Request) -> Response:
        await demand(request, INFO)
        found = await asyncio.to_thread(info, settings.info.package_prefixes)
        return JsonBytes(orjson.dumps(found), etag=False)

    @routes.get("/config")
    async def config(request: Request) -> Response:
        """The merged configuration, `<secret>` in place of secrets."""
        await demand(request, CONFIG)
        return JsonBytes(orjson.dumps({"config": host.config.redacted()}))

    @routes.get("/external-dependencies")
    async def external_dependencies(request: Request) -> Response:
        await demand(request, DEPENDENCIES)
        return JsonBytes(orjson.dumps(await dependencies.checked()), etag=False)

    return routes
