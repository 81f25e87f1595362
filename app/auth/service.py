"""The host's `Auth`: tokens → principals, and tokens for those who have none yet. Source: spec/ui-backends.md §2."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from starlette.requests import HTTPConnection

from app.auth import tokens
from app.auth.cookie import CookieJar
from app.auth.credentials import caller_of, found_by_barrier, require_kind
from app.auth.external import external_tokens
from app.auth.foreign import ForeignIssuer
from app.auth.keys import USER, KeyRing, plugin_purpose
from app.auth.settings import AuthSettings, KeyStoreSettings, TokenSettings
from app.auth.static_keys import StaticKeys
from app.auth.tokens import Unverified
from app.auth.users import UserDirectory
from app.auth.verified import Verified, VerifiedTokens
from app.config.config import LayeredConfig
from app.config.nodes import ConfigError
from app.errors import AuthenticationError, NotAllowedError
from app.http.settings import BackendSettings
from app.interfaces import ANY_CALLER, CallerKind, Clock, Database, Outgoing, Principal

SERVICE_TOKEN_LIFETIME = timedelta(hours=1)


class AuthService:
    """Raises ConfigError at construction for a configuration that is not valid."""

    def __init__(self, config: LayeredConfig, database: Database, clock: Clock, outgoing: Outgoing) -> None:
        settings = config.settings("backend.auth", AuthSettings)
        self.default_policy_disabled = settings.disable_default_policy
        """`backend.auth.dangerouslyDisableDefaultAuthPolicy`: callers without credentials are let in as nobody."""
        token_settings = config.settings("auth", TokenSettings)
        self._lifetime, self._with_ownership = token_settings.lifetime, not token_settings.omit_ownership
        base_url = config.settings("backend", BackendSettings).base_url
        self._issuer = f"{base_url.rstrip('/')}/api/auth"
        self._jar = CookieJar(base_url)
        self._clock, self._outgoing = clock, outgoing
        self._keys = KeyRing(
            database,
            clock,
            lambda purpose: self._lifetime if purpose == USER else SERVICE_TOKEN_LIFETIME,
            static_user=static_keys(token_settings.key_store, "auth.keyStore"),
            static_plugin=static_keys(settings.plugin_key_store, "backend.auth.pluginKeyStore"),
        )
        self._users = UserDirectory(database, clock)
        self._external = external_tokens(settings, outgoing, clock)
        self._verified = VerifiedTokens()

    @property
    def issuer(self) -> str:
        return self._issuer

    @property
    def user_token_lifetime(self) -> timedelta:
        return self._lifetime

    async def authenticate(self, token: str, *, plugin: str | None = None, allow_limited: bool = False) -> Principal:
        if len(token) > tokens.MAX_LENGTH:
            raise AuthenticationError("Illegal token")
        now = self._clock.now().timestamp()
        digest = self._verified.digest(token)
        verified = self._verified.get(digest, now)
        if verified is None:
            verified = await self._verify(token, now)
            self._verified.put(digest, verified)
        return await self._admit(verified, plugin, allow_limited)

    async def principal_of(
        self,
        request: HTTPConnection,
        *,
        allow: Collection[CallerKind] = ANY_CALLER,
        allow_limited: bool = False,
        allow_cookie: bool = False,
    ) -> Principal:
        principal = found_by_barrier(request.scope)
        if principal is None:
            principal = await caller_of(
                self, request.scope, allow_cookie=allow_cookie, allow_limited=allow_limited, demanded=False
            )
        return require_kind(principal, allow)

    async def issue_user_token(
        self,
        user_ref: str,
        ownership: Sequence[str],
        *,
        lifetime: timedelta | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        issued_at = int(self._clock.now().timestamp())
        token = tokens.sign_user(
            await self._keys.signer(USER),
            issuer=self._issuer,
            subject=user_ref,
            issued_at=issued_at,
            expires_at=issued_at + _seconds(self._lifetime if lifetime is None else min(lifetime, self._lifetime)),
            ownership=ownership if self._with_ownership else None,
            further=claims or {},
        )
        await self._users.remember(user_ref, ownership, claims or {})
        return token

    async def issue_service_token(self, source: str, target: str, *, user_token: str | None = None) -> str:
        """Raises AuthenticationError if `user_token` is no user's."""
        issued_at = int(self._clock.now().timestamp())
        expires_at, limited = issued_at + _seconds(SERVICE_TOKEN_LIFETIME), None
        if user_token is not None:
            limited, user_expires_at = await self.limited_user_token(user_token)
            expires_at = min(expires_at, user_expires_at)
        return tokens.sign_service(
            await self._keys.signer(plugin_purpose(source)),
            source=source,
            target=target,
            issued_at=issued_at,
            expires_at=expires_at,
            on_behalf_of=limited,
        )

    async def limited_user_token(self, token: str) -> tuple[str, int]:
        """The cookie form of a user's token, and when it expires (epoch seconds).

        Raises AuthenticationError for a token that is not a user's own.
        """
        await self.authenticate(token)
        limited = tokens.limited_user_token(token)
        if limited is None:
            raise AuthenticationError("Illegal token")
        return limited

    async def auth_cookie(self, token: str | None) -> str:
        return self._jar.clear() if token is None else self._jar.set(*await self.limited_user_token(token))

    async def user_info(self, user_ref: str) -> Mapping[str, Any] | None:
        return await self._users.claims(user_ref)

    def foreign_tokens(self, jwks_url: str) -> ForeignIssuer:
        return ForeignIssuer(jwks_url, self._outgoing, self._clock)

    async def jwks(self, plugin: str | None = None) -> list[dict[str, Any]]:
        if plugin is not None:
            return await self._keys.jwks(plugin_purpose(plugin))
        await self._keys.signer(USER)  # so that a set is never empty before the first sign-in
        return await self._keys.jwks(USER)

    async def _verify(self, token: str, now: float) -> Verified:
        unverified = tokens.peek(token)
        if unverified is not None:
            if unverified.typ == tokens.PLUGIN:
                return await self._verify_service(token, unverified, now)
            if unverified.typ in (tokens.USER, tokens.LIMITED_USER) or tokens.USER_AUDIENCE in tokens.audiences(
                unverified.claims
            ):
                return await self._verify_user(token, unverified, now)
        for external in self._external:
            verified = await external.verify(token, unverified, now)
            if verified is not None:
                return verified
        raise AuthenticationError("Illegal token")

    async def _verify_user(self, token: str, unverified: Unverified, now: float) -> Verified:
        claims = await self._signed(token, unverified, USER, now)
        limited = unverified.typ == tokens.LIMITED_USER
        if claims is None or not (limited or tokens.USER_AUDIENCE in tokens.audiences(claims)):
            raise AuthenticationError("Failed user token verification")
        ownership = claims.get("ent")
        return Verified(
            "user",
            claims["sub"],
            good_until=tokens.expiry(claims),
            ownership=tuple(ownership) if isinstance(ownership, list) else None,
            limited=limited,
        )

    async def _verify_service(self, token: str, unverified: Unverified, now: float) -> Verified:
        source = tokens.plugin_id(unverified.claims.get("sub"))
        claims = await self._signed(token, unverified, plugin_purpose(source), now)
        if claims is None:
            raise AuthenticationError("Failed plugin token verification")
        service, audience = f"plugin:{source}", tokens.audiences(claims)
        if "obo" not in claims:
            return Verified("service", service, good_until=tokens.expiry(claims), audience=audience)
        inner = tokens.peek(claims["obo"]) if isinstance(claims["obo"], str) else None
        if inner is None or inner.typ != tokens.LIMITED_USER:
            raise AuthenticationError("Invalid user token in plugin token obo claim")
        user = await self._verify_user(claims["obo"], inner, now)
        return Verified(
            "user",
            user.subject,
            good_until=min(tokens.expiry(claims), user.good_until),
            audience=audience,
            ownership=user.ownership,
            actor=service,
        )

    async def _signed(self, token: str, unverified: Unverified, purpose: str, now: float) -> tokens.Claims | None:
        """The claims of a token signed with one of our keys of this purpose, now in force and complete."""
        found = await self._keys.verifying_key(unverified.kid, purpose) if unverified.kid else None
        claims = tokens.verify(token, found[0], [found[1]]) if found is not None else None
        if claims is None or not tokens.in_force(claims, now):
            return None
        complete = isinstance(claims.get("sub"), str) and None not in (claims.get("iat"), claims.get("exp"))
        return claims if complete else None

    async def _admit(self, verified: Verified, plugin: str | None, allow_limited: bool) -> Principal:
        if verified.limited and not allow_limited:
            raise AuthenticationError("Illegal limited user token")
        if verified.audience is not None and plugin not in verified.audience:
            raise AuthenticationError("Failed plugin token verification")
        if verified.restrictions is not None:
            plugins = [restriction.plugin for restriction in verified.restrictions]
            if plugin not in plugins:
                named = ", ".join(f"'{name}'" for name in plugins)
                raise NotAllowedError(f"This token's access is restricted to plugin(s) {named}")
        if verified.kind == "service":
            return Principal("service", verified.subject, restrictions=verified.restrictions)
        ownership = verified.ownership
        if ownership is None:
            ownership = await self._users.ownership(verified.subject)
        return Principal("user", verified.subject, ownership, limited=verified.limited, actor=verified.actor)


def static_keys(settings: KeyStoreSettings, key: str) -> StaticKeys | None:
    """None unless the store is one of files. Raises ConfigError for keys that cannot be used."""
    if settings.store != "static":
        return None
    if not settings.static.keys:
        raise ConfigError(f"configuration key '{key}.static.keys' needs at least one key")
    return StaticKeys(settings.static.keys, f"{key}.static.keys")


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
