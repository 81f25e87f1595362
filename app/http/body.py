"""Request bodies: read with a bound, and understood as the reference's parsers understand them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from app.errors import InputError

JSON_LIMIT: Final = 100 * 1024
"""Bytes of a JSON body, as in the reference."""


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """The first header of that (lower-case) name."""
    for key, value in headers:
        if key == name:
            return value
    return None


async def read_body(receive: Receive, headers: Iterable[tuple[bytes, bytes]], limit: int) -> bytes:
    """The whole body. Raises InputError as soon as it is known to be longer than `limit` bytes."""
    declared = header(headers, b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise InputError("request entity too large")
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > limit:
            raise InputError("request entity too large")
        return body
    parts, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise InputError("request entity too large")
    return b"".join(parts)


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body once more, and then whatever the connection says."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def limited(receive: Receive, limit: int) -> Receive:
    """A `receive` for a body that is read as it comes; raises InputError beyond `limit` bytes."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise InputError("request entity too large")
        return message

    return counted


def parse_json(body: bytes, content_type: bytes | None, *, required: bool) -> Any:
    """The JSON document of a body; `{}` for an absent one.

    An empty content type counts as none. Raises InputError: another media type than `application/json`, malformed
    JSON, or a document that is neither object nor array.
    """
    if not content_type:
        if body or required:
            raise InputError("unsupported media type undefined")
        return {}
    if content_type != b"application/json":
        media_type = content_type.split(b";", 1)[0].strip().lower()
        if media_type != b"application/json":
            raise InputError(f"unsupported media type {media_type.decode('latin-1')}")
    if not body:
        return {}
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError(f"malformed JSON: {error}") from None
    if not isinstance(document, dict | list):
        raise InputError("malformed JSON: the body must be an object or an array")
    return document
