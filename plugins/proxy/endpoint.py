"""One endpoint: takes a request, asks the target, passes the answer on as it comes."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.errors import InputError, NotAllowedError, ServiceUnavailableError
from app.interfaces import Auth, OutgoingAnswer, StreamingOutgoing
from app.reading.interfaces import parse_web_url
from plugins.proxy import metrics
from plugins.proxy.headers import HeaderRules
from plugins.proxy.paths import Rewriting, belongs, joined
from plugins.proxy.settings import Named

log = logging.getLogger(__name__)
PUBLIC: Final = "dangerously-allow-unauthenticated"


class Endpoint:
    """Raises InputError for a target or a rewriting that cannot be understood. The target's host is trusted: it is the
    configuration's."""

    def __init__(self, named: Named, outgoing: StreamingOutgoing, auth: Auth, *, open_policy: bool = False) -> None:
        settings = named.settings
        self.path, self.public = named.path, settings.credentials == PUBLIC
        try:
            self._target = parse_web_url(settings.target)
        except InputError as error:
            raise InputError(f"Proxy target of '{named.path}' is not a valid URL: {error.message}") from None
        self._rewrite = Rewriting(settings.path_rewrite, named.path)
        self._methods = None if settings.allowed_methods is None else frozenset(settings.allowed_methods)
        self._headers = HeaderRules(
            settings.allowed_headers,
            {name: value.get_secret_value() for name, value in settings.headers.items()},
            forward=settings.credentials == "forward",
        )
        self._host = self._target.netloc if settings.change_origin else None
        self._timeout, self._verify = settings.proxy_timeout.total_seconds(), settings.secure
        self._outgoing, self._auth, self._open_policy = outgoing, auth, open_policy
        outgoing.trust(settings.target)

    def takes(self, path: str) -> bool:
        """Whether a raw path below `/api/proxy` is this endpoint's."""
        return belongs(path, self.path)

    def allows(self, method: str) -> bool:
        return self._methods is None or method in self._methods

    async def answer(self, request: Request, whole: str) -> Response:
        """`whole` is the raw path from `/api/proxy` on, with the query.

        Raises AuthenticationError, NotAllowedError: for callers that the endpoint does not let in.
        """
        if not self.public and not self._open_policy:
            # The barrier may have been open for another endpoint above or below this one.
            await self._auth.principal_of(request, allow=["user", "service"])
        path = self._rewrite(whole)
        target = self._target
        url = f"{target.scheme}://{target.netloc}{joined(target.path, path)}"
        stack, began = AsyncExitStack(), time.perf_counter()
        try:
            answer = await stack.enter_async_context(
                self._outgoing.stream(
                    request.method,
                    url,
                    headers=self._headers.to_target(request.scope["headers"], host=self._host),
                    content=_body(request),
                    timeout=self._timeout,
                    verify=self._verify,
                )
            )
        except (InputError, NotAllowedError, ServiceUnavailableError) as error:
            await stack.aclose()
            if isinstance(error, InputError) and error.extra.get("statusCode"):
                raise
            log.warning("The proxy endpoint '%s' got no answer: %s", self.path, error.message)
            return self._counted(_no_answer(request, path, error), began)
        except BaseException:
            await stack.aclose()
            raise
        response = StreamingResponse(_passed_on(answer, stack), answer.status)
        response.raw_headers = self._headers.to_client(answer.headers)
        return self._counted(response, began)

    def _counted(self, response: Response, began: float) -> Response:
        metrics.requests.labels(self.path, str(response.status_code)).inc()
        metrics.seconds.labels(self.path).observe(time.perf_counter() - began)
        return response


def _body(request: Request) -> AsyncIterator[bytes] | None:
    headers = request.headers
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        return _pieces(request)
    return None


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    async for piece in request.stream():
        if piece:
            yield piece


async def _passed_on(answer: OutgoingAnswer, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    async with stack:
        # The head goes out before the target has said more, and nobody takes the first piece for the whole.
        yield b""
        async for piece in answer.body:
            yield piece


def _no_answer(request: Request, path: str, error: Exception) -> Response:
    status = 504 if isinstance(error, ServiceUnavailableError) else 400 if isinstance(error, InputError) else 500
    host = request.headers.get("host", "")
    text = f"Error occurred while trying to proxy: {host}{path}"
    return Response(text, status, media_type="text/plain")
