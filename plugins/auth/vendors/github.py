"""GitHub, and GitHub Enterprise. Source: spec/ui-backends.md §3.6.

OAuth apps give tokens that neither end nor can be renewed: the token itself is then what the cookie keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.errors import CallboardError
from plugins.auth.oauth.authenticator import OAuthResult, OAuthSession, Renewal
from plugins.auth.oauth.endpoint import Endpoints, ProviderError
from plugins.auth.oauth.plain import PlainOAuth, Vendor
from plugins.auth.oauth.profile import Account
from plugins.auth.oauth.scopes import Scopes
from plugins.auth.settings import GithubSettings

PREFIX = "access-token-v2."


def github(settings: GithubSettings, endpoints: Endpoints, callback_url: str) -> Github:
    web, api = "https://github.com", "https://api.github.com"
    if settings.enterprise_instance_url:
        web = settings.enterprise_instance_url.rstrip("/")
        api = f"{web}/api/v3"
    vendor = Vendor(
        f"{web}/login/oauth/authorize",
        f"{web}/login/oauth/access_token",
        f"{api}/user",
        _account,
        separator=",",
    )
    scopes = Scopes(("read:user",), settings.additional_scopes, persist=True)
    return Github(vendor, endpoints, settings.client_id, callback_url, scopes)


class Github(PlainOAuth):
    async def result_of(self, session: OAuthSession) -> OAuthResult:
        if not session.refresh_token and not session.expires_in:
            session = replace(session, refresh_token=PREFIX + session.access_token)
        return await super().result_of(session)

    async def refresh(self, renewal: Renewal) -> OAuthResult:
        if not renewal.refresh_token.startswith(PREFIX):
            return await super().refresh(renewal)
        if not renewal.granted:
            raise CallboardError("Refresh failed, session has not been granted the requested scope")
        token = renewal.refresh_token.removeprefix(PREFIX)
        try:
            return await self.result_of(OAuthSession(token, renewal.scope, refresh_token=renewal.refresh_token))
        except ProviderError as error:
            if error.status == 401:
                raise CallboardError("Invalid access token") from None
            raise


def _account(document: Mapping[str, Any]) -> Account:
    identity = document.get("id")
    return Account(
        id=str(identity) if identity is not None else None,
        node_id=document.get("node_id"),
        username=document.get("login"),
        display_name=document.get("name"),
        email=document.get("email"),
        picture=document.get("avatar_url"),
        profile_url=document.get("html_url"),
    )
