"""Requests, answers and routes of the fake."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import orjson

if TYPE_CHECKING:
    from tests.plugins.github.fake.server import FakeGithub

Json = Any
API = "/api/v3"
PAGE = 30


@dataclass
class Asked:
    """A request below `/api/v3`; `path` is still encoded, `route` the documented path it matched."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    parts: dict[str, str] = field(default_factory=dict)
    route: str = ""
    who: str = "anonymous"
    """`anonymous`, `token:<token>`, `app:<id>`, `installation:<id>`."""

    @property
    def json(self) -> Json:
        return orjson.loads(self.body) if self.body else {}

    @property
    def accept(self) -> str:
        return self.headers.get("accept", "")


@dataclass
class Reply:
    body: Json = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """Instead of JSON."""

    @property
    def content(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return b"" if self.body is None else orjson.dumps(self.body)


def failed(status: int, message: str, **more: Json) -> Reply:
    body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status), **more}
    return Reply(body, status)


NOT_FOUND = (404, "Not Found")
Handler = Callable[["FakeGithub", Asked], Reply]


class Routes:
    """By method and documented path; `{+name}` also takes slashes."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, str, re.Pattern[str], Handler]] = []

    def on(self, method: str, path: str) -> Callable[[Handler], Handler]:
        pattern = re.sub(
            r"\\{(\\\+)?(\w+)\\}",
            lambda match: f"(?P<{match[2]}>.+)" if match[1] else f"(?P<{match[2]}>[^/]+)",
            re.escape(path),
        )

        def add(handler: Handler) -> Handler:
            self._routes.append((method, path, re.compile(pattern), handler))
            return handler

        return add

    def find(self, asked: Asked) -> Handler | None:
        for method, path, pattern, handler in self._routes:
            match = pattern.fullmatch(asked.path)
            if method == asked.method and match:
                asked.parts = {key: unquote(value) for key, value in match.groupdict().items()}
                asked.route = path.replace("{+", "{")
                return handler
        return None


def parsed(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Asked:
    path, _, query = target.partition("?")
    return Asked(method, path.removeprefix(API) or "/", dict(parse_qsl(query, True)), headers, body)


def paged(github: FakeGithub, asked: Asked, items: list[Json], key: str | None = None) -> Reply:
    """One page of a list, with the Link header that leads on; `key` wraps it as `{total_count, <key>: […]}`."""
    size = min(int(asked.query.get("per_page", PAGE)), 100)
    page = int(asked.query.get("page", 1))
    part = items[(page - 1) * size : page * size]
    headers: dict[str, str] = {}
    if page * size < len(items):
        given = {**asked.query, "page": str(page + 1)}
        query = "&".join(f"{name}={value}" for name, value in given.items())
        headers["link"] = f'<{github.api}{asked.path}?{query}>; rel="next"'
    return Reply(part if key is None else {"total_count": len(items), key: part}, 200, headers)
