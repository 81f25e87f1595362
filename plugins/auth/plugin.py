"""Registers sign-in with the host."""

from __future__ import annotations

import os

from app.interfaces import PluginHost, SignInExtensions
from catalog.interfaces import EntitiesCatalog
from plugins.auth.actions import auth_actions
from plugins.auth.building import Providers
from plugins.auth.discovery import discovery_routes
from plugins.auth.identity import CatalogUsers
from plugins.auth.routes import provider_routes
from plugins.auth.settings import SignInSettings


class AuthPlugin:
    id = "auth"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("auth", SignInSettings)
        # Every route lets everybody in: whoever signs in has no token yet. Those that want one ask for it themselves.
        host.allow_unauthenticated("/api/auth/*")
        host.mount("auth", discovery_routes(host.auth), contract="auth.yaml")
        host.actions.add(*auth_actions(host))
        extensions = host.extension(SignInExtensions)
        users = CatalogUsers(lambda: host.service(EntitiesCatalog), lambda: extensions.ownership)
        providers = Providers(host, users, settings, development=_in_development())
        host.on_start(providers.complete)
        host.mount("auth", provider_routes(providers))


def _in_development() -> bool:
    """As in Backstage, the process says so in its environment."""
    return os.environ.get("NODE_ENV") == "development"
