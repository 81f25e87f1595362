"""The services the routes use, put together from the host's ports when they are first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from app.interfaces import PluginHost, Principal
from catalog.interfaces import EntitiesCatalog
from scaffolder.interfaces import Action, ScaffolderExtensions, Tasks
from scaffolder.permissions.gate import Gate
from scaffolder.runtime import Runtime
from scaffolder.service.dry_run import DryRuns
from scaffolder.service.tasks import AuthorizedTasks
from scaffolder.service.templates import Templates


class ScaffolderPorts:
    def __init__(self, host: PluginHost) -> None:
        self.host = host
        self.extensions = host.extension(ScaffolderExtensions)

    @cached_property
    def gate(self) -> Gate:
        return Gate(self.host.permissions)

    @cached_property
    def templates(self) -> Templates:
        return Templates(self.host.service(EntitiesCatalog), self.host.permissions, self.gate)

    @cached_property
    def stored(self) -> Tasks:
        return self.host.service(Tasks)

    @cached_property
    def tasks(self) -> AuthorizedTasks:
        return AuthorizedTasks(self.stored, self.templates, self.gate)

    @cached_property
    def _runtime(self) -> Runtime:
        return self.host.service(Runtime)

    async def actions_for(self, caller: Principal) -> Mapping[str, Action]:
        """All actions that templates of this caller may use."""
        return {**await self._runtime.bridge.actions(caller), **self.extensions.actions}

    @cached_property
    def dry_runs(self) -> DryRuns:
        return DryRuns(lambda: self._runtime.engine, self._runtime.folder)
