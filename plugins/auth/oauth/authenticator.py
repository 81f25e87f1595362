"""What one identity provider does differently from the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.interfaces import SignInProfile
from plugins.auth.oauth.scopes import Scopes


@dataclass(frozen=True, slots=True)
class OAuthSession:
    """What a token endpoint gave. `expires_in` are seconds, None for tokens that do not say."""

    access_token: str
    scope: str | None = None
    expires_in: int | None = None
    id_token: str | None = None
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True)
class OAuthResult:
    """Somebody whom the provider has let in. `account` is the provider's own description, for resolvers."""

    session: OAuthSession
    profile: SignInProfile
    account: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in under way. `nonce` is the browser's secret; `query` holds the parameters of the request in hand."""

    query: Mapping[str, str]
    nonce: str
    state: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Renewal:
    refresh_token: str
    scope: str
    granted: bool | None
    """Whether all of `scope` has been granted before; None where that is not kept."""


class Authenticator:
    """One configured OAuth client. Every failure is a CallboardError whose text may be shown."""

    scopes: Scopes

    async def start(self, attempt: Attempt) -> str:
        """The URL to send the browser to."""
        raise NotImplementedError

    async def authenticate(self, attempt: Attempt) -> OAuthResult:
        """By what the provider has sent the browser back with."""
        raise NotImplementedError

    async def refresh(self, renewal: Renewal) -> OAuthResult:
        raise NotImplementedError

    async def logout(self, refresh_token: str | None, origin: str | None) -> str | None:
        """End the session there; a URL if the browser has to go somewhere for that."""
        return None
