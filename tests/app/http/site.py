"""A small site on the real pipeline: a plugin with a contract, one without, and an authenticator of known tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.auth.credentials import caller_of
from app.errors import AuthenticationError, ConflictError, InputError, NotAllowedError, NotFoundError
from app.http.application import Application
from app.http.contract import Contract
from app.http.cors import Cors
from app.http.mounts import Mounts
from app.http.pipeline import Pipeline
from app.http.security_headers import security_headers
from app.http.settings import CorsSettings
from app.interfaces import AccessRestriction, JsonBytes, Principal, caller, parsed
from app.lifecycle import Lifecycle

FULL = {"authorization": "Bearer full"}
CONTRACT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "shelf", "version": "1"},
    "paths": {
        "/books": {
            "parameters": [{"in": "query", "name": "filter", "schema": {"type": "array", "items": {"type": "string"}}}],
            "get": {
                "parameters": [
                    {"in": "query", "name": "limit", "schema": {"type": "integer", "minimum": 0}},
                    {"in": "query", "name": "after", "schema": {"type": "string", "minLength": 1}},
                    {
                        "in": "query",
                        "name": "fields",
                        "explode": False,
                        "schema": {"$ref": "#/components/schemas/Texts"},
                    },
                    {"in": "query", "name": "total", "schema": {"type": "string", "enum": ["include", "exclude"]}},
                    {"in": "query", "name": "deep", "schema": {"type": "boolean", "default": False}},
                    {"in": "query", "name": "score", "schema": {"type": "number"}},
                    {"in": "query", "name": "short", "schema": {"type": "string", "maxLength": 3}},
                ]
            },
        },
        "/books/{name}": {"get": {}, "delete": {}},
        "/facets": {
            "get": {
                "parameters": [
                    {
                        "in": "query",
                        "name": "facet",
                        "required": True,
                        "allowReserved": True,
                        "schema": {"$ref": "#/components/schemas/Texts"},
                    }
                ]
            }
        },
        "/search": {
            "post": {
                "requestBody": {
                    "required": False,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Search"}}},
                }
            }
        },
        "/refs": {
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["refs"],
                                "properties": {"refs": {"$ref": "#/components/schemas/Texts"}},
                            }
                        }
                    },
                }
            }
        },
        "/large": {
            "post": {
                "x-body-limit": 300000,
                "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
            }
        },
        "/unimplemented": {"get": {}},
    },
    "components": {
        "schemas": {
            "Texts": {"type": "array", "items": {"type": "string"}},
            "Search": {
                "type": "object",
                "properties": {
                    "limit": {"type": "number"},
                    "order": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["field", "order"],
                            "properties": {
                                "field": {"type": "string"},
                                "order": {"type": "string", "enum": ["asc", "desc"]},
                            },
                        },
                    },
                    "note": {"type": "string", "nullable": True},
                },
            },
        }
    },
}


class Tokens:
    """An authenticator with three tokens: `full`, `restricted` (to the plugin `other`) and `limited`."""

    default_policy_disabled = False

    async def authenticate(self, token: str, *, plugin: str | None = None, allow_limited: bool = False) -> Principal:
        if token == "full":
            return Principal("service", "external:full")
        if token == "restricted":
            if plugin != "other":
                raise NotAllowedError("This token's access is restricted to plugin(s) 'other'")
            return Principal("service", "external:restricted", restrictions=(AccessRestriction("other"),))
        if token == "limited" and allow_limited:
            return Principal("user", "user:default/guest", limited=True)
        raise AuthenticationError("Illegal token")


def shelf() -> APIRouter:
    routes = APIRouter()

    @routes.get("/books")
    async def books(request: Request) -> Response:
        return JsonBytes(orjson.dumps({"query": dict(parsed(request).query), "caller": caller(request).subject}))

    @routes.get("/books/{name}")
    async def book(name: str) -> dict[str, str]:
        return {"name": name}

    @routes.delete("/books/{name}")
    async def burn(request: Request) -> Response:
        return Response(status_code=204)

    @routes.get("/books/{name}/pages/{number}")
    async def page(name: str, number: int) -> dict[str, Any]:
        return {"name": name, "number": number}

    @routes.get("/facets")
    async def facets(request: Request) -> Response:
        return JsonBytes(orjson.dumps(dict(parsed(request).query)))

    @routes.post("/search")
    async def search(request: Request) -> Response:
        return JsonBytes(orjson.dumps(parsed(request).body))

    @routes.post("/refs")
    async def refs(request: Request) -> Response:
        # The body is still there for whoever wants it raw.
        return JsonBytes(await request.body())

    @routes.post("/large")
    async def large(request: Request) -> Response:
        return JsonBytes(b"%d" % len(parsed(request).body["x"]))

    return routes


def other() -> APIRouter:
    routes = APIRouter()

    @routes.get("/big")
    async def big(request: Request) -> Response:
        return JsonBytes(orjson.dumps(["x" * 100] * 20), etag="etag" in request.url.query)

    @routes.get("/own-etag")
    async def own_etag(request: Request) -> Response:
        return JsonBytes(b"[]", headers={"ETag": '"mine"', "Vary": "X-Own"})

    @routes.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for number in range(30):
                yield b'{"part": %d, "text": "%s"}\n' % (number, b"x" * 80)

        return StreamingResponse(parts(), media_type="application/json")

    @routes.get("/page")
    async def page(request: Request) -> Response:
        return Response("<p>", media_type="text/html", headers={"Content-Security-Policy": "default-src 'none'"})

    @routes.get("/files/{path:path}")
    async def files(path: str) -> dict[str, str]:
        return {"path": path}

    @routes.get("/static/readme")
    async def static() -> str:
        return "read me"

    @routes.get("/{name}/other")
    async def dynamic(name: str) -> str:
        return name

    @routes.post("/echo")
    async def echo(request: Request) -> Response:
        return Response(await request.body(), media_type="application/octet-stream")

    @routes.get("/fail/{how}")
    async def fail(how: str) -> None:
        inner = InputError("inner", extra={"line": 3})
        raise {
            "conflict": ConflictError("taken"),
            "empty": NotAllowedError(),
            "missing": NotFoundError("none", extra={"code": "E1"}),
            "caused": InputError("outer", cause=inner),
            "foreign": InputError(cause=ValueError("not ours")),
            "coded": NotFoundError("teapot", extra={"statusCode": 418}),
        }.get(how, RuntimeError("SELECT secret FROM passwords"))

    @routes.get("/fail-late")
    async def fail_late() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"begun"
            raise RuntimeError("half way")

        return StreamingResponse(parts())

    return routes


class Site:
    """The site and a client of it."""

    def __init__(self, app: Application, client: httpx.AsyncClient, mounts: Mounts) -> None:
        self.app, self.client, self.mounts = app, client, mounts
        self.lifecycle = app.lifecycle

    async def get(
        self, path: str, *, method: str = "GET", token: str | None = "full", **options: Any
    ) -> httpx.Response:
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        return await self.client.request(method, path, headers=headers, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.get(path, method="POST", **options)

    async def message(self, path: str, **options: Any) -> str:
        """The text of the 400 that a request is answered with."""
        answer = await self.get(path, **options)
        assert (answer.status_code, answer.json()["error"]["name"]) == (400, "InputError"), answer.text
        return str(answer.json()["error"]["message"])


@asynccontextmanager
async def running_site(
    *, cors: dict[str, Any] | None = None, development: bool = False, started: bool = True, open_policy: bool = False
) -> AsyncIterator[Site]:
    tokens = Tokens()
    tokens.default_policy_disabled = open_policy
    mounts = Mounts()
    mounts.of("shelf").add_contract(Contract(CONTRACT))
    mounts.add("shelf", shelf())
    mounts.add("other", other())
    mounts.allow("/api/other/page")
    mounts.allow("/api/other/files/public/*")
    mounts.allow("/api/other/files/docs/*", cookie=True)
    lifecycle = Lifecycle({"api"}, pause=0.05)

    async def caller(scope: Any, *, allow_cookie: bool = False) -> Principal:
        return await caller_of(tokens, scope, allow_cookie=allow_cookie)

    pipeline = Pipeline(
        mounts,
        lifecycle,
        caller,
        security=security_headers({}),
        cors=None if cors is None else Cors(CorsSettings.model_validate(cors)),
        development=development,
    )
    app = Application(pipeline, lifecycle)
    if started:
        await app.start()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://callboard.test") as client:
        yield Site(app, client, mounts)
    await app.stop()
