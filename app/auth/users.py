"""What is known of users since their last sign-in. Source: spec/ui-backends.md §2.6."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.interfaces import Clock, Database

_FRESH = 5_000
"""Milliseconds for which an answer is taken as it was, as in the reference."""
_MAX_CACHED = 10_000
"""Users held in memory."""


class UserDirectory:
    """Claims by user ref, kept in the database, so that every process knows the ownership behind a token without
    `ent`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[str, tuple[int, Mapping[str, Any] | None]] = {}

    async def remember(self, user_ref: str, ownership: Sequence[str], further: Mapping[str, Any]) -> None:
        claims = orjson.dumps({**further, "sub": user_ref, "ent": list(ownership)}).decode()
        async with self._database.write() as transaction:
            await transaction.execute(
                "INSERT INTO auth_user_info (user_entity_ref, claims, updated_at) VALUES (?, ?, ?) "
                "ON CONFLICT (user_entity_ref) "
                "DO UPDATE SET claims = excluded.claims, updated_at = excluded.updated_at",
                user_ref,
                claims,
                self._now(),
            )
        self._known.pop(user_ref, None)

    async def claims(self, user_ref: str) -> Mapping[str, Any] | None:
        """What was known at the last sign-in; None of somebody who never signed in."""
        now = self._now()
        known = self._known.get(user_ref)
        if known is not None and now - known[0] < _FRESH:
            return known[1]
        rows = await self._database.read("SELECT claims FROM auth_user_info WHERE user_entity_ref = ?", user_ref)
        claims = orjson.loads(rows[0][0]) if rows else None
        if len(self._known) >= _MAX_CACHED and user_ref not in self._known:
            self._known.pop(next(iter(self._known)))
        self._known[user_ref] = (now, claims)
        return claims

    async def ownership(self, user_ref: str) -> tuple[str, ...]:
        """The refs in whose name the user owns things; of somebody who never signed in, the user alone."""
        claims = await self.claims(user_ref)
        return tuple(claims["ent"]) if claims else (user_ref,)

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)
