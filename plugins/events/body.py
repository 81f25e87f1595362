"""The body of a delivery: how large, of which type and in which encoding it may be. Source: spec/catalog.md §6.4."""

from __future__ import annotations

import codecs
from email.message import Message
from typing import Final

import orjson
from starlette.requests import Request

from app.errors import InputError, PayloadTooLargeError, UnsupportedCharsetError, UnsupportedMediaTypeError
from app.interfaces import Json

MAX_BYTES: Final = 5 * 1024 * 1024


async def read_body(request: Request) -> bytes:
    """The raw bytes. Raises PayloadTooLargeError before more than `MAX_BYTES` are held."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MAX_BYTES:
        raise _too_large()
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BYTES:
            raise _too_large()
        parts.append(chunk)
    return b"".join(parts)


def charset_of(request: Request) -> str:
    """The encoding of a JSON body. Raises UnsupportedMediaTypeError, UnsupportedCharsetError."""
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    # Message calls a type it cannot make out text/plain.
    if message.get_content_type() != "application/json":
        given = request.headers.get("content-type") or "none"
        raise UnsupportedMediaTypeError(f"unsupported media type: {given[:200]}", extra={"statusCode": 415})
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise UnsupportedMediaTypeError(f'unsupported content encoding "{encoding[:50]}"', extra={"statusCode": 415})
    charset = str(message.get_param("charset", "utf-8")).lower()
    try:
        known = codecs.lookup(charset).name if charset.startswith("utf-") else None
    except LookupError:
        known = None
    if known is None:
        raise UnsupportedCharsetError(f'unsupported charset "{charset[:50].upper()}"', extra={"statusCode": 415})
    return known


def parse_body(body: bytes, charset: str) -> tuple[str, Json]:
    """The JSON text and its value, an object or a list. Raises InputError."""
    try:
        text = body.decode(charset)
        value = orjson.loads(text)
    except ValueError as error:
        raise InputError(f"The body is not valid JSON: {error}") from error
    if not isinstance(value, dict | list):
        raise InputError("The body must be a JSON object or list")
    return text, value


def _too_large() -> PayloadTooLargeError:
    return PayloadTooLargeError("request entity too large", extra={"statusCode": 413})
