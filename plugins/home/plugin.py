"""Registers the pages. Source: issue 2 §1."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import CallboardError
from app.interfaces import PluginHost, Principal, SearchExtensions
from catalog.interfaces import CatalogControl, EntitiesCatalog
from plugins.home.collator import HandbookCollator, HandbookSearchSettings
from plugins.home.documentation import documentation
from plugins.home.handbook import Handbook
from plugins.home.html import POLICY
from plugins.home.overview import Contents, Running, closed, overview

FRESH: Final = timedelta(seconds=3)


class HomePlugin:
    id = "home"

    def register(self, host: PluginHost) -> None:
        home = Home(host)
        routes = APIRouter(include_in_schema=False)

        # Where a portal is served, it has the first two addresses: then only those below /callboard are left.
        @routes.get("/")
        async def front(request: Request) -> Response:
            return _html(await home.overview(request, portal=False))

        @routes.get("/callboard")
        async def index(request: Request) -> Response:
            return _html(await home.overview(request))

        @routes.get("/docs")
        @routes.get("/callboard/docs")
        async def docs(request: Request) -> Response:
            return _html(documentation(home.title, host.contracts()))

        handbook = Handbook()

        @routes.get("/callboard/handbook")
        async def contents(request: Request) -> Response:
            return _html(handbook.contents())

        @routes.get("/callboard/handbook/{page}")
        async def page(request: Request) -> Response:
            return _html(handbook.page(request.path_params["page"]))

        host.mount_root(routes)
        if host.settings("search.collators.callboard", HandbookSearchSettings).enabled:
            base_url = str(host.config.get("backend.baseUrl") or "http://localhost:7007")
            collator = HandbookCollator(handbook, base_url, _installed())
            host.extension(SearchExtensions).add_collator(collator)
        # What the handbook says is in the source for everybody to read.
        host.allow_unauthenticated("/callboard/handbook")
        host.allow_unauthenticated("/callboard/handbook/*")
        # The page itself decides what it shows to whom; the documentation is behind the barrier as the documents are.
        host.allow_unauthenticated("/")
        host.allow_unauthenticated("/callboard")


class Home:
    """What the pages show."""

    def __init__(self, host: PluginHost) -> None:
        self._host = host
        self._started: datetime = host.clock.now()
        self._reading = asyncio.Lock()
        self._read_at: datetime | None = None
        self._known: Contents | None = None
        self.title = str(host.config.get("app.title") or "Callboard")
        self._policy_off = bool(host.config.get("backend.auth.dangerouslyDisableDefaultAuthPolicy", False))
        self._permissions = bool(host.config.get("permission.enabled", False))

    async def overview(self, request: Request, *, portal: bool = True) -> bytes:
        try:
            caller = await self._host.auth.principal_of(request)
        except CallboardError:
            return closed(self.title)
        if not self._may_see_all(caller):
            return closed(self.title)
        return overview(self._running(), await self._contents(), list(self._host.contracts()), portal=portal)

    def _may_see_all(self, caller: Principal) -> bool:
        """Counts and failures of the whole catalog are for those from whom no entity is hidden."""
        if caller.kind == "service":
            return caller.restrictions is None
        allowed = caller.kind == "user" or self._policy_off
        return allowed and not self._permissions and not caller.limited

    def _running(self) -> Running:
        host = self._host
        dialects = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
        return Running(
            title=self.title,
            version=_installed(),
            database=dialects[host.database.dialect],
            roles=sorted(host.roles),
            plugins=host.plugins,
            up=host.clock.now() - self._started,
        )

    async def _contents(self) -> Contents | None:
        """Looked up once in a while only: a page that is reloaded all the time must not keep the catalog busy."""
        async with self._reading:
            now = self._host.clock.now()
            if self._read_at is None or now - self._read_at > FRESH:
                self._known, self._read_at = await self._read(), now
            return self._known

    async def _read(self) -> Contents | None:
        try:
            catalog, control = self._host.service(EntitiesCatalog), self._host.service(CatalogControl)
        except LookupError:
            return None
        facets = await catalog.facets(["kind"], None)
        kinds = sorted(((facet.value, facet.count) for facet in facets["kind"]), key=lambda kind: (-kind[1], kind[0]))
        return Contents(
            kinds=kinds,
            failures=await control.unprocessed("failed", None),
            held=len(await control.held_mutations()),
        )


def _installed() -> str:
    try:
        return version("callboard")
    except PackageNotFoundError:
        return "unknown"


def _html(content: bytes) -> Response:
    headers = {"content-security-policy": POLICY, "cache-control": "no-store"}
    return Response(content, media_type="text/html", headers=headers)
