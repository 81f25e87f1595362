"""From a request's headers to its caller: what the credentials barrier does. Source: spec/ui-backends.md §1.1, §2.3.

Works on ASGI scopes, so that it costs the same for HTTP and WebSocket connections, and little. The host notes the
plugin a request is for under `PLUGIN_KEY`, and the barrier its answer under `PRINCIPAL_KEY`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, MutableMapping
from typing import Any, Protocol

from starlette.requests import cookie_parser

from app.errors import AuthenticationError, NotAllowedError
from app.interfaces import NOBODY, CallerKind, Principal

COOKIE = "backstage-auth"
PLUGIN_KEY = "callboard.plugin"
PRINCIPAL_KEY = "callboard.principal"

Scope = MutableMapping[str, Any]
Headers = Iterable[tuple[bytes, bytes]]

_BEARER = re.compile(r"Bearer[ ]+(\S+)", re.IGNORECASE)


class Authenticator(Protocol):
    default_policy_disabled: bool

    async def authenticate(
        self, token: str, *, plugin: str | None = None, allow_limited: bool = False
    ) -> Principal: ...


def bearer_of(headers: Headers) -> str | None:
    """The bearer token of the first Authorization header; None if it is missing or of another form."""
    for name, value in headers:
        if name == b"authorization":
            found = _BEARER.fullmatch(value.decode("latin-1"))
            return found[1] if found else None
    return None


def cookie_of(headers: Headers) -> str | None:
    """The limited user token of the auth cookie."""
    for name, value in headers:
        if name == b"cookie" and (found := cookie_parser(value.decode("latin-1")).get(COOKIE)):
            return found
    return None


async def caller_of(
    auth: Authenticator,
    scope: Scope,
    *,
    allow_cookie: bool = False,
    allow_limited: bool = False,
    demanded: bool = True,
) -> Principal:
    """Who makes this request, to the plugin that the scope names.

    Args:
        allow_cookie: also take a limited user token, as the cookie or as a bearer; a bearer goes first.
        allow_limited: also take a limited user token as a bearer.
        demanded: False on a public route, where nobody in particular may call. Nobody may call anywhere when the
            default policy is switched off.

    Raises:
        AuthenticationError: `Missing credentials`; or a token that is not valid, on public routes too.
        NotAllowedError: a token for other plugins.
    """
    headers = scope["headers"]
    token = bearer_of(headers) or (cookie_of(headers) if allow_cookie else None)
    if token is not None:
        return await auth.authenticate(token, plugin=scope.get(PLUGIN_KEY), allow_limited=allow_cookie or allow_limited)
    if demanded and not auth.default_policy_disabled:
        raise AuthenticationError("Missing credentials")
    return NOBODY


def found_by_barrier(scope: Scope) -> Principal | None:
    """The caller that the barrier noted; None where it did not look, or found nobody."""
    found = scope.get(PRINCIPAL_KEY)
    return found if isinstance(found, Principal) and found.kind != "none" else None


def require_kind(principal: Principal, allow: Collection[CallerKind]) -> Principal:
    """The principal, if it is of a kind that is allowed; AuthenticationError or NotAllowedError if not."""
    if principal.kind in allow:
        return principal
    if principal.kind == "none":
        raise AuthenticationError("Missing credentials")
    raise NotAllowedError(f"This endpoint does not allow '{principal.kind}' credentials")
