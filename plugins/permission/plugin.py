"""Registers the permission backend with the host."""

from __future__ import annotations

from app.interfaces import PluginHost
from plugins.permission.routes import permission_api


class PermissionPlugin:
    id = "permission"

    def register(self, host: PluginHost) -> None:
        host.allow_unauthenticated("/api/permission/health")
        host.mount("permission", permission_api(host.permissions, host.auth), contract="permission.yaml")
