"""OpenID Connect with any provider that publishes its metadata. Source: spec/ui-backends.md §3.6."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from app.errors import CallboardError
from app.interfaces import Auth, ForeignTokens, SignInProfile
from plugins.auth.oauth.authenticator import Attempt, Authenticator, OAuthResult, OAuthSession, Renewal
from plugins.auth.oauth.endpoint import Endpoints
from plugins.auth.oauth.plain import code_of
from plugins.auth.oauth.scopes import Scopes
from plugins.auth.settings import OidcSettings

REQUIRED = ("openid", "profile", "email")
WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Metadata:
    issuer: str
    authorize_url: str
    token_url: str
    userinfo_url: str
    revoke_url: str | None
    tokens: ForeignTokens


class Oidc(Authenticator):
    """The provider's metadata are fetched when they are first needed, so that its absence does not stop our start."""

    def __init__(self, settings: OidcSettings, endpoints: Endpoints, callback_url: str, auth: Auth) -> None:
        self.scopes = Scopes(REQUIRED, settings.additional_scopes, persist=True)
        self._settings, self._endpoints, self._callback_url = settings, endpoints, callback_url
        self._auth = auth
        self._metadata: Metadata | None = None
        self._discovering = asyncio.Lock()

    async def start(self, attempt: Attempt) -> str:
        metadata = await self._discovered()
        parameters = {
            **self._settings.start_url_search_params,
            "client_id": self._settings.client_id,
            "scope": attempt.scope,
            "response_type": "code",
            "redirect_uri": self._callback_url,
            "state": attempt.state,
            "nonce": _token_nonce(attempt.nonce),
        }
        if self._settings.prompt != "auto":
            parameters["prompt"] = self._settings.prompt
        joint = "&" if "?" in metadata.authorize_url else "?"
        return f"{metadata.authorize_url}{joint}{urlencode(parameters)}"

    async def authenticate(self, attempt: Attempt) -> OAuthResult:
        metadata = await self._discovered()
        code = code_of(attempt)
        issuer = attempt.query.get("iss")
        if issuer is not None and issuer != metadata.issuer:
            raise CallboardError("Authentication rejected, the answer is another issuer's")  # RFC 9207
        session, _ = await self._endpoints.token(
            metadata.token_url,
            {"grant_type": "authorization_code", "code": code, "redirect_uri": self._callback_url},
        )
        if session.id_token is None:
            raise CallboardError("Authentication failed, the identity provider gave no ID token")
        claims = await self._claims(metadata, session.id_token)
        if claims.get("nonce") != _token_nonce(attempt.nonce):
            raise CallboardError("Authentication failed, the ID token is for another sign-in")
        return await self._result(metadata, session, claims)

    async def refresh(self, renewal: Renewal) -> OAuthResult:
        metadata = await self._discovered()
        session, _ = await self._endpoints.token(
            metadata.token_url, {"grant_type": "refresh_token", "refresh_token": renewal.refresh_token}
        )
        claims = await self._claims(metadata, session.id_token) if session.id_token is not None else None
        return await self._result(metadata, session, claims)

    async def logout(self, refresh_token: str | None, origin: str | None) -> str | None:
        metadata = await self._discovered()
        if refresh_token and metadata.revoke_url:
            await self._endpoints.post(metadata.revoke_url, {"token": refresh_token})
        return None

    async def _result(self, metadata: Metadata, session: OAuthSession, claims: Mapping[str, Any] | None) -> OAuthResult:
        userinfo = await self._endpoints.get(metadata.userinfo_url, session.access_token)
        if not isinstance(userinfo, dict) or not isinstance(userinfo.get("sub"), str):
            raise CallboardError("Authentication failed, the user info names no subject")
        if claims is not None and claims.get("sub") != userinfo["sub"]:
            raise CallboardError("Authentication failed, the user info is somebody else's")
        profile = SignInProfile(
            # Anybody may call an address their own; only one that was verified says who they are.
            email=_text(userinfo.get("email")) if userinfo.get("email_verified") is True else None,
            display_name=_text(userinfo.get("name")),
            picture=_text(userinfo.get("picture")),
        )
        account = {"userinfo": userinfo, "claims": dict(claims or {}), "fullProfile": {"userinfo": userinfo}}
        return OAuthResult(session, profile, account)

    async def _claims(self, metadata: Metadata, id_token: str) -> Mapping[str, Any]:
        claims = await metadata.tokens.claims(
            id_token,
            algorithms=[self._settings.token_signed_response_alg],
            issuer=[metadata.issuer],
            audience=self._settings.client_id,
        )
        if claims.get("azp", self._settings.client_id) != self._settings.client_id:
            raise CallboardError("Authentication failed, the ID token is another client's")
        return claims

    async def _discovered(self) -> Metadata:
        async with self._discovering:
            if self._metadata is None:
                url = self._settings.metadata_url
                if WELL_KNOWN not in url:
                    url = url.rstrip("/") + WELL_KNOWN
                self._metadata = self._read(await self._endpoints.get(url))
            return self._metadata

    def _read(self, document: Any) -> Metadata:
        def member(name: str) -> str:
            value = document.get(name) if isinstance(document, dict) else None
            if not isinstance(value, str) or not value:
                raise CallboardError(f"OIDC IdP must provide a {name} in the metadata response")
            return value

        return Metadata(
            member("issuer"),
            member("authorization_endpoint"),
            member("token_endpoint"),
            member("userinfo_endpoint"),
            _text(document.get("revocation_endpoint")),
            self._auth.foreign_tokens(member("jwks_uri")),
        )


def _token_nonce(nonce: str) -> str:
    """The nonce that the ID token must have: derived from the browser's own, which the provider never sees as such."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"oidc:" + nonce.encode()).digest()).decode().rstrip("=")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
