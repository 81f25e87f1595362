"""Tokens for GitHub: a configured one, or those of a GitHub App's installations. Source: spec/catalog.md §5.2."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import jwt
import orjson

from app.errors import CallboardError, NotAllowedError
from app.interfaces import Clock, Outgoing
from app.reading.interfaces import parse_web_url, path_segments
from plugins.github.api.errors import GithubCredentialsError, GithubUnavailableError
from plugins.github.settings import GithubApp, GithubHost

INSTALLATIONS_KEPT: Final = timedelta(minutes=10)
RENEWED_BEFORE_END: Final = timedelta(minutes=10)
PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Credential:
    """With what a request is made. `id` tells credentials apart and shows no secret; `label` names it for people."""

    id: str
    label: str
    token: str | None = None
    configured: bool = True
    """False for a token that a user brought, and for none at all: other processes do not share it."""
    renewable: bool = False
    """Whether a new token can be had when GitHub does not take this one any more."""
    owner: str | None = None
    """Whose installation it is."""

    def __repr__(self) -> str:
        return f"Credential({self.label})"

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}


USER: Final = "user"
"""The label of all users' own tokens."""
# Not a configured one: GitHub counts by address, and each replica has one of its own.
ANONYMOUS: Final = Credential("anonymous", "anonymous", configured=False)


def token_credential(token: str, *, configured: bool) -> Credential:
    digest = sha256(token.encode()).hexdigest()[:16]
    return Credential(f"token-{digest}", "token" if configured else USER, token, configured=configured)


@dataclass(frozen=True, slots=True)
class Installation:
    """Where a GitHub App is installed. `account_type` is `Organization` or `User`."""

    id: int
    account: str
    account_type: str
    suspended: bool
    app_id: str


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

    async def credential(self, owner: str | None) -> Credential:
        """With what to ask for an owner's things; for None, what is there without one.

        Raises NotAllowedError when the owner's installation is suspended, GithubError when GitHub gives no token.
        """
        async with self._lock:
            if owner is not None:
                for app in self._settings.apps:
                    installation = None if not _allows(app, owner) else await self._installation(app, owner)
                    if installation is not None:
                        return await self._installed(app, installation)
            for app in self._settings.apps:
                if app.public_access and (known := [one for one in await self._all(app) if not one.suspended]):
                    return await self._installed(app, known[0])
        if self._settings.token:
            return token_credential(self._settings.token.get_secret_value(), configured=True)
        return ANONYMOUS

    async def token(self, owner: str) -> str | None:
        """The token for an owner's repositories; None to go without."""
        return (await self.credential(owner)).token

    async def headers(self, owner: str) -> dict[str, str]:
        return (await self.credential(owner)).headers

    async def for_git(self, remote: str) -> tuple[str, str] | None:
        """User and password for a remote's URL."""
        owner = next((segment for segment in path_segments(parse_web_url(remote).path) if segment), "")
        token = await self.token(owner)
        return ("x-access-token", token) if token else None

    async def installations(self) -> list[Installation]:
        """Those of all configured apps, of the owners they may serve, suspended ones included."""
        async with self._lock:
            return [one for app in self._settings.apps for one in await self._all(app) if _allows(app, one.account)]

    def known(self, token: str) -> Credential:
        """The credential that a token belongs to; one of a user's own if nobody here gave it out."""
        for kept in self._tokens.values():
            if kept.value.token == token:
                found: Credential = kept.value
                return found
        configured = self._settings.token is not None and self._settings.token.get_secret_value() == token
        return token_credential(token, configured=configured)

    def forget(self, credential: Credential) -> None:
        """GitHub does not take this token any more: the next request gets a new one."""
        for key, kept in list(self._tokens.items()):
            if kept.value.token == credential.token:
                del self._tokens[key]

    def forget_installations(self) -> None:
        """An App was installed, removed or suspended somewhere: look again."""
        self._installations.clear()

    async def _installation(self, app: GithubApp, owner: str) -> Installation | None:
        for installation in await self._all(app):
            if installation.account.lower() == owner.lower():
                if installation.suspended:
                    raise NotAllowedError(f"The GitHub application for {owner} is suspended")
                return installation
        return None

    async def _all(self, app: GithubApp) -> list[Installation]:
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
            made = [_installation_of(key, one) for one in found]
            kept = self._installations[key] = _Kept(made, now + INSTALLATIONS_KEPT)
        installations: list[Installation] = kept.value
        return installations

    async def _installed(self, app: GithubApp, installation: Installation) -> Credential:
        key, now = (str(app.app_id), installation.id), self._clock.now()
        kept = self._tokens.get(key)
        if kept is None or kept.until <= now:
            made = await self._ask(app, "POST", f"app/installations/{key[1]}/access_tokens")
            ends = datetime.fromisoformat(made["expires_at"])
            label = f"app {key[0]} at {installation.account}"
            credential = Credential(
                f"app-{key[0]}-{key[1]}", label, str(made["token"]), renewable=True, owner=installation.account
            )
            kept = self._tokens[key] = _Kept(credential, ends - RENEWED_BEFORE_END)
        found: Credential = kept.value
        return found

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
            busy = response.status_code == 429 or response.status_code >= 500
            kind = GithubUnavailableError if busy else GithubCredentialsError
            message = f"GitHub gave no token for app {app.app_id}: {response.status_code}"
            raise kind(message, status=response.status_code)
        try:
            return orjson.loads(response.content)
        except ValueError as error:
            raise GithubUnavailableError(
                f"GitHub gave no token for app {app.app_id}: its answer makes no sense"
            ) from error


def _allows(app: GithubApp, owner: str) -> bool:
    allowed = app.allowed_installation_owners
    return allowed is None or owner.lower() in (name.lower() for name in allowed)


def _installation_of(app_id: str, found: Mapping[str, Any]) -> Installation:
    account = found.get("account") or {}
    suspended = bool(found.get("suspended_by") or found.get("suspended_at"))
    return Installation(
        int(found["id"]), str(account.get("login", "")), str(account.get("type", "")), suspended, app_id
    )
