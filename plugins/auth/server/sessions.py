"""Authorisation sessions: from a client's request to a code that works once. Source: spec/ui-backends.md §3.7."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import uuid4

from app.errors import AuthenticationError, InputError, NotFoundError
from app.interfaces import Clock, Database
from plugins.auth.server.clients import Client

SESSION = timedelta(hours=1)
CODE = timedelta(minutes=10)
METHODS = ("S256", "plain")
_COLUMNS = (
    "id, client_id, client_name, redirect_uri, scope, state, code_challenge, code_challenge_method, status, user_ref, "
    "expires_at, code_expires_at"
)


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    client_id: str
    client_name: str | None
    redirect_uri: str
    scope: str | None
    state: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    status: str
    user_ref: str | None
    expires_at: int
    code_expires_at: int | None


class Sessions:
    """What happens to a session happens once, whichever replica is asked: each step is one conditional UPDATE."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def create(
        self,
        client: Client,
        redirect_uri: str,
        *,
        scope: str | None,
        state: str | None,
        challenge: str | None,
        method: str | None,
    ) -> str:
        """The session's id. Raises InputError."""
        if client.public and not challenge:
            raise InputError("PKCE is required for public clients. Provide a code_challenge parameter.")
        if challenge and method not in METHODS:
            raise InputError("Invalid code_challenge_method")
        made = str(uuid4())
        async with self._database.write() as transaction:
            await transaction.execute(
                "INSERT INTO auth_oauth_session (id, client_id, client_name, redirect_uri, scope, state, "
                "code_challenge, code_challenge_method, status, expires_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?)",
                made,
                client.id,
                client.name,
                redirect_uri,
                scope,
                state,
                challenge,
                method,
                self._now() + _ms(SESSION),
            )
        return made

    async def pending(self, session_id: str) -> Session:
        """Raises NotFoundError, and InputError for one that has expired."""
        rows = await self._database.read(f"SELECT {_COLUMNS} FROM auth_oauth_session WHERE id = ?", session_id)  # noqa: S608
        if not rows:
            raise NotFoundError("Invalid authorization session")
        session = Session(*rows[0])
        if session.expires_at < self._now():
            raise InputError("Authorization session expired")
        if session.status != "pending":
            raise NotFoundError("Authorization session not found or expired")
        return session

    async def approve(self, session_id: str, user_ref: str) -> str:
        """Where to send the browser, with the code. Raises as `pending` does."""
        session, code = await self.pending(session_id), secrets.token_urlsafe(32)
        await self._end(
            session,
            "status = 'approved', user_ref = ?, code_digest = ?, code_expires_at = ?",
            (user_ref, _digest(code), self._now() + _ms(CODE)),
        )
        given = {"code": code, **({"state": session.state} if session.state else {})}
        return _with_query(session.redirect_uri, given, keep=True)

    async def reject(self, session_id: str, user_ref: str) -> str:
        session = await self.pending(session_id)
        await self._end(session, "status = 'rejected', user_ref = ?", (user_ref,))
        given = {"error": "access_denied", "error_description": "User denied the request"}
        if session.state:
            given["state"] = session.state
        return _with_query(session.redirect_uri, given, keep=False)

    async def redeem(self, code: str, redirect_uri: str, verifier: str | None) -> Session:
        """The approved session of a code, which works no second time. Raises AuthenticationError.

        The code is used up before anything else is looked at: whoever has one and tries to guess the rest has one try.
        """
        digest, now = _digest(code), self._now()
        async with self._database.write() as transaction:
            rows = await transaction.fetch(
                f"SELECT {_COLUMNS} FROM auth_oauth_session WHERE code_digest = ?",  # noqa: S608
                digest,
            )
            used = await transaction.execute(
                "UPDATE auth_oauth_session SET status = 'used' WHERE code_digest = ? AND status = 'approved'", digest
            )
        if not rows:
            raise AuthenticationError("Invalid authorization code")
        session = Session(*rows[0])
        if not used:
            raise AuthenticationError("Authorization code already used")
        if session.code_expires_at is None or session.code_expires_at < now:
            raise AuthenticationError("Authorization code expired")
        if session.redirect_uri != redirect_uri:
            raise AuthenticationError("Redirect URI mismatch")
        if session.code_challenge:
            if not verifier:
                raise AuthenticationError("Code verifier required for PKCE")
            if not _proves(verifier, session.code_challenge, session.code_challenge_method):
                raise AuthenticationError("Invalid code verifier")
        return session

    async def tidy(self) -> None:
        """Forgets sessions that have ended. A used code is remembered as long as it would have been good."""
        async with self._database.write() as transaction:
            await transaction.execute("DELETE FROM auth_oauth_session WHERE expires_at < ?", self._now() - _ms(CODE))

    async def _end(self, session: Session, change: str, values: tuple[object, ...]) -> None:
        async with self._database.write() as transaction:
            changed = await transaction.execute(
                f"UPDATE auth_oauth_session SET {change} WHERE id = ? AND status = 'pending'",  # noqa: S608
                *values,
                session.id,
            )
        if not changed:
            raise NotFoundError("Authorization session not found or expired")

    def _now(self) -> int:
        return _ms(self._clock.now().timestamp())


def _ms(moment: timedelta | float) -> int:
    return int((moment.total_seconds() if isinstance(moment, timedelta) else moment) * 1000)


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _proves(verifier: str, challenge: str, method: str | None) -> bool:
    if method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return hmac.compare_digest(verifier.encode(), challenge.encode())


def _with_query(url: str, given: dict[str, str], *, keep: bool) -> str:
    parts = urlsplit(url)
    before = parse_qsl(parts.query, keep_blank_values=True) if keep else []
    return urlunsplit(parts._replace(query=urlencode([*before, *given.items()])))
