"""From the configuration to the providers: what stands under `auth.providers`. Source: spec/ui-backends.md §3.2."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from app.config import ConfigError
from app.errors import CallboardError, NotFoundError
from app.interfaces import (
    PluginHost,
    SignInContext,
    SignInExtensions,
    SignInProvider,
    SignInResolver,
    UnknownProviderError,
)
from plugins.auth.guest import GuestProvider
from plugins.auth.oauth.authenticator import Authenticator
from plugins.auth.oauth.cookies import CookieSettings
from plugins.auth.oauth.endpoint import ClientAuth, Endpoints
from plugins.auth.oauth.environments import OAuthProvider
from plugins.auth.oauth.flow import OAuthClient
from plugins.auth.oauth.origins import AllowedOrigins
from plugins.auth.proxies.headers import EasyAuth, OAuth2Proxy
from plugins.auth.proxies.provider import ProxyAuthenticator, ProxyProvider
from plugins.auth.proxies.signed import AwsLoadBalancer, CloudflareAccess, GoogleIap
from plugins.auth.resolvers import factory_of, first_of
from plugins.auth.settings import (
    AlbSettings,
    Auth0Settings,
    CloudflareSettings,
    Environments,
    GithubSettings,
    GitlabSettings,
    GuestSettings,
    IapSettings,
    MicrosoftSettings,
    OAuth2Settings,
    OAuthSettings,
    OidcSettings,
    OktaSettings,
    OneLoginSettings,
    ProxySettings,
    SignInResolversSettings,
    SignInSettings,
)
from plugins.auth.vendors.github import github
from plugins.auth.vendors.oidc import Oidc
from plugins.auth.vendors.others import auth0, bitbucket, gitlab, google, microsoft, oauth2, okta

_log = logging.getLogger(__name__)

MakeAuthenticator = Callable[[PluginHost, Any, str], Authenticator]


@dataclass(frozen=True, slots=True)
class OAuthKind:
    """`trusted` are URLs or hosts that the settings vouch for."""

    settings: type[BaseModel]
    make: MakeAuthenticator
    trusted: Callable[[Any], tuple[str | None, ...]] = lambda _: ()


def _endpoints(
    host: PluginHost, settings: OAuthSettings, client_auth: ClientAuth = "client_secret_post", timeout: float = 10.0
) -> Endpoints:
    secret = settings.client_secret.get_secret_value()
    return Endpoints(host.outgoing, settings.client_id, secret, client_auth=client_auth, timeout=timeout)


def _oidc(host: PluginHost, settings: OidcSettings, callback_url: str) -> Authenticator:
    timeout = settings.timeout.total_seconds() if settings.timeout else 10.0
    endpoints = _endpoints(host, settings, settings.token_endpoint_auth_method, timeout)
    return Oidc(settings, endpoints, callback_url, host.auth)


def _onelogin(host: PluginHost, settings: OneLoginSettings, callback_url: str) -> Authenticator:
    given = settings.model_dump(exclude={"issuer"})
    as_oidc = OidcSettings(**given, metadata_url=settings.issuer, prompt="consent")
    return _oidc(host, as_oidc, callback_url)


def _plain(make: Callable[[Any, Endpoints, str], Authenticator]) -> MakeAuthenticator:
    return lambda host, settings, callback_url: make(settings, _endpoints(host, settings), callback_url)


def _oauth2(host: PluginHost, settings: OAuth2Settings, callback_url: str) -> Authenticator:
    client_auth: ClientAuth = "client_secret_basic" if settings.include_basic_auth else "client_secret_post"
    return oauth2(settings, _endpoints(host, settings, client_auth), callback_url)


OAUTH: Mapping[str, OAuthKind] = {
    "oidc": OAuthKind(Environments[OidcSettings], _oidc, lambda given: (given.metadata_url,)),
    "github": OAuthKind(Environments[GithubSettings], _plain(github), lambda given: (given.enterprise_instance_url,)),
    "gitlab": OAuthKind(Environments[GitlabSettings], _plain(gitlab), lambda given: (given.audience,)),
    "google": OAuthKind(Environments[OAuthSettings], _plain(google)),
    "microsoft": OAuthKind(Environments[MicrosoftSettings], _plain(microsoft)),
    "okta": OAuthKind(Environments[OktaSettings], _plain(okta), lambda given: (given.audience,)),
    "auth0": OAuthKind(Environments[Auth0Settings], _plain(auth0), lambda given: (given.domain,)),
    "bitbucket": OAuthKind(Environments[OAuthSettings], _plain(bitbucket)),
    "onelogin": OAuthKind(Environments[OneLoginSettings], _onelogin, lambda given: (given.issuer,)),
    "oauth2": OAuthKind(Environments[OAuth2Settings], _oauth2, lambda given: (given.token_url,)),
}

PROXIES: Mapping[str, tuple[type[ProxySettings], Callable[[PluginHost, Any], ProxyAuthenticator]]] = {
    "awsalb": (AlbSettings, lambda host, given: AwsLoadBalancer(given, host.outgoing, host.clock)),
    "azureEasyAuth": (ProxySettings, lambda host, given: EasyAuth()),
    "cfaccess": (CloudflareSettings, lambda host, given: CloudflareAccess(given, host.auth, host.outgoing)),
    "gcpIap": (IapSettings, lambda host, given: GoogleIap(given, host.auth)),
    "oauth2Proxy": (ProxySettings, lambda host, given: OAuth2Proxy()),
}


class MisconfiguredProvider(SignInProvider):
    """In development a server starts without what it cannot set up, since half the secrets are never at hand."""

    def __init__(self, provider: str) -> None:
        self.id = provider

    async def start(self, request: Request) -> Response:
        raise NotFoundError(
            f"Auth provider registered for '{self.id}' is misconfigured. This could mean the configs under "
            f"auth.providers.{self.id} are missing or the environment variables used are not defined. "
            "Check the auth backend plugin logs when the backend starts to see more details."
        )

    frame = refresh = logout = start


class Providers:
    """The configured providers. Their settings are read at once, resolvers are looked up when all plugins have
    registered: `complete()`."""

    def __init__(self, host: PluginHost, users: SignInContext, settings: SignInSettings, *, development: bool) -> None:
        """Raises ConfigError outside development."""
        self._host, self._users, self._development = host, users, development
        self._extensions = host.extension(SignInExtensions)
        self._origins = AllowedOrigins(app_url_of(host), settings.experimental_extra_allowed_origins)
        self._found: dict[str, SignInProvider] = {}
        self._pending: dict[str, Callable[[], SignInProvider]] = {}
        for provider in ("guest", *OAUTH, *PROXIES):
            try:
                self._read(provider)
            except ConfigError as error:
                self._misconfigured(provider, error)

    def __getitem__(self, provider: str) -> SignInProvider:
        """Raises UnknownProviderError."""
        if provider not in self._found:
            raise UnknownProviderError(provider)
        return self._found[provider]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    async def complete(self) -> None:
        """Raises ConfigError for a resolver that nobody has, or that does not take its options."""
        for provider, make in self._pending.items():
            try:
                self._found[provider] = make()
            except CallboardError as error:
                self._misconfigured(provider, ConfigError(f"auth.providers.{provider}: {error.message}"))
        for added in self._extensions.providers:
            self._found[added.id] = added

    def _read(self, provider: str) -> None:
        key = f"auth.providers.{provider}"
        if provider == "guest":
            guest = self._settings_of(key, GuestSettings)
            if guest is not None:
                self._found[provider] = GuestProvider(
                    guest, self._users, self._host.auth, development=self._development
                )
        elif provider in OAUTH:
            environments = self._settings_of(key, OAUTH[provider].settings)
            if environments is not None:
                self._pending[provider] = lambda: self._oauth(provider, environments)
        else:
            model, make = PROXIES[provider]
            settings = self._settings_of(key, model)
            if settings is not None:
                self._pending[provider] = lambda: self._proxy(provider, settings, make)

    def _settings_of(self, key: str, model: type[BaseModel]) -> Any:
        """None for a provider that is not configured; that there are such settings is known all the same."""
        configured = self._host.config.has(key)
        try:
            settings = self._host.settings(key, model)
        except ConfigError:
            if configured:
                raise
            return None
        return settings if configured else None

    def _oauth(self, provider: str, environments: Any) -> SignInProvider:
        kind, clients = OAUTH[provider], {}
        for env, settings in environments.root.items():
            for url in kind.trusted(settings):
                if url:
                    self._host.outgoing.trust(url)
            callback_url = settings.callback_url or f"{self._host.auth.issuer}/{provider}/handler/frame"
            clients[env] = OAuthClient(
                provider,
                kind.make(self._host, settings, callback_url),
                self._resolver(provider, settings.sign_in),
                CookieSettings(provider, callback_url, self._origins.app, settings.session_duration),
                origins=self._origins,
                users=self._users,
                auth=self._host.auth,
                clock=self._host.clock,
            )
        return OAuthProvider(provider, clients)

    def _proxy(
        self, provider: str, settings: ProxySettings, make: Callable[[PluginHost, Any], ProxyAuthenticator]
    ) -> SignInProvider:
        resolver = self._resolver(provider, settings.sign_in)
        if resolver is None:
            raise CallboardError(f"No sign-in resolver configured for proxy auth provider '{provider}'")
        return ProxyProvider(provider, make(self._host, settings), resolver, self._users, self._host.auth)

    def _resolver(self, provider: str, settings: SignInResolversSettings) -> SignInResolver | None:
        added = self._extensions.resolvers
        resolvers = [factory_of(provider, one.resolver, added)(one.options) for one in settings.resolvers]
        return first_of(resolvers, settings.remember_claims)

    def _misconfigured(self, provider: str, error: ConfigError) -> None:
        if not self._development:
            raise ConfigError(f"Failed to initialize {provider} auth provider, {error}") from error
        _log.warning("Skipping %s auth provider, %s", provider, error)
        self._found[provider] = MisconfiguredProvider(provider)


def app_url_of(host: PluginHost) -> str:
    """Where the frontend is; with us, unless the configuration says otherwise."""
    return str(host.config.get("app.baseUrl") or host.auth.issuer.removesuffix("/api/auth"))
