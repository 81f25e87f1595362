"""What is at the root when a frontend is served: its files, and its page for everything else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import AuthenticationError, CallboardError, InputError, ServiceUnavailableError
from app.interfaces import Auth
from plugins.frontend.answers import MAX_CACHE, Answers
from plugins.frontend.assets import AssetStore
from plugins.frontend.bundle import BundleFile, EntryPoint

_FORM_LIMIT: Final = 100 * 1024
MAIN: Final = "default"
PUBLIC: Final = "public"


@dataclass(frozen=True, slots=True)
class Site:
    """The entry points of one bundle. `public` is what somebody who has not signed in gets, if there is such a one."""

    main: EntryPoint
    public: EntryPoint | None = None

    def named(self) -> dict[str, EntryPoint]:
        return {MAIN: self.main} if self.public is None else {MAIN: self.main, PUBLIC: self.public}


def frontend_routes(site: Callable[[], Site], auth: Auth, store: AssetStore | None, *, protected: bool) -> APIRouter:
    """Routes for all paths. `/` and `/docs` are named since others have pages of the same address.

    `site` raises LookupError until the bundle has been read.
    """
    routes = APIRouter(include_in_schema=False)
    serve = _Serving(site, Answers(), store)
    get: Callable[[Request], Awaitable[Response]] = _protected(serve, auth) if protected else serve.main

    @routes.get("/")
    @routes.get("/docs")
    @routes.get("/{path:path}")
    async def frontend(request: Request) -> Response:
        try:
            return await get(request)
        except LookupError:
            raise ServiceUnavailableError("Service has not started up yet") from None

    if protected:

        @routes.post("/")
        @routes.post("/{path:path}")
        async def sign_in(request: Request) -> Response:
            return await _sign_in(request, auth, serve)

    return routes


class _Serving:
    def __init__(self, site: Callable[[], Site], answers: Answers, store: AssetStore | None) -> None:
        self._site, self._answers, self._store = site, answers, store

    async def main(self, request: Request) -> Response:
        return await self._serve(request, MAIN, self._site().main)

    async def public(self, request: Request, *, cookie: str | None = None) -> Response:
        site = self._site()
        answer = await self._serve(request, PUBLIC, site.public or site.main)
        if cookie is not None:
            answer.headers["set-cookie"] = cookie
        return answer

    def signed_in(self, cookie: str) -> Response:
        return self._answers.page(self._site().main, headers={"set-cookie": cookie})

    async def _serve(self, request: Request, namespace: str, entry: EntryPoint) -> Response:
        path: str = request.path_params.get("path", "")
        if path.startswith("static/"):
            return await self._static(request, namespace, entry, path.removeprefix("static/"))
        file: BundleFile | None = entry.files.get(path)
        if file is not None:
            return await self._answers.file(request, file, cache=None)
        return self._answers.page(entry)

    async def _static(self, request: Request, namespace: str, entry: EntryPoint, path: str) -> Response:
        if path in entry.static:
            return await self._answers.file(request, entry.static[path], cache=MAX_CACHE)
        stored = await self._store.find(namespace, path) if self._store is not None else None
        return self._answers.nothing() if stored is None else self._answers.stored(request, path, stored)


def _protected(serve: _Serving, auth: Auth) -> Callable[[Request], Awaitable[Response]]:
    async def get(request: Request) -> Response:
        try:
            caller = await auth.principal_of(request, allow_cookie=True)
        except CallboardError:
            # A cookie that is no good any more would be in the way of the next sign-in.
            return await serve.public(request, cookie=await auth.auth_cookie(None))
        return await (serve.public(request) if caller.kind == "none" else serve.main(request))

    return get


async def _sign_in(request: Request, auth: Auth, serve: _Serving) -> Response:
    """A form that a public entry point posts: `type=sign-in` and a user's `token`. The answer is the portal itself."""
    form = parse_qs(await _body(request))
    if form.get("type") != ["sign-in"]:
        raise InputError("Invalid POST request to app-backend wildcard endpoint")
    token = form.get("token", [""])[0]
    caller = await auth.authenticate(token)
    if caller.kind != "user":
        raise AuthenticationError("Invalid token, not a user")
    return serve.signed_in(await auth.auth_cookie(token))


async def _body(request: Request) -> str:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _FORM_LIMIT:
            raise InputError("request entity too large")
    return body.decode("utf-8", "replace")
