"""How answers are put together. Entities come as wire-ready bytes and are joined, never parsed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import orjson
from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from app.interfaces import JsonBytes
from catalog.interfaces import Page
from catalog.json_numbers import dumps
from catalog.service.freshness import matches

JSON: Final = "application/json; charset=utf-8"
NULL: Final = b"null"


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON, numbers as JavaScript writes them."""
    return JsonBytes(dumps(value), status, headers)


def nothing(status: int = 204) -> Response:
    """An answer without a body, and so without a content type."""
    return Response(status_code=status)


def fresh(request: Request, etag: str) -> Response | None:
    """304 for a client that has this state of the catalog already."""
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers={"etag": etag})
    return None


def array(documents: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(documents) + b"]"


def page_info(next_cursor: str | None, prev_cursor: str | None = None) -> dict[str, str]:
    info = {}
    if next_cursor is not None:
        info["nextCursor"] = next_cursor
    if prev_cursor is not None:
        info["prevCursor"] = prev_cursor
    return info


def page_body(documents: Sequence[bytes], page: Page) -> bytes:
    """`{"items": […], "totalItems": n, "pageInfo": {…}}` around documents that are not looked into."""
    info = orjson.dumps(page_info(page.next_cursor, page.prev_cursor))
    return b'{"items":%b,"totalItems":%d,"pageInfo":%b}' % (array(documents), page.total, info)


def gaps_body(documents: Sequence[bytes | None]) -> bytes:
    """`{"items": […]}` with null where there is none."""
    return b'{"items":%b}' % array([NULL if document is None else document for document in documents])


async def array_answer(batches: AsyncIterator[Sequence[bytes]]) -> Response:
    """A JSON array of everything, sent as it comes; one that comes at once is sent whole, with its length."""
    first = await anext(batches, None)
    second = None if first is None else await anext(batches, None)
    if second is None:
        return JsonBytes(array(first or ()), etag=False)
    return StreamingResponse(_chunks([first or (), second], batches), media_type=JSON)


async def _chunks(ready: Sequence[Sequence[bytes]], batches: AsyncIterator[Sequence[bytes]]) -> AsyncIterator[bytes]:
    opening = b"["
    for batch in ready:
        if batch:
            yield opening + b",".join(batch)
            opening = b","
    async for batch in batches:
        if batch:
            yield opening + b",".join(batch)
            opening = b","
    yield b"[]" if opening == b"[" else b"]"
