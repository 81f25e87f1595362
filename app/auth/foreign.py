"""Tokens of somebody else's issuer, verified with the keys it publishes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from app.auth.remote_keys import RemoteKeys
from app.auth.settings import ASYMMETRIC
from app.auth.tokens import audiences, in_force, peek, verify
from app.errors import AuthenticationError
from app.interfaces import Clock, Outgoing


class ForeignIssuer:
    """See `app.interfaces.ForeignTokens`."""

    def __init__(self, url: str, outgoing: Outgoing, clock: Clock) -> None:
        self._keys = RemoteKeys(url, outgoing, clock)
        self._clock = clock

    async def claims(
        self, token: str, *, algorithms: Collection[str], issuer: Collection[str], audience: str
    ) -> Mapping[str, Any]:
        unverified = peek(token)
        algorithm = unverified.header.get("alg") if unverified is not None else None
        if unverified is None or algorithm not in algorithms or algorithm not in ASYMMETRIC:
            raise AuthenticationError("The token is not signed as it should be")
        key = await self._keys.key_for(unverified.kid, algorithm)
        claims = verify(token, key, [algorithm]) if key is not None else None
        if claims is None:
            raise AuthenticationError("The token's signature is not its issuer's")
        if claims.get("exp") is None or not in_force(claims, self._clock.now().timestamp()):
            raise AuthenticationError("The token is not in force")
        if claims.get("iss") not in issuer or audience not in audiences(claims):
            raise AuthenticationError("The token is another issuer's, or for somebody else")
        return claims
