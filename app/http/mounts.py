"""Where requests go: the plugins' mounts under `/api`, and the root."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.http.access import PathSet
from app.http.contract import Contract, merged
from app.http.exchange import JsonBytes
from app.http.routes import RouteTable
from app.interfaces import WebSocketEndpoint

FrameworkRoutes = Callable[[str], APIRouter]
"""Routes that every mount has, made for one plugin."""


class Mount:
    """One plugin's part of the URL space. `depth` is how many segments come before it."""

    def __init__(self, plugin: str | None) -> None:
        self.plugin = plugin
        self.prefix = "" if plugin is None else f"/api/{plugin}"
        self.depth: Final = 0 if plugin is None else 2
        self.table = RouteTable()
        self.public = PathSet()
        self.cookie = PathSet()
        self.contracts: list[Contract] = []
        self.sockets: dict[str, WebSocketEndpoint] = {}
        """WebSocket endpoints by path: lower-case segments, joined by `/`."""

    def add_contract(self, contract: Contract) -> None:
        self.contracts.append(contract)
        self.table.validate(contract.operations)

    def openapi(self) -> dict[str, Any]:
        return merged(self.contracts, self.prefix)


class Mounts:
    """All mounts of one server."""

    def __init__(self) -> None:
        self.root = Mount(None)
        self._plugins: dict[bytes, Mount] = {}
        self._framework: list[FrameworkRoutes] = [self._openapi_routes]
        self._public: list[str] = []
        self._loaded: dict[str, Contract] = {}

    def add(self, plugin: str, router: APIRouter, contract: str | None = None, *, public: bool = False) -> None:
        mount = self.of(plugin)
        if contract is not None and contract not in self._loaded:
            self._loaded[contract] = Contract.load(contract)
            mount.add_contract(self._loaded[contract])
        mount.table.add_router(router, public=public)

    def add_websocket(self, plugin: str, path: str, endpoint: WebSocketEndpoint) -> None:
        """Raises ValueError for a path that is taken."""
        sockets, key = self.of(plugin).sockets, "/".join(part.lower() for part in path.split("/") if part)
        if key in sockets:
            raise ValueError(f"/api/{plugin}/{key} is served already")
        sockets[key] = endpoint

    def add_root(self, router: APIRouter, *, public: bool = False, instead: bool = False) -> None:
        self.root.table.add_router(router, public=public, instead=instead)

    def add_framework(self, routes: FrameworkRoutes) -> None:
        self._framework.append(routes)
        for mount in self._plugins.values():
            assert mount.plugin is not None
            mount.table.add_router(routes(mount.plugin))

    def of(self, plugin: str) -> Mount:
        """The plugin's mount, made when it is first asked for."""
        key = plugin.lower().encode()
        if key not in self._plugins:
            mount = self._plugins[key] = Mount(plugin)
            for routes in self._framework:
                mount.table.add_router(routes(plugin))
            for path in self._public:
                mount.public.add(path)
        return self._plugins[key]

    def find(self, plugin: bytes) -> Mount | None:
        return self._plugins.get(plugin.lower())

    def all(self) -> list[Mount]:
        return sorted(self._plugins.values(), key=lambda mount: mount.plugin or "")

    def allow_everywhere(self, path: str) -> None:
        """Opens a path below every mount to everybody."""
        self._public.append(path)
        for mount in self._plugins.values():
            mount.public.add(path)

    def allow(self, path: str, *, cookie: bool = False) -> None:
        """Opens an absolute path: to everybody, or to holders of the auth cookie."""
        parts = [part for part in path.split("/") if part]
        if len(parts) >= 2 and parts[0].lower() == "api":
            mount, rest = self.of(parts[1]), "/" + "/".join(parts[2:])
        else:
            mount, rest = self.root, path
        (mount.cookie if cookie else mount.public).add(rest)

    def _openapi_routes(self, plugin: str) -> APIRouter:
        routes = APIRouter()

        @routes.get("/openapi.json")
        async def openapi(request: Request) -> Response:
            return JsonBytes(orjson.dumps(self.of(plugin).openapi(), default=str))

        return routes
