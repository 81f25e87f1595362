"""Answers of the scaffolder's routes. Source: spec/scaffolder.md §0.3."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.interfaces import JsonBytes
from scaffolder.service.values import InvalidValuesError

Endpoint = Callable[[Request], Awaitable[Response]]


def json_answer(document: Any, status: int = 200, *, etag: bool = True) -> JsonBytes:
    return JsonBytes(orjson.dumps(document), status, etag=etag)


async def with_problems(answer: Awaitable[Response]) -> Response:
    """The answer; values and secrets that fail their schemas have one of their own, without the usual envelope."""
    try:
        return await answer
    except InvalidValuesError as error:
        return json_answer({"errors": error.problems}, 400)


def bearer(request: Request) -> str | None:
    """The caller's own token, for what a task does in their name."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
