"""`/api/auth/{provider}/…`. Source: spec/ui-backends.md §3.2."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.interfaces import SignInProvider, UnknownProviderError
from plugins.auth.building import Providers

_EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def provider_routes(providers: Providers) -> APIRouter:
    """The routes of all providers. Whatever is not one of theirs names a provider that nobody knows."""
    routes = APIRouter(include_in_schema=False)

    def provider_of(request: Request) -> SignInProvider:
        return providers[request.path_params["provider"]]

    @routes.get("/{provider}/start")
    async def start(request: Request) -> Response:
        return await provider_of(request).start(request)

    @routes.api_route("/{provider}/handler/frame", methods=["GET", "POST"])
    async def frame(request: Request) -> Response:
        return await provider_of(request).frame(request)

    @routes.api_route("/{provider}/refresh", methods=["GET", "POST"])
    async def refresh(request: Request) -> Response:
        return await provider_of(request).refresh(request)

    @routes.post("/{provider}/logout")
    async def logout(request: Request) -> Response:
        return await provider_of(request).logout(request)

    @routes.api_route("/{provider}", methods=_EVERY_METHOD)
    @routes.api_route("/{provider}/{rest:path}", methods=_EVERY_METHOD)
    async def unknown(request: Request) -> Response:
        raise UnknownProviderError(request.path_params["provider"])

    return routes
