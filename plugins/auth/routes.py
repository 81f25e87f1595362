"""`/api/auth/{provider}/…`. Source: spec/ui-backends.md §3.2."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, Request, Response

from plugins.auth.providers import Provider, UnknownProviderError

_EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def provider_routes(providers: Iterable[Provider]) -> APIRouter:
    """The routes of all providers. Whatever is not one of theirs names a provider that nobody knows."""
    routes = APIRouter(include_in_schema=False)
    known = {provider.id: provider for provider in providers}

    def provider_of(request: Request) -> Provider:
        name: str = request.path_params["provider"]
        if name not in known:
            raise UnknownProviderError(name)
        return known[name]

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
