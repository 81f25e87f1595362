"""Registers sign-in with the host."""

from __future__ import annotations

import os

from app.interfaces import PluginHost
from catalog.interfaces import EntitiesCatalog
from plugins.auth.discovery import discovery_routes
from plugins.auth.guest import GuestProvider
from plugins.auth.identity import CatalogUsers
from plugins.auth.providers import Provider
from plugins.auth.routes import provider_routes
from plugins.auth.settings import SignInSettings


class AuthPlugin:
    id = "auth"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("auth", SignInSettings)
        # Every route lets everybody in: whoever signs in has no token yet. Those that want one ask for it themselves.
        host.allow_unauthenticated("/api/auth/*")
        host.mount("auth", discovery_routes(host.auth), contract="auth.yaml")
        users = CatalogUsers(lambda: host.service(EntitiesCatalog))
        providers: list[Provider] = []
        if settings.providers.guest is not None:
            providers.append(GuestProvider(settings.providers.guest, users, host.auth, development=_in_development()))
        host.mount("auth", provider_routes(providers))


def _in_development() -> bool:
    """As in Backstage, the process says so in its environment."""
    return os.environ.get("NODE_ENV") == "development"
