"""Registers sign-in with the host."""

from __future__ import annotations

import logging
import os
from datetime import timedelta

from app.interfaces import PluginHost, ScheduledTask, SignInContext, SignInExtensions
from catalog.interfaces import EntitiesCatalog
from plugins.auth.actions import auth_actions
from plugins.auth.building import Providers, app_url_of
from plugins.auth.discovery import SERVER_METADATA, Offered, discovery_routes, server_metadata_routes
from plugins.auth.identity import CatalogUsers
from plugins.auth.routes import provider_routes
from plugins.auth.server.clients import Clients
from plugins.auth.server.refresh import RefreshTokens
from plugins.auth.server.routes import own_client_routes, server_routes
from plugins.auth.server.service import OAuthServer
from plugins.auth.server.sessions import Sessions
from plugins.auth.settings import SignInSettings

_log = logging.getLogger(__name__)


class AuthPlugin:
    id = "auth"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("auth", SignInSettings)
        # Every route lets everybody in: whoever signs in has no token yet. Those that want one ask for it themselves.
        host.allow_unauthenticated("/api/auth/*")
        offered = Offered(
            metadata_documents=settings.cimd.enabled,
            registration=settings.experimental_dynamic_client_registration.enabled,
            refresh_tokens=settings.experimental_refresh_token.enabled,
        )
        host.mount("auth", discovery_routes(host.auth, offered), contract="auth.yaml")
        host.migrations("plugins.auth.migrations")
        host.actions.add(*auth_actions(host))
        extensions = host.extension(SignInExtensions)
        users = CatalogUsers(lambda: host.service(EntitiesCatalog), lambda: extensions.ownership)
        providers = Providers(host, users, settings, development=_in_development())
        host.on_start(providers.complete)
        host.mount("auth", provider_routes(providers))
        if offered.anything:
            _serve_other_clients(host, settings, offered, users)


def _serve_other_clients(host: PluginHost, settings: SignInSettings, offered: Offered, users: SignInContext) -> None:
    renewing, registration = settings.experimental_refresh_token, settings.experimental_dynamic_client_registration
    if registration.enabled:
        _log.warning(
            "auth.experimentalDynamicClientRegistration lets anybody register a client and is deprecated: "
            "use auth.clientIdMetadataDocuments"
        )
    clients = Clients(
        host.auth.issuer,
        settings.cimd,
        registration,
        database=host.database,
        outgoing=host.outgoing,
        clock=host.clock,
        development=_in_development(),
    )
    server = OAuthServer(
        clients,
        Sessions(host.database, host.clock),
        RefreshTokens(renewing, host.database, host.clock) if renewing.enabled else None,
        auth=host.auth,
        users=users,
        presence=not renewing.disable_catalog_presence_check,
    )
    app_url = app_url_of(host).rstrip("/")
    host.mount("auth", server_routes(server, host.auth, app_url, register=registration.enabled))
    if settings.cimd.enabled:
        host.mount("auth", own_client_routes(clients))
    host.mount_root(server_metadata_routes(host.auth, offered))
    for path in SERVER_METADATA:
        host.allow_unauthenticated(path.replace("{key}", "*"))
    host.schedule("auth", ScheduledTask("tidy-oauth-sessions", server.tidy, timedelta(hours=1)))


def _in_development() -> bool:
    """As in Backstage, the process says so in its environment."""
    return os.environ.get("NODE_ENV") == "development"
