"""OAuth 2 as most vendors speak it: three URLs, and what their user documents mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from app.errors import CallboardError
from plugins.auth.oauth.authenticator import Attempt, Authenticator, OAuthResult, OAuthSession, Renewal
from plugins.auth.oauth.endpoint import Endpoints
from plugins.auth.oauth.profile import Account, profile_of
from plugins.auth.oauth.scopes import Scopes


@dataclass(frozen=True, slots=True)
class Vendor:
    """`account` reads the document at `profile_url`; without one the ID token is all there is.

    `parameters` go along to the authorisation page, with `separator` between scopes."""

    authorize_url: str
    token_url: str
    profile_url: str | None
    account: Callable[[Mapping[str, Any]], Account] = lambda _: Account()
    parameters: Mapping[str, str] = field(default_factory=dict)
    separator: str = " "


class PlainOAuth(Authenticator):
    def __init__(self, vendor: Vendor, endpoints: Endpoints, client_id: str, callback_url: str, scopes: Scopes) -> None:
        self.vendor, self.endpoints, self.scopes = vendor, endpoints, scopes
        self._client_id, self._callback_url = client_id, callback_url

    async def start(self, attempt: Attempt) -> str:
        parameters = {
            **self.vendor.parameters,
            **self.more_parameters(attempt),
            "response_type": "code",
            "redirect_uri": self._callback_url,
            **({"scope": attempt.scope.replace(" ", self.vendor.separator)} if attempt.scope else {}),
            "state": attempt.state,
            "client_id": self._client_id,
        }
        joint = "&" if "?" in self.vendor.authorize_url else "?"
        return f"{self.vendor.authorize_url}{joint}{urlencode(parameters)}"

    def more_parameters(self, attempt: Attempt) -> Mapping[str, str]:
        """Of the authorisation page, by the request at hand."""
        return {}

    async def authenticate(self, attempt: Attempt) -> OAuthResult:
        session, _ = await self.endpoints.token(
            self.vendor.token_url,
            {"grant_type": "authorization_code", "code": code_of(attempt), "redirect_uri": self._callback_url},
        )
        return await self.result_of(session)

    async def refresh(self, renewal: Renewal) -> OAuthResult:
        session, _ = await self.endpoints.token(
            self.vendor.token_url,
            {"grant_type": "refresh_token", "refresh_token": renewal.refresh_token, "scope": renewal.scope},
        )
        return await self.result_of(session)

    async def result_of(self, session: OAuthSession) -> OAuthResult:
        account = Account()
        if self.vendor.profile_url is not None:
            document = await self.endpoints.get(self.vendor.profile_url, session.access_token)
            account = self.vendor.account(document if isinstance(document, dict) else {})
        return OAuthResult(session, profile_of(account, session.id_token), {"fullProfile": account.described()})


def code_of(attempt: Attempt) -> str:
    """Raises CallboardError where the identity provider has sent back a refusal, or nothing."""
    if attempt.query.get("error"):
        description = attempt.query.get("error_description") or attempt.query["error"]
        raise CallboardError(f"Authentication rejected, {description[:500]}")
    if not attempt.query.get("code"):
        raise CallboardError("Authentication rejected, the identity provider gave no code")
    return attempt.query["code"]
