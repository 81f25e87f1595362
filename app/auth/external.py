"""`backend.auth.externalAccess`: the tokens of callers from outside. Source: spec/ui-backends.md §2.4."""

from __future__ import annotations

import base64
import hmac
import warnings
from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

from jwt.warnings import InsecureKeyLengthWarning

from app.auth.remote_keys import RemoteKeys
from app.auth.settings import (
    ASYMMETRIC,
    AuthSettings,
    JwksAccess,
    JwksOptions,
    LegacyAccess,
    StaticAccess,
)
from app.auth.tokens import Unverified, audiences, expiry, in_force, verify
from app.auth.verified import Verified
from app.interfaces import AccessRestriction, Clock, Outgoing

_TRUSTED_FOR = 600.0
"""Seconds for which a token of a foreign issuer is taken as verified: its keys may be withdrawn."""


class ExternalTokens(Protocol):
    """One entry of the list."""

    async def verify(self, token: str, unverified: Unverified | None, now: float) -> Verified | None:
        """The caller, or None for a token that this entry does not know. `unverified` is None unless it is a JWT."""


class StaticTokens:
    """Exact texts. All are compared each time, by digest, so that time tells nothing about any of them."""

    def __init__(self, entries: Sequence[StaticAccess]) -> None:
        self._entries = [
            (
                sha256(entry.options.token.get_secret_value().encode()).digest(),
                Verified("service", f"external:{entry.options.subject}", restrictions=entry.restrictions),
            )
            for entry in entries
        ]

    async def verify(self, token: str, unverified: Unverified | None, now: float) -> Verified | None:
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        matches = [caller for known, caller in self._entries if hmac.compare_digest(known, digest)]
        return matches[0] if matches else None


class LegacyTokens:
    """HS256 with a shared secret, as Backstage's old backends made them."""

    def __init__(self, secret: str, subject: str, restrictions: tuple[AccessRestriction, ...] | None) -> None:
        self._secret = base64.b64decode(secret)
        self._subject = f"external:{subject}"
        self._restrictions = restrictions

    async def verify(self, token: str, unverified: Unverified | None, now: float) -> Verified | None:
        if (
            unverified is None
            or unverified.header.get("alg") != "HS256"
            or unverified.claims.get("sub") != "backstage-server"
            or "aud" in unverified.claims
        ):
            return None
        with warnings.catch_warnings():
            # The reference's own generator makes secrets of 24 bytes; whoever set one up cannot change it here.
            warnings.simplefilter("ignore", InsecureKeyLengthWarning)
            claims = verify(token, self._secret, ["HS256"])
        if claims is None or not in_force(claims, now):
            return None
        return Verified("service", self._subject, good_until=expiry(claims), restrictions=self._restrictions)


class JwksTokens:
    """JWTs of an issuer whose public keys are at a URL."""

    def __init__(
        self, options: JwksOptions, restrictions: tuple[AccessRestriction, ...] | None, keys: RemoteKeys
    ) -> None:
        self._options = options
        self._restrictions = restrictions
        self._keys = keys
        self._algorithms = frozenset(options.algorithm) or ASYMMETRIC
        self._prefix = f"external:{options.subject_prefix}:" if options.subject_prefix else "external:"

    async def verify(self, token: str, unverified: Unverified | None, now: float) -> Verified | None:
        if unverified is None or not self._concerns(unverified):
            return None
        algorithm = unverified.header["alg"]
        key = await self._keys.key_for(unverified.kid, algorithm)
        claims = verify(token, key, [algorithm]) if key is not None else None
        if claims is None or not in_force(claims, now):
            return None
        return Verified(
            "service",
            self._prefix + claims["sub"],
            good_until=min(expiry(claims), now + _TRUSTED_FOR),
            restrictions=self._restrictions,
        )

    def _concerns(self, unverified: Unverified) -> bool:
        """Whether the token says what is asked of it; only then is a signature worth a look."""
        options, claims = self._options, unverified.claims
        subject = claims.get("sub")
        return (
            unverified.header.get("alg") in self._algorithms
            and isinstance(subject, str)
            and subject != ""
            and (not options.issuer or claims.get("iss") in options.issuer)
            and (not options.audience or not set(options.audience).isdisjoint(audiences(claims)))
        )


def external_tokens(settings: AuthSettings, outgoing: Outgoing, clock: Clock) -> list[ExternalTokens]:
    """Everything configured, static tokens first: they cost least."""
    entries = settings.external_access
    found: list[ExternalTokens] = [StaticTokens([entry for entry in entries if isinstance(entry, StaticAccess)])]
    for entry in entries:
        if isinstance(entry, LegacyAccess):
            secret = entry.options.secret.get_secret_value()
            found.append(LegacyTokens(secret, entry.options.subject, entry.restrictions))
        elif isinstance(entry, JwksAccess):
            keys = RemoteKeys(entry.options.url, outgoing, clock)
            found.append(JwksTokens(entry.options, entry.restrictions, keys))
    found.extend(LegacyTokens(key.secret.get_secret_value(), "backstage-plugin", None) for key in settings.keys)
    return found
