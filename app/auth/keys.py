"""Key pairs: made here, rotated, and their public halves shared through the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from app.auth.static_keys import StaticKeys
from app.auth.tokens import Signer, public_jwk
from app.interfaces import Clock, Database

USER = "user"
_MAX_CACHED = 1_000
"""Public keys held in memory; a busy deployment has a handful for each process and hour."""


def plugin_purpose(plugin: str) -> str:
    return f"plugin:{plugin}"


@dataclass(frozen=True, slots=True)
class _Current:
    signer: Signer
    replace_at: int


@dataclass(frozen=True, slots=True)
class _Public:
    key: Any
    purpose: str
    expires_at: int


class KeyRing:
    """The keys of all purposes.

    A key signs for one token lifetime and its public half is published for three, so it outlives every token it
    has signed. Private keys are never stored: each process makes its own, which costs well under a millisecond.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        lifetime_of: Callable[[str], timedelta],
        *,
        static_user: StaticKeys | None = None,
        static_plugin: StaticKeys | None = None,
    ) -> None:
        """Static keys stand in for made ones: of user tokens, or of all plugins'."""
        self._static_user, self._static_plugin = static_user, static_plugin
        self._database = database
        self._clock = clock
        self._lifetime_of = lifetime_of
        self._current: dict[str, _Current] = {}
        self._public: dict[str, _Public] = {}
        self._making = asyncio.Lock()

    async def signer(self, purpose: str) -> Signer:
        """The key to sign with now; its public half is stored before it is first used."""
        if (static := self._static(purpose)) is not None:
            return static.signer
        current = self._current.get(purpose)
        if current is not None and self._now() < current.replace_at:
            return current.signer
        async with self._making:
            current = self._current.get(purpose)
            if current is None or self._now() >= current.replace_at:
                current = self._current[purpose] = await self._make(purpose)
            return current.signer

    async def verifying_key(self, kid: str, purpose: str) -> tuple[Any, str] | None:
        """The public key of this id and its algorithm, if there is one for this purpose that has not expired."""
        if (static := self._static(purpose)) is not None:
            return static.verifying_key(kid)
        known = self._public.get(kid)
        if known is None:
            rows = await self._database.read("SELECT jwk, purpose, expires_at FROM auth_signing_key WHERE kid = ?", kid)
            if not rows:
                return None
            jwk, stored_purpose, expires_at = rows[0]
            known = self._remember(kid, _Public(jwt.PyJWK(orjson.loads(jwk)).key, stored_purpose, expires_at))
        return (known.key, "ES256") if known.purpose == purpose and self._now() < known.expires_at else None

    async def jwks(self, purpose: str) -> list[dict[str, Any]]:
        """The public keys that tokens still in force may have been signed with, oldest first."""
        if (static := self._static(purpose)) is not None:
            return static.jwks()
        rows = await self._database.read(
            "SELECT jwk FROM auth_signing_key WHERE purpose = ? AND expires_at > ? ORDER BY created_at, kid",
            purpose,
            self._now(),
        )
        return [orjson.loads(jwk) for (jwk,) in rows]

    def _static(self, purpose: str) -> StaticKeys | None:
        return self._static_user if purpose == USER else self._static_plugin

    async def _make(self, purpose: str) -> _Current:
        now, lifetime = self._now(), int(self._lifetime_of(purpose).total_seconds() * 1000)
        kid, private = str(uuid4()), ec.generate_private_key(ec.SECP256R1())
        expires_at = now + 3 * lifetime
        jwk = orjson.dumps(public_jwk(kid, private.public_key())).decode()
        async with self._database.write() as transaction:
            await transaction.execute("DELETE FROM auth_signing_key WHERE expires_at <= ?", now)
            await transaction.execute(
                "INSERT INTO auth_signing_key (kid, purpose, jwk, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
                kid,
                purpose,
                jwk,
                now,
                expires_at,
            )
        self._remember(kid, _Public(private.public_key(), purpose, expires_at))
        return _Current(Signer(kid, private), now + lifetime)

    def _remember(self, kid: str, public: _Public) -> _Public:
        if len(self._public) >= _MAX_CACHED:
            self._public.pop(next(iter(self._public)))
        self._public[kid] = public
        return public

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)
