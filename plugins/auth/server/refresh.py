"""Refresh tokens: `<uuid>.<43 characters>`, hashed, renewed at each use. Source: spec/ui-backends.md §3.7."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from uuid import UUID, uuid4

from app.errors import AuthenticationError
from app.interfaces import Clock, Database
from plugins.auth.settings import RefreshTokenSettings

_COST = {"n": 16384, "r": 8, "p": 1, "dklen": 64}
MAX_LENGTH = 200


class RefreshTokens:
    def __init__(self, settings: RefreshTokenSettings, database: Database, clock: Clock) -> None:
        self._settings, self._database, self._clock = settings, database, clock

    async def issue(self, user_ref: str, client_id: str) -> str:
        """A token. A user's oldest ones make room for it."""
        session_id, now = str(uuid4()), self._now()
        token, hashed = await _made(session_id)
        async with self._database.write() as transaction:
            await transaction.execute(
                "INSERT INTO auth_refresh_token (id, user_ref, client_id, token_hash, created_at, used_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                session_id,
                user_ref,
                client_id,
                hashed,
                now,
                now,
            )
            await transaction.execute(
                "DELETE FROM auth_refresh_token WHERE user_ref = ? AND id NOT IN (SELECT id FROM (SELECT id FROM "
                "auth_refresh_token WHERE user_ref = ? ORDER BY used_at DESC, created_at DESC, id LIMIT ?) AS kept)",
                user_ref,
                user_ref,
                self._settings.max_tokens_per_user,
            )
        return token

    async def owner(self, token: str, client_id: str | None) -> tuple[str, str]:
        """Whose a good token is, and the client it was given to. Raises AuthenticationError."""
        session_id = _id_of(token)
        if session_id is None:
            raise AuthenticationError("Invalid refresh token format")
        rows = await self._database.read(
            "SELECT user_ref, client_id, token_hash, created_at, used_at FROM auth_refresh_token WHERE id = ?",
            session_id,
        )
        if not rows:
            raise AuthenticationError("Invalid refresh token")
        user_ref, owner, hashed, created_at, used_at = rows[0]
        if min(used_at + self._idle, created_at + self._longest) <= self._now():
            await self._delete(session_id)
            raise AuthenticationError("Invalid refresh token")
        if client_id and client_id != owner:
            raise AuthenticationError("Refresh token was not issued to this client")
        if not await asyncio.to_thread(_is_of, token, hashed):
            raise AuthenticationError("Invalid refresh token")
        return user_ref, owner

    async def rotate(self, token: str) -> str:
        """The token that takes the place of a good one. Of two who try at once, one gets it. Raises
        AuthenticationError."""
        session_id = _id_of(token)
        assert session_id is not None
        rows = await self._database.read("SELECT token_hash FROM auth_refresh_token WHERE id = ?", session_id)
        before = str(rows[0][0]) if rows else ""
        renewed, hashed = await _made(session_id)
        good = bool(before) and await asyncio.to_thread(_is_of, token, before)
        if good:
            async with self._database.write() as transaction:
                changed = await transaction.execute(
                    "UPDATE auth_refresh_token SET token_hash = ?, used_at = ? WHERE id = ? AND token_hash = ?",
                    hashed,
                    self._now(),
                    session_id,
                    before,
                )
            if changed:
                return renewed
        raise AuthenticationError("Invalid refresh token")

    async def revoke(self, token: str, client_id: str | None = None) -> None:
        """Says nothing about tokens that are not good, or are another client's."""
        session_id = _id_of(token)
        if session_id is None:
            return
        rows = await self._database.read(
            "SELECT client_id, token_hash FROM auth_refresh_token WHERE id = ?", session_id
        )
        if rows and client_id in (None, rows[0][0]) and await asyncio.to_thread(_is_of, token, rows[0][1]):
            await self._delete(session_id)

    async def tidy(self) -> None:
        async with self._database.write() as transaction:
            await transaction.execute(
                "DELETE FROM auth_refresh_token WHERE used_at <= ? OR created_at <= ?",
                self._now() - self._idle,
                self._now() - self._longest,
            )

    async def _delete(self, session_id: str) -> None:
        async with self._database.write() as transaction:
            await transaction.execute("DELETE FROM auth_refresh_token WHERE id = ?", session_id)

    @property
    def _idle(self) -> int:
        return int(self._settings.token_lifetime.total_seconds() * 1000)

    @property
    def _longest(self) -> int:
        return int(self._settings.max_rotation_lifetime.total_seconds() * 1000)

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


async def _made(session_id: str) -> tuple[str, str]:
    token = f"{session_id}.{secrets.token_urlsafe(32)}"
    return token, await asyncio.to_thread(_hashed, token, secrets.token_bytes(16))


def _hashed(token: str, salt: bytes) -> str:
    digest = hashlib.scrypt(token.encode(), salt=salt, **_COST)
    return ".".join(base64.b64encode(part).decode() for part in (salt, digest))


def _is_of(token: str, hashed: str) -> bool:
    salt = base64.b64decode(hashed.partition(".")[0])
    return hmac.compare_digest(_hashed(token, salt), hashed)


def _id_of(token: str) -> str | None:
    head, dot, tail = token.partition(".")
    try:
        return str(UUID(head)) if dot and tail and "." not in tail and len(token) <= MAX_LENGTH else None
    except ValueError:
        return None
