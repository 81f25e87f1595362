"""`/.backstage/auth/v1/*`, which every plugin's mount has. Source: spec/ui-backends.md §1.1, §2.2, §2.5."""

from __future__ import annotations

from datetime import datetime

import orjson
from fastapi import APIRouter, Request, Response

from app.auth.cookie import CookieJar, iso
from app.auth.credentials import bearer_of, cookie_of
from app.auth.service import AuthService
from app.auth.tokens import expiry, peek
from app.errors import AuthenticationError
from app.interfaces import Clock, JsonBytes, Principal

JWKS_PATH = "/.backstage/auth/v1/jwks.json"
"""Public: whoever gets a service token has to be able to check it."""
_KEEP = 300.0
"""Seconds that a cookie must still be good for to be kept."""


def auth_routes(plugin: str, auth: AuthService, clock: Clock, base_url: str) -> APIRouter:
    """The plugin's public keys, and the auth cookie. `base_url` is the backend's external one."""
    routes = APIRouter(include_in_schema=False)
    jar = CookieJar(base_url)

    @routes.get(JWKS_PATH)
    async def jwks(request: Request) -> Response:
        return JsonBytes(orjson.dumps({"keys": await auth.jwks(plugin)}))

    @routes.get("/.backstage/auth/v1/cookie")
    async def issue(request: Request) -> Response:
        user = await auth.principal_of(request, allow=["user"])
        headers = request.scope["headers"]
        kept = await _still_good(cookie_of(headers), user, auth, plugin, clock.now())
        if kept is not None:
            return JsonBytes(orjson.dumps({"expiresAt": iso(kept)}), etag=False)
        token = bearer_of(headers)
        if token is None or user.actor is not None:
            raise AuthenticationError("Illegal token")
        limited, expires_at = await auth.limited_user_token(token)
        answer = JsonBytes(orjson.dumps({"expiresAt": iso(expires_at)}), etag=False)
        answer.raw_headers.append((b"set-cookie", jar.set(limited, expires_at).encode("latin-1")))
        return answer

    @routes.delete("/.backstage/auth/v1/cookie")
    async def clear(request: Request) -> Response:
        return Response(status_code=204, headers={"set-cookie": jar.clear()})

    return routes


async def _still_good(
    cookie: str | None, user: Principal, auth: AuthService, plugin: str, now: datetime
) -> float | None:
    """When the cookie ends, if it is this user's and has a while to go."""
    if cookie is None:
        return None
    try:
        owner = await auth.authenticate(cookie, plugin=plugin, allow_limited=True)
    except AuthenticationError:
        return None
    unverified = peek(cookie)
    expires_at = expiry(unverified.claims) if unverified is not None else 0.0
    fresh = owner.limited and owner.subject == user.subject and expires_at > now.timestamp() + _KEEP
    return expires_at if fresh else None
