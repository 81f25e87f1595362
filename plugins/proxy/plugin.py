"""`/api/proxy/*`. Source: spec/ui-backends.md §12."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import InputError
from app.interfaces import PluginHost
from plugins.proxy.endpoint import Endpoint
from plugins.proxy.paths import PREFIX, leads_out
from plugins.proxy.settings import ProxySettings, endpoints_of

log = logging.getLogger(__name__)
METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class ProxyPlugin:
    id = "proxy"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("proxy", ProxySettings)
        open_policy = bool(host.config.get("backend.auth.dangerouslyDisableDefaultAuthPolicy", False))
        endpoints = []
        for named in endpoints_of(host.config.get("proxy"), settings):
            try:
                endpoint = Endpoint(named, host.outgoing, host.auth, open_policy=open_policy)
            except InputError as error:
                if not settings.skip_invalid_proxies:
                    raise
                log.warning("skipped configuring %s due to %s", named.path, error.message)
                continue
            endpoints.append(endpoint)
            if endpoint.public:
                host.allow_unauthenticated(f"{PREFIX}{endpoint.path}/*")
        host.mount("proxy", proxy_routes(endpoints))


def proxy_routes(endpoints: Sequence[Endpoint]) -> APIRouter:
    """The first endpoint whose path and methods fit takes a request."""
    routes = APIRouter(include_in_schema=False)

    @routes.api_route("/{path:path}", methods=METHODS)
    async def proxy(request: Request) -> Response:
        path = _below_mount(request)
        for endpoint in endpoints:
            if not endpoint.takes(path):
                continue
            if leads_out(path[len(endpoint.path) :]):
                return Response("Bad Request", 400, media_type="text/plain")
            if endpoint.allows(request.method):
                query = request.scope["query_string"].decode("latin-1")
                return await endpoint.answer(request, f"{PREFIX}{path}" + (f"?{query}" if query else ""))
        return Response(status_code=404)

    return routes


def _below_mount(request: Request) -> str:
    """The raw path behind `/api/proxy`, which may have been spelt in another case or with more slashes."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    path, seen, position = raw.partition(b"?")[0].decode("latin-1"), 0, 0
    while seen < 2:
        while path[position : position + 1] == "/":
            position += 1
        end = path.find("/", position)
        position, seen = len(path) if end < 0 else end, seen + 1
    return "/" + path[position:].lstrip("/")
