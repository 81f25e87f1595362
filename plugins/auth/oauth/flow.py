"""Start, frame, refresh and logout of one OAuth client. Source: spec/ui-backends.md §3.5."""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson
from fastapi import Request, Response

from app.errors import AuthenticationError, CallboardError, InputError, NotAllowedError
from app.interfaces import Auth, Clock, JsonBytes, SignInContext, SignInInfo, SignInResolver
from plugins.auth import metrics
from plugins.auth.oauth.authenticator import Attempt, Authenticator, OAuthResult, Renewal
from plugins.auth.oauth.cookies import CookieSettings, ProviderCookies
from plugins.auth.oauth.message import message_page
from plugins.auth.oauth.origins import AllowedOrigins
from plugins.auth.oauth.scopes import is_granted, split_scope
from plugins.auth.oauth.state import OAuthState
from plugins.auth.session import session, session_response

_log = logging.getLogger(__name__)


class OAuthClient:
    """One provider in one environment."""

    def __init__(
        self,
        provider: str,
        authenticator: Authenticator,
        resolver: SignInResolver | None,
        cookies: CookieSettings,
        *,
        origins: AllowedOrigins,
        users: SignInContext,
        auth: Auth,
        clock: Clock,
    ) -> None:
        """`resolver` None: the provider's tokens are handed out, but nobody is signed in by them."""
        self._provider, self._authenticator, self._resolver = provider, authenticator, resolver
        self._cookies, self._origins, self._users = cookies, origins, users
        self._auth, self._clock = auth, clock

    async def start(self, request: Request, env: str) -> Response:
        query = request.query_params
        origin = self._origins.require(query["origin"]) if "origin" in query else None
        redirect_url = query.get("redirectUrl")
        if redirect_url is not None:
            # Nobody shall use us to send people wherever they like.
            self._origins.require(redirect_url)
        nonce = base64.b64encode(secrets.token_bytes(16)).decode()
        cookies = self._cookies_of(request)
        cookies.set_nonce(nonce, origin)
        scope = self._authenticator.scopes.asked(query.get("scope"), cookies.granted_scope)
        state = OAuthState(
            nonce,
            env,
            origin,
            redirect_url,
            query.get("flow"),
            scope if self._authenticator.scopes.persist else None,
        )
        url = await self._authenticator.start(Attempt(dict(query), nonce, state.encode(), scope))
        return _redirect(url, cookies)

    async def frame(self, request: Request) -> Response:
        """Errors are told to the window that is waiting for this one, or go along with the redirect."""
        query = await _parameters(request)
        cookies = self._cookies_of(request)
        origin, state = self._origins.app, None
        try:
            state = OAuthState.decode(query.get("state", ""))
            if state.origin:
                origin = self._origin_of(state.origin)
            if not cookies.nonce:
                raise NotAllowedError("Auth response is missing cookie nonce")
            if not secrets.compare_digest(cookies.nonce.encode(), state.nonce.encode()):
                raise NotAllowedError("Invalid nonce")
            if state.flow == "redirect" and not state.redirectUrl:
                raise InputError("No redirectUrl provided in request query parameters")
            if state.redirectUrl:
                self._origin_of(state.redirectUrl)
            result = await self._authenticator.authenticate(Attempt(query, state.nonce))
            answer = await self._session(result, self._granted(result, state, origin, cookies))
            if result.session.refresh_token:
                cookies.set_refresh_token(result.session.refresh_token, origin)
        except CallboardError as error:
            failure = {"name": error.name, "message": error.message}
            _log.info("A sign-in by '%s' failed: %s: %s", self._provider, error.name, error.message)
        except Exception:  # noqa: BLE001 - whatever went wrong, a window is waiting for an answer
            # The window shows what it is told: nothing that we did not foresee goes there.
            failure = {"name": "Error", "message": "Authentication failed"}
            _log.exception("A sign-in by '%s' failed", self._provider)
        else:
            metrics.ended(self._provider, "sign-in", well=True)
            if state.flow == "redirect" and state.redirectUrl:
                return _redirect(state.redirectUrl, cookies)
            return message_page(origin, {"response": answer}, cookies.headers)
        metrics.ended(self._provider, "sign-in", well=False)
        if state is not None and state.flow == "redirect" and self._may_be_sent_to(state.redirectUrl):
            assert state.redirectUrl is not None
            return _redirect(_with_error(state.redirectUrl, failure["message"]))
        return message_page(origin, {"error": failure})

    async def refresh(self, request: Request) -> Response:
        _require_script(request)
        cookies, origin = self._cookies_of(request), request.headers.get("origin")
        token = cookies.refresh_token
        try:
            if not token:
                raise InputError("Missing session cookie")
            scopes, granted = self._authenticator.scopes, cookies.granted_scope
            scope = scopes.asked(request.query_params.get("scope"), granted)
            known = is_granted(granted, scope) if scopes.persist else None
            result = await self._authenticator.refresh(Renewal(token, scope, known))
            if scopes.persist:
                cookies.set_granted_scope(scope, origin)
            else:
                scope = " ".join(dict.fromkeys(split_scope(result.session.scope)))
            renewed = result.session.refresh_token
            if renewed and renewed != token:
                cookies.set_refresh_token(renewed, origin)
            answer = await self._session(result, scope)
        except CallboardError as error:
            # A browser that was never signed in asks too: that is no failure.
            if token:
                metrics.ended(self._provider, "refresh", well=False)
            raise AuthenticationError("Refresh failed", cause=error) from error
        metrics.ended(self._provider, "refresh", well=True)
        return session_response(answer, cookies.headers)

    async def logout(self, request: Request) -> Response:
        _require_script(request)
        origin = request.headers.get("origin")
        if origin is not None:
            self._origins.require(origin)
        cookies = self._cookies_of(request)
        url = await self._authenticator.logout(cookies.refresh_token, origin)
        cookies.remove_refresh_token(origin)
        if self._authenticator.scopes.persist:
            cookies.remove_granted_scope(origin)
        if url is not None and (urlsplit(url).scheme == "https" or urlsplit(url).hostname == "localhost"):
            response: Response = JsonBytes(orjson.dumps({"logoutUrl": url}), etag=False)
        else:
            response = Response(status_code=200)
        response.raw_headers += [(b"set-cookie", cookie.encode("latin-1")) for cookie in cookies.headers]
        return response

    async def _session(self, result: OAuthResult, scope: str) -> dict[str, Any]:
        identity = None
        if self._resolver is not None:
            info = SignInInfo(self._provider, result.profile, result.account)
            identity = await self._resolver(info, self._users)
        tokens = result.session
        info_of_provider = {
            "idToken": tokens.id_token,
            "accessToken": tokens.access_token,
            "scope": scope,
            "expiresInSeconds": tokens.expires_in,
        }
        return await session(self._auth, identity, result.profile, info_of_provider)

    def _granted(self, result: OAuthResult, state: OAuthState, origin: str, cookies: ProviderCookies) -> str:
        if not self._authenticator.scopes.persist:
            return " ".join(dict.fromkeys(split_scope(result.session.scope)))
        if state.scope is None:
            raise AuthenticationError("No scope found in OAuth state")
        cookies.set_granted_scope(state.scope, origin)
        return state.scope

    def _origin_of(self, url: str) -> str:
        try:
            return self._origins.require(url)
        except InputError as error:
            raise NotAllowedError(error.message) from None

    def _may_be_sent_to(self, url: str | None) -> bool:
        try:
            return bool(url) and self._origin_of(url or "") in self._origins
        except NotAllowedError:
            return False

    def _cookies_of(self, request: Request) -> ProviderCookies:
        return ProviderCookies(self._cookies, request, self._clock)


def _require_script(request: Request) -> None:
    """A header that no form and no link of another site can send."""
    if request.headers.get("x-requested-with") != "XMLHttpRequest":
        raise AuthenticationError("Invalid X-Requested-With header")


async def _parameters(request: Request) -> Mapping[str, str]:
    """Of the query, and of the form where the identity provider answers by one."""
    parameters = dict(request.query_params)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and media_type == "application/x-www-form-urlencoded":
        try:
            form = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=100)
        except ValueError:
            raise InputError("The form cannot be read") from None
        parameters = {**dict(form), **parameters}
    return parameters


def _redirect(url: str, cookies: ProviderCookies | None = None) -> Response:
    response = Response(status_code=302, headers={"location": url, "cache-control": "no-store"})
    if cookies is not None:
        response.raw_headers += [(b"set-cookie", cookie.encode("latin-1")) for cookie in cookies.headers]
    return response


def _with_error(url: str, message: str) -> str:
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "error"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("error", message)])))
