"""What the OAuth server does: codes and refresh tokens become user tokens. Source: spec/ui-backends.md §3.7."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from app.errors import AuthenticationError, InputError, NotFoundError
from app.interfaces import Auth, SignedIn, SignInContext
from plugins.auth.server.clients import Clients
from plugins.auth.server.refresh import RefreshTokens
from plugins.auth.server.sessions import Sessions

_LIFETIME = timedelta(hours=1)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tokens:
    access_token: str
    expires_in: int
    scope: str | None = None
    refresh_token: str | None = None


class OAuthServer:
    """`refresh_tokens` None: clients are given none. `presence`: only users whom the catalog has are renewed."""

    def __init__(
        self,
        clients: Clients,
        sessions: Sessions,
        refresh_tokens: RefreshTokens | None,
        *,
        auth: Auth,
        users: SignInContext,
        presence: bool,
    ) -> None:
        self.clients, self.sessions, self.refresh_tokens = clients, sessions, refresh_tokens
        self._auth, self._users, self._presence = auth, users, presence

    async def redeem(
        self, code: str, redirect_uri: str, verifier: str | None, *, client_id: str | None, secret: str | None
    ) -> Tokens:
        """Raises AuthenticationError. A client that has registered may show its secret, which has then to be right."""
        session = await self.sessions.redeem(code, redirect_uri, verifier)
        if client_id is not None and client_id != session.client_id:
            raise AuthenticationError("Authorization code was not issued to this client")
        if secret is not None and not await self.clients.has_secret(session.client_id, secret):
            raise AuthenticationError("Invalid client credentials")
        if session.code_challenge is None and secret is None:
            # Without either, whoever has seen the code could use it (RFC 9700 §2.1.1).
            raise AuthenticationError("Client authentication or PKCE is required")
        assert session.user_ref is not None
        user_ref, scopes = session.user_ref, (session.scope or "").split()
        token, lifetime = await self._token(user_ref)
        refresh_token = None
        if "offline_access" in scopes and self.refresh_tokens is not None:
            refresh_token = await self.refresh_tokens.issue(user_ref, session.client_id)
        _log.info("A client '%s' was given a token for %s", session.client_id, user_ref)
        return Tokens(token, lifetime, session.scope or "openid", refresh_token)

    async def refresh(self, refresh_token: str, *, client_id: str | None, secret: str | None) -> Tokens:
        """Raises AuthenticationError, and InputError where there are no refresh tokens."""
        if self.refresh_tokens is None:
            raise InputError("Refresh tokens are not enabled")
        if secret is not None and (client_id is None or not await self.clients.has_secret(client_id, secret)):
            raise AuthenticationError("Invalid client credentials")
        user_ref, _ = await self.refresh_tokens.owner(refresh_token, client_id)
        if self._presence and await self._in_catalog(user_ref) is None:
            await self.refresh_tokens.revoke(refresh_token)
            raise AuthenticationError("User entity no longer exists in the catalog")
        renewed = await self.refresh_tokens.rotate(refresh_token)
        token, lifetime = await self._token(user_ref)
        return Tokens(token, lifetime, refresh_token=renewed)

    async def tidy(self) -> None:
        await self.sessions.tidy()
        if self.refresh_tokens is not None:
            await self.refresh_tokens.tidy()

    async def _token(self, user_ref: str) -> tuple[str, int]:
        """A token with what the user owns things in the name of now, or did at their last sign-in."""
        lifetime = min(_LIFETIME, self._auth.user_token_lifetime)
        known = dict(await self._auth.user_info(user_ref) or {})
        found = await self._in_catalog(user_ref)
        ownership = found.ownership if found is not None else tuple(known.get("ent") or (user_ref,))
        claims = {name: value for name, value in known.items() if name not in ("sub", "ent")}
        token = await self._auth.issue_user_token(user_ref, ownership, lifetime=lifetime, claims=claims)
        return token, int(lifetime.total_seconds())

    async def _in_catalog(self, user_ref: str) -> SignedIn | None:
        try:
            return await self._users.sign_in(await self._users.find_user(ref=user_ref))
        except NotFoundError:
            return None
