"""Connections that go only where they may: names are resolved once, checked, and the checked address is dialled."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import httpcore
import httpx

from app.errors import NotAllowedError, ServiceUnavailableError
from app.reading.addresses import reach
from app.reading.hosts import TrustedHosts
from app.reading.urls import WebUrl

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Name and port to IP literals, in order of preference."""

MAX_CONNECTIONS: Final = 100
RESOLVE_TIMEOUT_S: Final = 10.0


async def resolve_name(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_TIMEOUT_S):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise ServiceUnavailableError(f"The host name '{host}' could not be resolved") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def checked_addresses(host: str, url: WebUrl, trusted: TrustedHosts, resolve: Resolve) -> list[str]:
    """The addresses of a host, all of which a request may go to.

    One forbidden address among several condemns the host: which one is dialled must not be a matter of luck.

    Raises:
        NotAllowedError: loopback, private or otherwise inner addresses that the configuration does not vouch for.
        ServiceUnavailableError: the name does not resolve.
    """
    level = trusted.level(url)
    addresses = await resolve(host, url.port)
    if not addresses:
        raise ServiceUnavailableError(f"The host name '{host}' could not be resolved")
    for address in addresses:
        how_far = reach(address)
        allowed = (
            how_far == "public"
            or (how_far == "private" and level is not None)
            or (how_far == "local" and level == "exact")
            # Only a configuration that spells the address out can mean it.
            or (level == "exact" and address == host)
        )
        if not allowed:
            raise NotAllowedError(f"Requests to '{url.netloc}' are not allowed: its address is not a public one")
    return addresses


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Dials for the connection pool. The pool thinks in host names (TLS, reuse), only the dialling knows addresses."""

    def __init__(self, trusted: TrustedHosts, resolve: Resolve) -> None:
        self._trusted = trusted
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        name = host.strip("[]").lower()
        # For trust only host and port count; the scheme decides what "no port" means.
        url = WebUrl("https" if port == 443 else "http", name, port, "/", "")
        addresses = await checked_addresses(name, url, self._trusted, self._resolve)
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("no address")

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise NotAllowedError("Requests to local sockets are not allowed")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


def guarded_pool(trusted: TrustedHosts, resolve: Resolve, *, verify: bool = True) -> httpcore.AsyncConnectionPool:
    # Not httpx.AsyncClient: it takes proxies, netrc and certificates from the environment, and hides the dialling.
    return httpcore.AsyncConnectionPool(
        ssl_context=httpx.create_ssl_context(verify=verify),
        max_connections=MAX_CONNECTIONS,
        keepalive_expiry=30.0,
        http2=True,
        network_backend=GuardedBackend(trusted, resolve),
    )
