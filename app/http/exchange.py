"""What a route is given and what it gives back.

A router mounted with a contract (`host.mount("catalog", router, contract="catalog.yaml")`) never parses a
request itself. By the time its endpoint runs, the request has been held against the operation of the OpenAPI
document with the same path and method: unknown, empty, mistyped and missing parameters, media type, malformed
JSON and the body's schema have all been answered with the reference's 400s. The endpoint finds

- `parsed(request).query`: parameters by name, as Python values of the declared type. `integer` is an int,
  `number` an int or float, `boolean` a bool, `string` a str, `array` a list of those (exploded and comma
  separated spellings alike, `filter[]` counted as `filter`). Absent parameters are absent, unless the schema has
  a `default`.
- `parsed(request).body`: the JSON body, `{}` when it is optional and absent, None if the operation has none.
- `request.path_params`: percent-decoded segments as sent, case kept (`svc%2Done` is one segment `svc/one`).
- `caller(request)`: the principal that the credentials barrier found.

An endpoint whose only parameter is the `Request` and that returns a `Response` is called directly, without FastAPI's
dependency machinery (about five times cheaper): write hot routes so. HEAD is answered by the GET endpoint. Routes
that the contract does not name are served unvalidated, and `parsed` is not available in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from app.interfaces import Principal

PARSED: Final = "callboard.parsed"
PRINCIPAL: Final = "callboard.principal"
ETAG: Final = "callboard.etag"
"""Key in `http.response.start`: False keeps the host from adding an ETag."""

JSON_TYPE: Final = b"application/json; charset=utf-8"


class Parsed:
    """A request's parameters and body, valid by the contract."""

    __slots__ = ("body", "query")

    def __init__(self, query: Mapping[str, Any], body: Any) -> None:
        self.query = query
        self.body = body


def parsed(request: Request) -> Parsed:
    """What the contract made of this request. Raises KeyError on a route the contract does not name."""
    found: Parsed = request.scope[PARSED]
    return found


def bearer(request: Request) -> str | None:
    """The caller's own token, for what is done later in their name; None if they sent none as a bearer."""
    # The public interfaces begin with this module, and credentials are made of them.
    from app.auth.credentials import bearer_of

    return bearer_of(request.headers.raw)


def caller(request: Request) -> Principal:
    """Who is calling, as the credentials barrier found; `NOBODY` on a public route without credentials."""
    found: Principal = request.scope[PRINCIPAL]
    return found


class JsonBytes(Response):
    """A JSON answer that is bytes already.

    `etag=False` for answers that must carry no ETag of the host's (it hashes buffered JSON). An ETag among `headers` is
    kept as it is, and answered with 304 when the request has it in `If-None-Match`.
    """

    def __init__(
        self, content: bytes, status: int = 200, headers: Mapping[str, str] | None = None, *, etag: bool = True
    ) -> None:
        self.status_code = status
        self.body = content
        self.background = None
        self.etag = etag
        self.raw_headers = [(b"content-type", JSON_TYPE), (b"content-length", b"%d" % len(content))]
        if headers:
            self.raw_headers += [
                (key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in headers.items()
            ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers, ETAG: self.etag}
        )
        await send({"type": "http.response.body", "body": self.body, "more_body": False})
