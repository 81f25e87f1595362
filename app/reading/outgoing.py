"""The guarded HTTP client. Every outgoing request of the product goes through it."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from typing import Final
from urllib.parse import urljoin

import httpcore
import httpx

from app.errors import InputError, NotAllowedError, ServiceUnavailableError
from app.interfaces import Config, OutgoingAnswer
from app.reading.hosts import HostPattern, TrustedHosts
from app.reading.transport import Resolve, guarded_pool, resolve_name
from app.reading.urls import WebUrl, parse_web_url

USER_AGENT: Final = "callboard"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_KEPT_ACROSS_HOSTS: Final = frozenset({"accept", "accept-language", "user-agent"})
_CONNECTION_HEADERS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})


class GuardedClient:
    """See `app.interfaces.Outgoing`.

    Trusts the hosts of `backend.reading.allow`; integrations and other features add theirs by `trust`.
    `resolve` is a parameter for tests of name resolution.
    """

    def __init__(self, config: Config | None = None, *, resolve: Resolve = resolve_name) -> None:
        self.trusted = TrustedHosts()
        self.resolve = resolve
        for entry in (config.get("backend.reading.allow") if config else None) or ():
            if isinstance(entry, Mapping) and isinstance(entry.get("host"), str):
                self.trust(entry["host"])

    def trust(self, host: str) -> None:
        if "://" in host:
            url = parse_web_url(host)
            self.trusted.add(HostPattern(url.host, ports=(url.port, url.port)))
        else:
            self.trusted.add(HostPattern.parse(host))

    @cached_property
    def _verified(self) -> httpcore.AsyncConnectionPool:
        # Reading the authorities' certificates takes longer than all else of a start that needs nothing from outside.
        return guarded_pool(self.trusted, self.resolve)

    @cached_property
    def _unverified(self) -> httpcore.AsyncConnectionPool:
        return guarded_pool(self.trusted, self.resolve, verify=False)

    async def close(self) -> None:
        for pool in ("_verified", "_unverified"):
            if pool in self.__dict__:
                await self.__dict__[pool].aclose()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        allow: Callable[[str], bool] | None = None,
        max_redirects: int = 0,
        max_bytes: int = 50 * 1024 * 1024,
        timeout: float = 30.0,
    ) -> httpx.Response:
        """See `app.interfaces.Outgoing`. `timeout` is seconds for everything together, redirects and body included.

        Raises:
            InputError: the URL cannot be understood, or the answer is larger than `max_bytes`.
            NotAllowedError: the URL, a redirect or an address is not allowed.
            ServiceUnavailableError: no answer, half an answer, or none in time.
        """
        target = parse_web_url(url)
        _ = self._verified  # made before the clock starts: the first one takes a while
        sent = {key.lower(): value for key, value in (headers or {}).items()}
        try:
            async with asyncio.timeout(timeout):
                for _ in range(max_redirects + 1):
                    if allow is not None and not allow(str(target)):
                        raise NotAllowedError(f"Requests to '{target.netloc}' are not allowed here")
                    response = await self._once(method, target, sent, content, max_bytes)
                    location = response.headers.get("location")
                    if max_redirects == 0 or response.status_code not in _REDIRECTS or location is None:
                        return response
                    previous, target = target, parse_web_url(urljoin(str(target), location))
                    if target.origin != previous.origin:
                        # Whatever was meant for one host (tokens, cookies, validators) is nobody else's business.
                        sent = {key: value for key, value in sent.items() if key in _KEPT_ACROSS_HOSTS}
                    if response.status_code == 303 or (response.status_code in (301, 302) and method == "POST"):
                        method, content = "GET", None
                raise NotAllowedError(f"Too many redirects from '{parse_web_url(url).netloc}'")
        except TimeoutError as error:
            raise ServiceUnavailableError(f"'{target.netloc}' did not answer within {timeout:g} seconds") from error

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        content: AsyncIterable[bytes] | None = None,
        timeout: float = 30.0,
        verify: bool = True,
    ) -> AsyncIterator[OutgoingAnswer]:
        """See `app.interfaces.Outgoing`. The answer's connection is given back at the end of the block."""
        target = parse_web_url(url)
        lines = [(key.lower(), value) for key, value in headers if key.lower() not in ("connection", "accept-encoding")]
        names = {key for key, _ in lines}
        if "host" not in names:
            lines.insert(0, ("host", target.netloc))
        if content is not None and not names & {"content-length", "transfer-encoding"}:
            lines.append(("transfer-encoding", "chunked"))
        request = httpcore.Request(
            method,
            _address(target),
            headers=[(key.encode("ascii"), value.encode("latin-1")) for key, value in lines],
            content=content,
            extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout)},
        )
        with _failures_of(target):
            response = await (self._verified if verify else self._unverified).handle_async_request(request)
        try:
            yield OutgoingAnswer(
                response.status,
                [(key.decode("latin-1"), value.decode("latin-1")) for key, value in response.headers],
                _pieces(response, target),
            )
        finally:
            await response.aclose()

    async def _once(
        self, method: str, url: WebUrl, headers: Mapping[str, str], content: bytes | None, max_bytes: int
    ) -> httpx.Response:
        lines = {key: value for key, value in headers.items() if key not in _CONNECTION_HEADERS}
        lines = {"host": url.netloc, "user-agent": USER_AGENT, "accept": "*/*", **lines, "accept-encoding": "gzip"}
        if content is not None:
            lines["content-length"] = str(len(content))
        request = httpcore.Request(
            method,
            _address(url),
            headers=[(key.encode("ascii"), value.encode("utf-8")) for key, value in lines.items()],
            content=content,
        )
        with _failures_of(url):
            response = await self._verified.handle_async_request(request)
            try:
                body = await _body(response, url, max_bytes)
            finally:
                await response.aclose()
        reason = response.extensions.get("reason_phrase", b"")
        return httpx.Response(
            response.status,
            # The body is decoded already, and its length is another one now.
            headers=[(k, v) for k, v in response.headers if k.lower() not in (b"content-encoding", b"content-length")],
            content=body,
            extensions={"reason_phrase": reason} if isinstance(reason, bytes) and reason else {},
            request=httpx.Request(method, str(url)),
        )


def _address(url: WebUrl) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.scheme.encode(),
        host=f"[{url.host}]".encode() if ":" in url.host else url.host.encode(),
        port=url.port,
        target=url.target.encode("ascii"),
    )


@contextmanager
def _failures_of(url: WebUrl) -> Iterator[None]:
    try:
        yield
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, zlib.error) as error:
        raise ServiceUnavailableError(f"'{url.netloc}' could not be read: {type(error).__name__}") from error


async def _pieces(response: httpcore.Response, url: WebUrl) -> AsyncIterator[bytes]:
    assert isinstance(response.stream, AsyncIterable)
    with _failures_of(url):
        async for chunk in response.stream:
            yield chunk


async def _body(response: httpcore.Response, url: WebUrl, max_bytes: int) -> bytes:
    encoding = next((v.strip().lower() for k, v in response.headers if k.lower() == b"content-encoding"), b"")
    # 16 + MAX_WBITS: gzip. Inflated piece by piece, so that a small answer cannot become a huge one.
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS) if encoding in (b"gzip", b"x-gzip") else None
    parts: list[bytes] = []
    size = 0
    assert isinstance(response.stream, AsyncIterable)
    async for chunk in response.stream:
        pieces = [chunk] if inflate is None else _inflated(inflate, chunk, max_bytes - size)
        for piece in pieces:
            size += len(piece)
            parts.append(piece)
        if size > max_bytes:
            raise InputError(f"The answer of '{url.netloc}' is larger than {max_bytes} bytes")
    if inflate is not None and size and not inflate.eof:
        raise ServiceUnavailableError(f"'{url.netloc}' broke off in the middle of its answer")
    return b"".join(parts)


def _inflated(inflate: zlib._Decompress, chunk: bytes, room: int) -> list[bytes]:
    """At most `room + 1` bytes: one too many tells the caller that there is more."""
    return [inflate.decompress(chunk, room + 1)] if not inflate.eof else []
