"""What others find out about the issuer of our tokens. Source: spec/ui-backends.md §2.6, §3.1, §3.7."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from app.errors import AuthenticationError, InputError
from app.interfaces import Auth, JsonBytes

_RESOURCE = "/api/mcp-actions/v1"
SERVER_METADATA = (
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/api/auth",
    f"/.well-known/oauth-protected-resource{_RESOURCE}",
    f"/.well-known/oauth-protected-resource{_RESOURCE}/{{key}}",
)
_ID_TOKEN_ALGORITHMS = [f"{family}{size}" for family in ("RS", "ES", "PS") for size in (256, 384, 512)] + ["EdDSA"]


@dataclass(frozen=True, slots=True)
class Offered:
    """Which parts of the OAuth server for other clients are switched on."""

    metadata_documents: bool = False
    registration: bool = False
    refresh_tokens: bool = False

    @property
    def anything(self) -> bool:
        return self.metadata_documents or self.registration

    @property
    def scopes(self) -> list[str]:
        return ["openid", *(["offline_access"] if self.refresh_tokens else [])]


def openid_configuration(issuer: str, offered: Offered) -> dict[str, Any]:
    """The metadata document. Its endpoints are named even where the server that they belong to is off."""
    document: dict[str, Any] = {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/v1/token",
        "userinfo_endpoint": f"{issuer}/v1/userinfo",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": _ID_TOKEN_ALGORITHMS,
        "scopes_supported": offered.scopes,
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            *(["none"] if offered.metadata_documents else []),
        ],
        "claims_supported": ["sub", "ent"],
        "grant_types_supported": ["authorization_code", *(["refresh_token"] if offered.refresh_tokens else [])],
        "authorization_endpoint": f"{issuer}/v1/authorize",
        "code_challenge_methods_supported": ["S256", "plain"],
    }
    if offered.registration:
        document["registration_endpoint"] = f"{issuer}/v1/register"
    if offered.anything:
        document["revocation_endpoint"] = f"{issuer}/v1/revoke"
    if offered.metadata_documents:
        document["client_id_metadata_document_supported"] = True
    return document


def server_metadata_routes(auth: Auth, offered: Offered) -> APIRouter:
    """What OAuth clients look for at the root of a server: who signs users in, and for which resource. RFC 8414, RFC
    9728."""
    routes = APIRouter(include_in_schema=False)

    async def server(request: Request) -> Response:
        return JsonBytes(orjson.dumps(openid_configuration(auth.issuer, offered)))

    async def resource(request: Request) -> Response:
        path = f"{_RESOURCE}/{request.path_params['key']}" if "key" in request.path_params else _RESOURCE
        base = auth.issuer.removesuffix("/api/auth")
        document = {
            "resource": f"{base}{path}",
            "authorization_servers": [auth.issuer],
            "scopes_supported": offered.scopes,
        }
        return JsonBytes(orjson.dumps(document))

    for path in SERVER_METADATA[:2]:
        routes.add_api_route(path, server)
    for path in SERVER_METADATA[2:]:
        routes.add_api_route(path, resource)
    return routes


_NO_DOCUMENTS = {"error": "not_found", "error_description": "Client ID metadata documents not enabled"}


def discovery_routes(auth: Auth, offered: Offered) -> APIRouter:
    routes = APIRouter(tags=["Discovery"])

    @routes.get("/.well-known/openid-configuration")
    async def configuration(request: Request) -> Response:
        return JsonBytes(orjson.dumps(openid_configuration(auth.issuer, offered)))

    @routes.get("/.well-known/jwks.json")
    async def jwks(request: Request) -> Response:
        return JsonBytes(orjson.dumps({"keys": await auth.jwks()}))

    if not offered.metadata_documents:

        @routes.get("/.well-known/oauth-client/cli.json")
        async def no_client(request: Request) -> Response:
            return JsonBytes(orjson.dumps(_NO_DOCUMENTS), 404)

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
