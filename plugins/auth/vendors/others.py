"""Google, Microsoft, GitLab, Okta, Auth0, Bitbucket, and OAuth 2 as such. Source: spec/ui-backends.md §3.6."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from plugins.auth.oauth.authenticator import Attempt, OAuthResult, OAuthSession
from plugins.auth.oauth.endpoint import Endpoints
from plugins.auth.oauth.plain import PlainOAuth, Vendor
from plugins.auth.oauth.profile import Account, profile_of, unverified_claims
from plugins.auth.oauth.scopes import Scopes, ScopeSources
from plugins.auth.settings import (
    Auth0Settings,
    GitlabSettings,
    MicrosoftSettings,
    OAuth2Settings,
    OAuthSettings,
    OktaSettings,
)

_CONSENT = {"prompt": "consent"}
_OPENID = ("openid", "email", "profile", "offline_access")


def _openid_account(document: Mapping[str, Any]) -> Account:
    """Of a userinfo endpoint."""
    return Account(
        id=_text(document.get("sub")),
        username=_text(document.get("preferred_username")),
        display_name=_text(document.get("name")),
        email=_text(document.get("email")),
        email_verified=document.get("email_verified"),
        picture=_text(document.get("picture")),
    )


# ------------------------------------------------------------------------------------------------ Google


class Google(PlainOAuth):
    revoke_url = "https://oauth2.googleapis.com/revoke"

    async def logout(self, refresh_token: str | None, origin: str | None) -> str | None:
        if refresh_token:
            await self.endpoints.post(self.revoke_url, {"token": refresh_token})
        return None


def google(settings: OAuthSettings, endpoints: Endpoints, callback_url: str) -> Google:
    rights = "https://www.googleapis.com/auth/userinfo."
    vendor = Vendor(
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        "https://www.googleapis.com/oauth2/v3/userinfo",
        _openid_account,
        {"access_type": "offline", "include_granted_scopes": "true", **_CONSENT},
    )
    scopes = Scopes(("openid", f"{rights}email", f"{rights}profile"), settings.additional_scopes)
    return Google(vendor, endpoints, settings.client_id, callback_url, scopes)


# --------------------------------------------------------------------------------------------- Microsoft


class Microsoft(PlainOAuth):
    """A token is for one resource: one that is not for the Graph API cannot ask it who somebody is."""

    graph = "00000003-0000-0000-c000-000000000000"
    graph_scope = "openid profile email offline_access User.Read"

    def __init__(self, *given: Any, skip_profile: bool) -> None:
        super().__init__(*given)
        self._skip_profile = skip_profile

    async def result_of(self, session: OAuthSession) -> OAuthResult:
        if self._skip_profile:
            return self._without_graph(session)
        token, claims = session.access_token, unverified_claims(session.access_token)
        if claims and claims.get("aud") != self.graph:
            if not session.refresh_token:
                return self._without_graph(session)
            other, _ = await self.endpoints.token(
                self.vendor.token_url,
                {
                    "grant_type": "refresh_token",
                    "refresh_token": session.refresh_token,
                    "scope": self.graph_scope,
                },
            )
            token = other.access_token
        assert self.vendor.profile_url is not None
        account = self.vendor.account(await self.endpoints.get(self.vendor.profile_url, token))
        return OAuthResult(session, profile_of(account, session.id_token), {"fullProfile": account.described()})

    def _without_graph(self, session: OAuthSession) -> OAuthResult:
        identity = _text(unverified_claims(session.id_token).get("oid"))
        account = Account(id=identity)
        profile = profile_of(Account(), session.id_token)
        return OAuthResult(session, profile, {"fullProfile": account.described()})


def microsoft(settings: MicrosoftSettings, endpoints: Endpoints, callback_url: str) -> Microsoft:
    base = f"https://login.microsoftonline.com/{quote(settings.tenant_id, safe='')}/oauth2/v2.0"
    hint = {"domain_hint": settings.domain_hint} if settings.domain_hint else {}
    vendor = Vendor(f"{base}/authorize", f"{base}/token", "https://graph.microsoft.com/v1.0/me", _graph_account, hint)
    required = ("email", "openid", "offline_access", "user.read")
    scopes = Scopes(required, settings.additional_scopes, combine=_one_resource)
    return Microsoft(
        vendor, endpoints, settings.client_id, callback_url, scopes, skip_profile=settings.skip_user_profile
    )


def _one_resource(sources: ScopeSources) -> Iterable[str]:
    if any("/" in scope for scope in sources.requested):
        return (*sources.requested, "offline_access")
    return sources.together()


def _graph_account(document: Mapping[str, Any]) -> Account:
    return Account(
        id=_text(document.get("id")),
        username=_text(document.get("userPrincipalName")),
        display_name=_text(document.get("displayName")),
        email=_text(document.get("mail")) or _text(document.get("userPrincipalName")),
    )


# ------------------------------------------------------------------------------ GitLab, Okta, Auth0, Bitbucket


def gitlab(settings: GitlabSettings, endpoints: Endpoints, callback_url: str) -> PlainOAuth:
    base = settings.audience.rstrip("/")
    vendor = Vendor(f"{base}/oauth/authorize", f"{base}/oauth/token", f"{base}/api/v4/user", _gitlab_account, _CONSENT)
    return PlainOAuth(
        vendor, endpoints, settings.client_id, callback_url, Scopes(("read_user",), settings.additional_scopes)
    )


def _gitlab_account(document: Mapping[str, Any]) -> Account:
    identity = document.get("id")
    return Account(
        id=str(identity) if identity is not None else None,
        username=_text(document.get("username")),
        display_name=_text(document.get("name")),
        email=_text(document.get("email")),
        email_verified=False if "confirmed_at" in document and not document["confirmed_at"] else None,
        picture=_text(document.get("avatar_url")),
        profile_url=_text(document.get("web_url")),
    )


def okta(settings: OktaSettings, endpoints: Endpoints, callback_url: str) -> PlainOAuth:
    server = f"/{settings.auth_server_id}" if settings.auth_server_id else ""
    base = f"{settings.audience.rstrip('/')}/oauth2{server}/v1"
    parameters = {**_CONSENT, **({"idp": settings.idp} if settings.idp else {})}
    vendor = Vendor(f"{base}/authorize", f"{base}/token", f"{base}/userinfo", _openid_account, parameters)
    return PlainOAuth(vendor, endpoints, settings.client_id, callback_url, Scopes(_OPENID, settings.additional_scopes))


class Auth0(PlainOAuth):
    _FROM_REQUEST = ("organization", "invitation", "screen_hint", "login_hint")

    def __init__(self, *given: Any, settings: Auth0Settings) -> None:
        super().__init__(*given)
        self._settings = settings

    def more_parameters(self, attempt: Attempt) -> Mapping[str, str]:
        given = {name: attempt.query[name] for name in self._FROM_REQUEST if attempt.query.get(name)}
        if self._settings.organization:
            given["organization"] = self._settings.organization
        return given

    async def logout(self, refresh_token: str | None, origin: str | None) -> str | None:
        query = {
            **({"federated": ""} if self._settings.federated_logout else {}),
            "client_id": self._settings.client_id,
            **({"returnTo": origin} if origin else {}),
        }
        return f"https://{self._settings.domain}/v2/logout?{urlencode(query)}"


def auth0(settings: Auth0Settings, endpoints: Endpoints, callback_url: str) -> Auth0:
    base = f"https://{settings.domain}"
    options = {
        "prompt": None if settings.prompt == "auto" else settings.prompt,
        "audience": settings.audience,
        "connection": settings.connection,
        "connection_scope": settings.connection_scope,
    }
    parameters = {name: value for name, value in options.items() if value}
    vendor = Vendor(f"{base}/authorize", f"{base}/oauth/token", f"{base}/userinfo", _openid_account, parameters)
    scopes = Scopes(additional=settings.additional_scopes)
    return Auth0(vendor, endpoints, settings.client_id, callback_url, scopes, settings=settings)


class Bitbucket(PlainOAuth):
    emails_url = "https://api.bitbucket.org/2.0/user/emails"

    async def result_of(self, session: OAuthSession) -> OAuthResult:
        assert self.vendor.profile_url is not None
        document = await self.endpoints.get(self.vendor.profile_url, session.access_token)
        emails = await self.endpoints.get(self.emails_url, session.access_token)
        confirmed = [
            entry["email"]
            for entry in emails.get("values", ())
            if entry.get("is_primary") and entry.get("is_confirmed")
        ]
        account = Account(
            id=_text(document.get("uuid")),
            username=_text(document.get("username")),
            display_name=_text(document.get("display_name")),
            email=confirmed[0] if confirmed else None,
        )
        return OAuthResult(session, profile_of(account, None), {"fullProfile": account.described()})


def bitbucket(settings: OAuthSettings, endpoints: Endpoints, callback_url: str) -> Bitbucket:
    base = "https://bitbucket.org/site/oauth2"
    vendor = Vendor(
        f"{base}/authorize", f"{base}/access_token", "https://api.bitbucket.org/2.0/user", parameters=_CONSENT
    )
    scopes = Scopes(("account",), settings.additional_scopes, persist=True)
    return Bitbucket(vendor, endpoints, settings.client_id, callback_url, scopes)


# ------------------------------------------------------------------------------------------- anybody else


def oauth2(settings: OAuth2Settings, endpoints: Endpoints, callback_url: str) -> PlainOAuth:
    """Who somebody is is what the ID token says, if `openid` is among the scopes."""
    vendor = Vendor(settings.authorization_url, settings.token_url, None, parameters=_CONSENT)
    return PlainOAuth(
        vendor, endpoints, settings.client_id, callback_url, Scopes(additional=settings.additional_scopes)
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
