"""User settings as a plugin."""

from __future__ import annotations

from app.interfaces import PluginHost
from plugins.user_settings.routes import user_settings_routes
from plugins.user_settings.store import SettingStore


class UserSettingsPlugin:
    """Keeps what users set up in the portal, and tells their other tabs when it changes."""

    id = "user-settings"

    def register(self, host: PluginHost) -> None:
        host.migrations("plugins.user_settings.migrations")
        routes = user_settings_routes(host.auth, SettingStore(host.database), host.events)
        host.mount("user-settings", routes, contract="user-settings.yaml")
