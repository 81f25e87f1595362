"""Answers of the scaffolder's routes. Source: spec/scaffolder.md §0.3."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.interfaces import JsonBytes
from scaffolder.service.values import InvalidValuesError

Endpoint = Callable[[Request], Awaitable[Response]]


def json_answer(document: Any, status: int = 200, *, etag: bool = True) -> JsonBytes:
    return JsonBytes(encoded(document), status, etag=etag)


def encoded(document: Any) -> bytes:
    """JSON text. What templates make may hold half a character or a huge number, which not every encoder takes."""
    try:
        return orjson.dumps(document)
    except TypeError:
        return json.dumps(_finite(document), separators=(",", ":"), allow_nan=False).encode("ascii")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(held) for key, held in value.items()}
    return [_finite(entry) for entry in value] if isinstance(value, list | tuple) else value


async def with_problems(answer: Awaitable[Response]) -> Response:
    """The answer; values and secrets that fail their schemas have one of their own, without the usual envelope."""
    try:
        return await answer
    except InvalidValuesError as error:
        return json_answer({"errors": error.problems}, 400)
