"""Somebody else's JSON Web Key Set, fetched through the guarded client and remembered."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import jwt
import orjson

from app.errors import CallboardError
from app.interfaces import Clock, Outgoing

_MAX_AGE = 600.0
"""Seconds after which the set is fetched again, so that a withdrawn key is not trusted for longer."""
_COOLDOWN = 30.0
"""Seconds between two fetches, whatever key ids callers make up and however often the fetch fails."""
_MAX_BYTES = 1024 * 1024
_TIMEOUT = 5.0

_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Key:
    id: str | None
    algorithms: frozenset[str]
    key: Any


class RemoteKeys:
    def __init__(self, url: str, outgoing: Outgoing, clock: Clock) -> None:
        self._url = url
        self._outgoing = outgoing
        self._clock = clock
        self._keys: list[_Key] = []
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def key_for(self, kid: str | None, algorithm: str) -> Any | None:
        """The key with this id, or the only one there is when a token names none; None if there is no such key."""
        now = self._clock.now().timestamp()
        found = self._find(kid, algorithm) if now - self._fetched_at < _MAX_AGE else None
        if found is None:
            await self._refresh()
            fresh = self._clock.now().timestamp() - self._fetched_at < _MAX_AGE
            found = self._find(kid, algorithm) if fresh else None
        return found

    def _find(self, kid: str | None, algorithm: str) -> Any | None:
        fitting = [key for key in self._keys if kid in (None, key.id) and algorithm in key.algorithms]
        return fitting[0].key if len(fitting) == 1 else None

    async def _refresh(self) -> None:
        async with self._fetching:
            now = self._clock.now().timestamp()
            if now - self._tried_at < _COOLDOWN:
                return
            self._tried_at = now
            try:
                response = await self._outgoing.request(
                    "GET", self._url, headers={"accept": "application/json"}, max_bytes=_MAX_BYTES, timeout=_TIMEOUT
                )
                if response.status_code != 200:
                    raise ValueError(f"status {response.status_code}")
                self._keys = _usable(orjson.loads(response.content))
                self._fetched_at = now
            except (CallboardError, ValueError) as error:
                _log.warning("could not fetch the key set %s: %s", self._url, error)


def _usable(document: Any) -> list[_Key]:
    """The set's signature keys that we understand; others are ignored, as RFC 7517 §5 wants it."""
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        raise ValueError("not a JSON Web Key Set")
    keys = []
    for member in members:
        # A shared secret in a public document verifies nothing.
        if not isinstance(member, dict) or member.get("kty") == "oct" or member.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(member)
        except jwt.PyJWTError:
            continue
        # An RSA key that names no algorithm may be used with each of its family.
        any_rsa = member.get("kty") == "RSA" and "alg" not in member
        keys.append(_Key(key.key_id, _RSA if any_rsa else frozenset({key.algorithm_name}), key.key))
    return keys
