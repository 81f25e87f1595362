"""Tokens for GitHub: a configured one, or those of a GitHub App's installations. Source: spec/catalog.md §5.2."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
import orjson

from app.errors import CallboardError, NotAllowedError
from app.interfaces import Clock, Outgoing
from app.reading.interfaces import parse_web_url, path_segments
from plugins.github.settings import GithubApp, GithubHost

INSTALLATIONS_KEPT: Final = timedelta(minutes=10)
RENEWED_BEFORE_END: Final = timedelta(minutes=10)
PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class _Kept:
    value: Any
    until: datetime


class GithubCredentials:
    """Credentials of one host. Tokens live in memory, until shortly before they end."""

    def __init__(self, settings: GithubHost, outgoing: Outgoing, clock: Clock) -> None:
        self._settings = settings
        self._outgoing = outgoing
        self._clock = clock
        self._installations: dict[str, _Kept] = {}
        self._tokens: dict[tuple[str, int], _Kept] = {}
        self._lock = asyncio.Lock()

    async def token(self, owner: str) -> str | None:
        """The token for an owner's repositories; None to go without.

        Raises NotAllowedError when the owner's installation is suspended, CallboardError when GitHub gives none.
        """
        async with self._lock:
            for app in self._settings.apps:
                allowed = app.allowed_installation_owners
                if allowed is not None and owner.lower() not in (name.lower() for name in allowed):
                    continue
                installation = await self._installation(app, owner)
                if installation is not None:
                    return await self._installation_token(app, installation)
            for app in self._settings.apps:
                if app.public_access and (known := await self._all(app)):
                    return await self._installation_token(app, known[0])
        return self._settings.token.get_secret_value() if self._settings.token else None

    async def headers(self, owner: str) -> dict[str, str]:
        token = await self.token(owner)
        return {"authorization": f"Bearer {token}"} if token else {}

    async def for_git(self, remote: str) -> tuple[str, str] | None:
        """User and password for a remote's URL."""
        owner = next((segment for segment in path_segments(parse_web_url(remote).path) if segment), "")
        token = await self.token(owner)
        return ("x-access-token", token) if token else None

    async def _installation(self, app: GithubApp, owner: str) -> Mapping[str, Any] | None:
        for installation in await self._all(app):
            account = installation.get("account") or {}
            if str(account.get("login", "")).lower() == owner.lower():
                if installation.get("suspended_by"):
                    raise NotAllowedError(f"The GitHub application for {owner} is suspended")
                return installation
        return None

    async def _all(self, app: GithubApp) -> list[Mapping[str, Any]]:
        key, now = str(app.app_id), self._clock.now()
        kept = self._installations.get(key)
        if kept is None or kept.until <= now:
            found: list[Mapping[str, Any]] = []
            page: list[Mapping[str, Any]] = []
            number = 0
            while number == 0 or len(page) == PAGE:
                number += 1
                page = await self._ask(app, "GET", f"app/installations?per_page={PAGE}&page={number}")
                found += page
            kept = self._installations[key] = _Kept(found, now + INSTALLATIONS_KEPT)
        installations: list[Mapping[str, Any]] = kept.value
        return installations

    async def _installation_token(self, app: GithubApp, installation: Mapping[str, Any]) -> str:
        key, now = (str(app.app_id), int(installation["id"])), self._clock.now()
        kept = self._tokens.get(key)
        if kept is None or kept.until <= now:
            made = await self._ask(app, "POST", f"app/installations/{key[1]}/access_tokens")
            ends = datetime.fromisoformat(made["expires_at"])
            kept = self._tokens[key] = _Kept(made["token"], ends - RENEWED_BEFORE_END)
        return str(kept.value)

    async def _ask(self, app: GithubApp, method: str, path: str) -> Any:
        now = self._clock.now()
        claims = {"iss": str(app.app_id), "iat": now - timedelta(minutes=1), "exp": now + timedelta(minutes=9)}
        key = app.private_key.get_secret_value().replace("\\n", "\n")
        try:
            signed = jwt.encode(claims, key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            # Without its cause: that may quote the key.
            raise CallboardError(f"The private key of GitHub app {app.app_id} cannot be used") from None
        response = await self._outgoing.request(
            method,
            f"{self._settings.api}/{path}",
            headers={"authorization": f"Bearer {signed}", "accept": "application/vnd.github+json"},
        )
        if not response.is_success:
            raise CallboardError(f"GitHub gave no token for app {app.app_id}: {response.status_code}")
        try:
            return orjson.loads(response.content)
        except ValueError as error:
            raise CallboardError(f"GitHub gave no token for app {app.app_id}: its answer makes no sense") from error
