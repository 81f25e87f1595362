"""What others find out about the issuer of our tokens. Source: spec/ui-backends.md §2.6, §3.1, §3.7."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from app.errors import AuthenticationError, InputError
from app.interfaces import Auth, JsonBytes

_ID_TOKEN_ALGORITHMS = [f"{family}{size}" for family in ("RS", "ES", "PS") for size in (256, 384, 512)] + ["EdDSA"]


def openid_configuration(issuer: str) -> dict[str, Any]:
    """The metadata document. The OAuth server for other clients that it names is off, which its endpoints say."""
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/v1/token",
        "userinfo_endpoint": f"{issuer}/v1/userinfo",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": _ID_TOKEN_ALGORITHMS,
        "scopes_supported": ["openid"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "claims_supported": ["sub", "ent"],
        "grant_types_supported": ["authorization_code"],
        "authorization_endpoint": f"{issuer}/v1/authorize",
        "code_challenge_methods_supported": ["S256", "plain"],
    }


def discovery_routes(auth: Auth) -> APIRouter:
    routes = APIRouter(tags=["Discovery"])

    @routes.get("/.well-known/openid-configuration")
    async def configuration(request: Request) -> Response:
        return JsonBytes(orjson.dumps(openid_configuration(auth.issuer)))

    @routes.get("/.well-known/jwks.json")
    async def jwks(request: Request) -> Response:
        return JsonBytes(orjson.dumps({"keys": await auth.jwks()}))

    @routes.get("/v1/userinfo")
    async def userinfo(request: Request) -> Response:
        caller = await auth.principal_of(request, allow_limited=True)
        if caller.kind == "none":
            raise AuthenticationError("No token provided")
        if caller.kind != "user":
            raise InputError("Userinfo endpoint must be called with a token that represents a user principal")
        claims = await auth.user_info(caller.subject)
        if claims is None:
            return PlainTextResponse("User info not found", status_code=404)
        return JsonBytes(orjson.dumps({"claims": claims}), etag=False)

    return routes
