"""What happens to every answer on its way out: ETag and 304, compression, and the headers all answers share.

One object per request stands in for the server's `send`. It holds the start of the answer back until the first part of
the body is there, since only then is it known whether that is all.
"""

from __future__ import annotations

import zlib
from typing import Final

from starlette.types import Message, Send

from app.http.compression import THRESHOLD, Compressor, compress_part, compressible, compressor, negotiate
from app.http.etag import fresh, weak_etag
from app.http.exchange import ETAG
from app.http.security_headers import OVERRIDABLE

Headers = list[tuple[bytes, bytes]]
_BODILESS: Final = frozenset({204, 304})
_GONE_WITH_304: Final = frozenset({b"content-type", b"content-length", b"content-encoding", b"transfer-encoding"})


class Answer:
    """Callable as `send`. `status` is 0 until the answer has started; `size` counts bytes of body sent."""

    __slots__ = (
        "_accept",
        "_cacheable",
        "_compressor",
        "_cors",
        "_head",
        "_if_none_match",
        "_security",
        "_send",
        "_start",
        "size",
        "status",
    )

    def __init__(self, send: Send, method: str, headers: Headers, security: Headers, cors: Headers | None) -> None:
        self._send, self._security, self._cors = send, security, cors
        self._head = method == "HEAD"
        self._cacheable = self._head or method == "GET"
        self._accept: bytes | None = None
        self._if_none_match: bytes | None = None
        for key, value in headers:
            if key == b"accept-encoding":
                self._accept = value
            elif key == b"if-none-match" and self._cacheable:
                self._if_none_match = value
        self._start: Message | None = None
        self._compressor: Compressor | None = None
        self.status = 0
        self.size = 0

    @property
    def started(self) -> bool:
        """Whether anything is on the wire already, so that no error can be told any more."""
        return self.status != 0 and self._start is None

    async def __call__(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self._start, self.status = message, message["status"]
        elif kind == "http.response.body":
            body, more = message.get("body", b""), message.get("more_body", False)
            if self._start is not None:
                start, self._start = self._start, None
                await self._begin(start, body, more)
            else:
                await self._part(body, more)
        else:
            await self._send(message)

    async def _begin(self, start: Message, body: bytes, more: bool) -> None:
        headers: Headers = list(start["headers"])
        content_type = etag = length = vary = encoded = None
        own: list[bytes] = []
        for key, value in headers:
            if key == b"content-type":
                content_type = value
            elif key == b"content-length":
                length = value
            elif key == b"etag":
                etag = value
            elif key == b"vary":
                vary = value
            elif key == b"content-encoding":
                encoded = value
            elif key in OVERRIDABLE:
                own.append(key)
        status = self.status
        if (
            etag is None
            and self._cacheable
            and status == 200
            and not more
            and start.get(ETAG, True)
            and _is_json(content_type)
        ):
            etag = weak_etag(body)
            headers.append((b"etag", etag))
        if etag is not None and status == 200 and self._if_none_match is not None and fresh(self._if_none_match, etag):
            status = self.status = 304
            headers = [(key, value) for key, value in headers if key not in _GONE_WITH_304]
            # A stream that is not wanted is not sent; its parts are dropped in `_part`.
            body = b""
        varies = [vary] if vary else []
        if self._cors is not None:
            headers += self._cors
            varies.append(b"Origin")
        if compressible(content_type):
            varies.append(b"Accept-Encoding")
            wanted = None if encoded or self._head or status in _BODILESS else negotiate(self._accept)
            if wanted is not None and (more or len(body) >= THRESHOLD):
                headers = [(key, value) for key, value in headers if key != b"content-length"]
                headers.append((b"content-encoding", wanted))
                if more:
                    self._compressor = compressor(wanted)
                    body = await compress_part(self._compressor, body, zlib.Z_SYNC_FLUSH)
                else:
                    body = await compress_part(compressor(wanted), body, zlib.Z_FINISH)
                    headers.append((b"content-length", b"%d" % len(body)))
            elif not more and length is None and status not in _BODILESS:
                headers.append((b"content-length", b"%d" % len(body)))
        if varies:
            headers = [(key, value) for key, value in headers if key != b"vary"]
            headers.append((b"vary", b", ".join(varies)))
        headers += [header for header in self._security if header[0] not in own] if own else self._security
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        if self._head or status in _BODILESS:
            body = b""
        self.size += len(body)
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _part(self, body: bytes, more: bool) -> None:
        if self._head or self.status in _BODILESS:
            body = b""
        elif self._compressor is not None:
            body = await compress_part(self._compressor, body, zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH)
        self.size += len(body)
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


def _is_json(content_type: bytes | None) -> bool:
    return content_type is not None and content_type.startswith(b"application/json")
