"""Tokens that were found good, so that checking one again costs microseconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from app.interfaces import AccessRestriction


@dataclass(frozen=True, slots=True)
class Verified:
    """What a good token says. It holds wherever it is presented; who may present it where is decided each time."""

    kind: Literal["user", "service"]
    subject: str
    good_until: float = math.inf
    """Epoch seconds at which it has to be verified again, at the latest when it expires."""
    audience: tuple[str, ...] | None = None
    """The plugins that a service token is for; None for every plugin."""
    ownership: tuple[str, ...] | None = None
    """A user token's own `ent` claim."""
    limited: bool = False
    actor: str | None = None
    restrictions: tuple[AccessRestriction, ...] | None = None


class VerifiedTokens:
    """At most `limit` verified tokens by digest, the oldest forgotten first. The tokens themselves are not kept."""

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._known: dict[bytes, Verified] = {}

    @staticmethod
    def digest(token: str) -> bytes:
        return sha256(token.encode("utf-8", "surrogateescape")).digest()

    def get(self, digest: bytes, now: float) -> Verified | None:
        found = self._known.get(digest)
        if found is not None and found.good_until <= now:
            del self._known[digest]
            return None
        return found

    def put(self, digest: bytes, verified: Verified) -> None:
        if len(self._known) >= self._limit and digest not in self._known:
            self._known.pop(next(iter(self._known)))
        self._known[digest] = verified

    def __len__(self) -> int:
        return len(self._known)
