"""Proxies whose headers are taken at their word: oauth2-proxy and Azure's EasyAuth.

Nothing proves them, so nobody but the proxy may be able to reach this server.
"""

from __future__ import annotations

import re

from fastapi import Request

from app.errors import AuthenticationError, CallboardError
from app.interfaces import SignInProfile
from plugins.auth.oauth.profile import unverified_claims
from plugins.auth.proxies.provider import ProxyResult

OAUTH2_PROXY_TOKEN = "X-OAUTH2-PROXY-ID-TOKEN"  # noqa: S105 - a header's name
EASY_AUTH_ID_TOKEN = "x-ms-token-aad-id-token"  # noqa: S105
EASY_AUTH_ACCESS_TOKEN = "x-ms-token-aad-access-token"  # noqa: S105
_FORWARDED = ("x-forwarded-user", "x-forwarded-preferred-username", "x-forwarded-email", "x-forwarded-groups")


class OAuth2Proxy:
    async def authenticate(self, request: Request) -> ProxyResult:
        given = re.fullmatch(r"Bearer[ ]+(\S+)", request.headers.get(OAUTH2_PROXY_TOKEN, ""), re.IGNORECASE)
        token = given[1] if given else ""
        headers = {name: request.headers[name] for name in _FORWARDED if request.headers.get(name)}
        user = headers.get("x-forwarded-preferred-username") or headers.get("x-forwarded-user")
        profile = SignInProfile(email=headers.get("x-forwarded-email"), display_name=user)
        result = {"fullProfile": dict(unverified_claims(token)), "accessToken": token, "headers": headers}
        return ProxyResult(profile, result, {"accessToken": token})


class EasyAuth:
    async def authenticate(self, request: Request) -> ProxyResult:
        token = request.headers.get(EASY_AUTH_ID_TOKEN)
        if token is None:
            raise AuthenticationError(f"Missing {EASY_AUTH_ID_TOKEN} header")
        claims = unverified_claims(token)
        if claims.get("ver") != "2.0":
            raise CallboardError("id_token is not version 2.0 ")
        account = {
            "id": claims.get("oid"),
            "displayName": claims.get("name"),
            "username": claims.get("preferred_username"),
        }
        profile = SignInProfile(email=claims.get("email"), display_name=claims.get("name"))
        access_token = request.headers.get(EASY_AUTH_ACCESS_TOKEN)
        return ProxyResult(profile, {"fullProfile": account}, {"accessToken": access_token})
