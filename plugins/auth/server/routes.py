"""`/v1/authorize`, sessions, `/v1/token`, `/v1/revoke`, `/v1/register`. Source: spec/ui-backends.md §3.7."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, ValidationError

from app.errors import AuthenticationError, CallboardError, InputError
from app.interfaces import Auth, JsonBytes, Principal
from plugins.auth.server.clients import Clients
from plugins.auth.server.errors import OAuthError
from plugins.auth.server.service import OAuthServer, Tokens

MAX_BODY = 64 * 1024
_PRIVATE = {"cache-control": "no-store", "pragma": "no-cache"}
M = TypeVar("M", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Response]]


class AuthorizeQuery(BaseModel, defer_build=True):
    client_id: str = Field(min_length=1, max_length=2000)
    redirect_uri: str = Field(min_length=1, max_length=2000)
    response_type: str = Field(min_length=1)
    scope: str | None = Field(default=None, max_length=1000)
    state: str | None = Field(default=None, max_length=4000)
    nonce: str | None = Field(default=None, max_length=1000)
    code_challenge: str | None = Field(default=None, max_length=200)
    code_challenge_method: str | None = None


class TokenBody(BaseModel, defer_build=True):
    grant_type: str = Field(min_length=1)
    code: str | None = None
    redirect_uri: str | None = None
    code_verifier: str | None = None
    refresh_token: str | None = None
    client_id: str | None = None
    client_secret: str | None = None


class RevokeBody(BaseModel, defer_build=True):
    token: str = Field(min_length=1)
    client_id: str | None = None
    client_secret: str | None = None


class RegisterBody(BaseModel, defer_build=True):
    redirect_uris: list[str] = Field(min_length=1, max_length=50)
    client_name: str | None = Field(default=None, max_length=200)


def answers_as_oauth(handler: Handler) -> Handler:
    """Errors of ours as OAuth has them."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except CallboardError as error:
            return OAuthError.of(error).response()

    return answered


def server_routes(server: OAuthServer, auth: Auth, app_url: str, *, register: bool) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/v1/authorize")
    async def authorize(request: Request) -> Response:
        try:
            query = _valid(AuthorizeQuery, dict(request.query_params))
        except OAuthError as error:
            return error.response()
        if query.response_type != "code":
            raise InputError("Only authorization code flow is supported")
        # What follows is told here, never to the redirect URI: nobody knows yet whose it is.
        client = await server.clients.find(query.client_id, query.redirect_uri)
        session_id = await server.sessions.create(
            client,
            query.redirect_uri,
            scope=query.scope,
            state=query.state,
            challenge=query.code_challenge,
            method=query.code_challenge_method,
        )
        return Response(status_code=302, headers={"location": f"{app_url}/oauth2/authorize/{session_id}", **_PRIVATE})

    async def session(request: Request) -> Response:
        found = await server.sessions.pending(request.path_params["session_id"])
        shown = {
            "id": found.id,
            "clientId": found.client_id,
            "clientName": found.client_name,
            "scope": found.scope,
            "redirectUri": found.redirect_uri,
        }
        return _json({name: value for name, value in shown.items() if value is not None})

    async def approve(request: Request) -> Response:
        user = await _user(auth, request)
        return _json({"redirectUrl": await server.sessions.approve(request.path_params["session_id"], user.subject)})

    async def reject(request: Request) -> Response:
        user = await _user(auth, request)
        return _json({"redirectUrl": await server.sessions.reject(request.path_params["session_id"], user.subject)})

    async def token(request: Request) -> Response:
        body = _valid(TokenBody, await _body(request))
        client_id, secret = _credentials(request, body.client_id, body.client_secret)
        try:
            if body.grant_type == "authorization_code":
                if not body.code or not body.redirect_uri:
                    raise OAuthError(
                        "invalid_request", "Missing code or redirect_uri parameters for authorization_code grant", 400
                    )
                tokens = await server.redeem(
                    body.code, body.redirect_uri, body.code_verifier, client_id=client_id, secret=secret
                )
                return _json(_wire(tokens, with_id_token=True))
            if body.grant_type == "refresh_token":
                if not body.refresh_token:
                    raise OAuthError("invalid_request", "Missing refresh_token parameter for refresh_token grant", 400)
                tokens = await server.refresh(body.refresh_token, client_id=client_id, secret=secret)
                return _json(_wire(tokens, with_id_token=False))
        except AuthenticationError as error:
            raise OAuthError("invalid_grant", error.message, 400) from error
        raise OAuthError("unsupported_grant_type", f"Grant type {body.grant_type} is not supported", 400)

    async def revoke(request: Request) -> Response:
        body = _valid(RevokeBody, await _body(request))
        client_id, secret = _credentials(request, body.client_id, body.client_secret)
        if not client_id:
            raise OAuthError("invalid_client", "Client authentication required", 401)
        if not await server.clients.may_revoke(client_id, secret):
            raise OAuthError("invalid_client", "Invalid client credentials", 401)
        if server.refresh_tokens is not None:
            await server.refresh_tokens.revoke(body.token, client_id)
        return Response(b"", 200, _PRIVATE)

    async def registered(request: Request) -> Response:
        body = _valid(RegisterBody, await _body(request))
        made = await server.clients.register(body.client_name, body.redirect_uris)
        answer = {
            "client_id": made.client_id,
            "redirect_uris": list(made.redirect_uris),
            "client_secret": made.client_secret,
        }
        return _json(answer, 201)

    _add(routes, "GET", "/v1/sessions/{session_id}", session)
    _add(routes, "POST", "/v1/sessions/{session_id}/approve", approve)
    _add(routes, "POST", "/v1/sessions/{session_id}/reject", reject)
    _add(routes, "POST", "/v1/token", token)
    _add(routes, "POST", "/v1/revoke", revoke)
    if register:
        _add(routes, "POST", "/v1/register", registered)
    return routes


def own_client_routes(clients: Clients) -> APIRouter:
    """The metadata document of the command line that Backstage ships."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/.well-known/oauth-client/cli.json")
    async def metadata(request: Request) -> Response:
        return JsonBytes(orjson.dumps(clients.own_metadata()))

    return routes


def _add(routes: APIRouter, method: str, path: str, handler: Handler) -> None:
    answered = answers_as_oauth(handler)

    async def endpoint(request: Request) -> Response:
        return await answered(request)

    routes.add_api_route(path, endpoint, methods=[method])


async def _user(auth: Auth, request: Request) -> Principal:
    """Who consents: a user of their own accord, by a full token."""
    caller = await auth.principal_of(request)
    if caller.kind != "user" or caller.actor is not None:
        raise OAuthError("access_denied", "Authentication required", 403)
    return caller


def _wire(tokens: Tokens, *, with_id_token: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
    }
    if with_id_token:
        answer |= {"id_token": tokens.access_token, "scope": tokens.scope}
    if tokens.refresh_token is not None:
        answer["refresh_token"] = tokens.refresh_token
    return answer


def _credentials(request: Request, client_id: str | None, secret: str | None) -> tuple[str | None, str | None]:
    """Of the Authorization header if it has any, else of the body."""
    found = re.fullmatch(r"Basic[ ]+(\S+)", request.headers.get("authorization", ""), re.IGNORECASE)
    if found:
        try:
            name, colon, password = base64.b64decode(found[1], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name, colon, password = "", "", ""
        if name and colon and password:
            return unquote(name), unquote(password)
    return client_id, secret


async def _body(request: Request) -> Mapping[str, Any]:
    """A form or a JSON object. Raises OAuthError."""
    content = await request.body()
    if len(content) > MAX_BODY:
        raise OAuthError("invalid_request", "The body is too large", 400)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media_type == "application/json":
            found = orjson.loads(content or b"{}")
        elif media_type == "application/x-www-form-urlencoded":
            found = dict(parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=100))
        else:
            found = {}
    except ValueError:
        raise OAuthError("invalid_request", "The body cannot be read", 400) from None
    if not isinstance(found, dict):
        raise OAuthError("invalid_request", "The body must be an object", 400)
    return found


def _valid(model: type[M], given: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        words = "; ".join(f'{p["msg"]} at "{".".join(map(str, p["loc"]))}"' for p in problems)
        raise OAuthError("invalid_request", f"Validation error: {words}", 400) from None


def _json(answer: Mapping[str, Any], status: int = 200) -> Response:
    return JsonBytes(orjson.dumps(answer), status, _PRIVATE, etag=False)
