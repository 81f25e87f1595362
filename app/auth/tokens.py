"""The tokens themselves: what Backstage's compact JWS hold, byte for byte. Source: spec/ui-backends.md §2.1, §2.2.

Signing and verifying are PyJWT's; moments come from the caller, so PyJWT's own clock is not used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from jwt.utils import base64url_encode

from app.errors import AuthenticationError, InputError

Claims = Mapping[str, Any]

USER = "vnd.backstage.user"
LIMITED_USER = "vnd.backstage.limited-user"
PLUGIN = "vnd.backstage.plugin"
USER_AUDIENCE = "backstage"
MAX_LENGTH = 32_768
"""Characters. Longer tokens are neither issued nor read."""

_OWN_CLAIMS = frozenset({"iss", "sub", "ent", "aud", "iat", "exp", "nbf", "jti", "uip", "obo"})
_NO_CLAIMS: Claims = {}
_USER_REF = re.compile(r"[^:/\s]+:[^:/\s]+/[^:/\s]+")
_PLUGIN_ID = re.compile(r"[a-z0-9_-]+", re.IGNORECASE)
_jws = jwt.PyJWS()
_UNREADABLE = (jwt.PyJWTError, ValueError, RecursionError)
"""What reading hostile text may end in; a header that is nested thousands of levels deep recurses too far."""


@dataclass(frozen=True, slots=True)
class Signer:
    kid: str
    private: Any
    algorithm: str = "ES256"

    def sign(self, typ: str, claims: Claims) -> str:
        """The header's members stand in the order `typ`, `alg`, `kid`, which limited tokens depend on."""
        return _jws.encode(
            orjson.dumps(claims), self.private, self.algorithm, {"typ": typ, "kid": self.kid}, sort_headers=False
        )


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a token says of itself. Trust none of it."""

    header: Mapping[str, Any]
    claims: Claims

    @property
    def typ(self) -> Any:
        return self.header.get("typ")

    @property
    def kid(self) -> str | None:
        kid = self.header.get("kid")
        return kid if isinstance(kid, str) and len(kid) <= 200 else None


def peek(token: str) -> Unverified | None:
    """The header and claims of something that looks like a JWT; None for anything else."""
    if token.count(".") != 2 or len(token) > MAX_LENGTH:
        return None
    try:
        parts = _jws.decode_complete(token, options={"verify_signature": False})
        claims = orjson.loads(parts["payload"])
    except _UNREADABLE:
        return None
    return Unverified(parts["header"], claims) if isinstance(claims, dict) else None


def verify(token: str, key: Any, algorithms: Collection[str]) -> Claims | None:
    """The claims, if the signature is this key's by one of these algorithms. Says nothing about times."""
    try:
        claims = orjson.loads(_jws.decode(token, key, algorithms=list(algorithms)))
    except (*_UNREADABLE, TypeError):
        return None
    return claims if isinstance(claims, dict) else None


def in_force(claims: Claims, now: float) -> bool:
    """Whether `exp` and `nbf`, where given, are numbers that let the token pass at `now` (epoch seconds)."""
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            return False
    expires_at, starts_at = claims.get("exp"), claims.get("nbf")
    return (expires_at is None or bool(expires_at > now)) and (starts_at is None or bool(starts_at <= now))


def expiry(claims: Claims) -> float:
    """Epoch seconds at which the token ends; infinity for one that never does."""
    expires_at = claims.get("exp")
    return math.inf if expires_at is None else float(expires_at)


def audiences(claims: Claims) -> tuple[str, ...]:
    aud = claims.get("aud")
    if isinstance(aud, str):
        return (aud,)
    return tuple(item for item in aud if isinstance(item, str)) if isinstance(aud, list) else ()


def sign_user(
    signer: Signer,
    *,
    issuer: str,
    subject: str,
    issued_at: int,
    expires_at: int,
    ownership: Collection[str] | None,
    further: Claims = _NO_CLAIMS,
) -> str:
    """A user token. `ownership` None leaves `ent` out.

    Raises:
        InputError: the subject is no entity ref, a further claim has the name of one of ours, or the token would be
            too long.
    """
    if taken := sorted(_OWN_CLAIMS.intersection(further)):
        raise InputError(f"A user token has a '{taken[0]}' claim of its own")
    if not _USER_REF.fullmatch(subject):
        raise InputError(f"'sub' claim '{subject}' is not a valid entity ref")
    times = {"iat": issued_at, "exp": expires_at}
    limited = signer.sign(LIMITED_USER, {"sub": subject, **times})
    claims: dict[str, Any] = {"iss": issuer, "sub": subject}
    if ownership is not None:
        claims["ent"] = list(ownership)
    claims |= {"aud": USER_AUDIENCE, **times, "uip": limited.rpartition(".")[2], **further}
    token = signer.sign(USER, claims)
    if len(token) > MAX_LENGTH:
        raise InputError(f"Failed to issue a new user token: it would be longer than {MAX_LENGTH} characters")
    return token


def limited_user_token(token: str) -> tuple[str, int] | None:
    """The limited token in a user token, and when it expires (epoch seconds); None if there is none in it."""
    full = peek(token)
    if full is None or full.typ != USER:
        return None
    proof, claims = full.claims.get("uip"), {name: full.claims.get(name) for name in ("sub", "iat", "exp")}
    if not isinstance(proof, str) or not isinstance(claims["exp"], int):
        return None
    header = {"typ": LIMITED_USER, "alg": full.header.get("alg"), "kid": full.header.get("kid")}
    encoded = [base64url_encode(orjson.dumps(part)).decode() for part in (header, claims)]
    return ".".join([*encoded, proof]), claims["exp"]


def sign_service(
    signer: Signer, *, source: str, target: str, issued_at: int, expires_at: int, on_behalf_of: str | None
) -> str:
    """A plugin's token for another plugin. `on_behalf_of` is a limited user token."""
    claims: dict[str, Any] = {"sub": plugin_id(source), "aud": target, "iat": issued_at, "exp": expires_at}
    if on_behalf_of is not None:
        claims["obo"] = on_behalf_of
    return signer.sign(PLUGIN, claims)


def plugin_id(subject: Any) -> str:
    """The plugin that a service token names. Raises AuthenticationError for what cannot be one."""
    if not isinstance(subject, str) or not subject:
        raise AuthenticationError("Invalid plugin token: missing subject")
    if not _PLUGIN_ID.fullmatch(subject):
        raise AuthenticationError("Invalid plugin token: forbidden subject format")
    return subject


def public_jwk(kid: str, key: EllipticCurvePublicKey) -> dict[str, Any]:
    members = jwt.algorithms.ECAlgorithm.to_jwk(key, as_dict=True)
    return {"kty": "EC", "crv": "P-256", "x": members["x"], "y": members["y"], "kid": kid, "alg": "ES256"}
