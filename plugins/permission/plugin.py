"""Registers the permission backend with the host, and the policy file if there is one."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from app.interfaces import PluginHost
from plugins.permission.file import PolicyFile
from plugins.permission.routes import permission_api
from plugins.permission.settings import PolicySettings

if TYPE_CHECKING:
    import typer

_log = logging.getLogger(__name__)


class PermissionPlugin:
    id = "permission"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("permission", PolicySettings)
        host.allow_unauthenticated("/api/permission/health")
        host.mount("permission", permission_api(host.permissions, host.auth), contract="permission.yaml")

        def open_policy(path: Path) -> PolicyFile:
            return PolicyFile(path, host.permissions, host.auth.user_info)

        def commands() -> typer.Typer:
            from plugins.permission.commands import policy_commands

            return policy_commands(host, settings.policy, open_policy)

        host.commands(commands, name="policy")
        if settings.policy is not None:
            policy = open_policy(settings.policy.absolute())
            host.permissions.use_policy(policy)

            async def load() -> None:
                policy.load()  # what is wrong with it stops the start
                if not settings.enabled:
                    _log.warning("There is a permission.policy, but permission.enabled is false: it decides nothing")

            host.on_start(load)
