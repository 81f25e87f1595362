"""What runs steps in this deployment, for the worker and for the dry run alike."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Awaitable, Callable
from functools import cached_property
from pathlib import Path

from app.interfaces import PluginHost, Principal
from scaffolder.actions.bridged import Bridge
from scaffolder.confinement.pool import ConfinedJobs
from scaffolder.interfaces import ScaffolderExtensions
from scaffolder.service.validation import stacks
from scaffolder.settings import ScaffolderSettings
from scaffolder.workflow import Engine, Environment, Permitted, workflow_language


async def everything_permitted(_initiator: Principal) -> Permitted:
    return lambda _action, _input: True


class Runtime:
    """The engine of this deployment. Ask for `engine` at or after start: plugins have added their actions by then."""

    def __init__(self, host: PluginHost, settings: ScaffolderSettings) -> None:
        self.extensions = host.extension(ScaffolderExtensions)
        self.bridge = Bridge(host.actions, self.extensions.actions)
        self.confined = ConfinedJobs(lambda: self.extensions)
        self.permissions: Callable[[Principal], Awaitable[Permitted]] = everything_permitted
        """Which actions an initiator may run; asked once per task."""
        self.folder = Path(host.config.get("backend.workingDirectory") or tempfile.gettempdir())
        """Where workspaces are made."""
        environment = settings.default_environment
        self._environment = Environment(environment.parameters, environment.secrets)

    @cached_property
    def engine(self) -> Engine:
        extensions = self.extensions
        language = workflow_language(extensions.filters.values(), extensions.globals.values())
        return Engine(
            extensions.actions,
            language,
            validate=stacks,
            confined=self.confined.run,
            environment=self._environment,
            bridged=self.bridge.actions,
            log_level=os.environ.get("LOG_LEVEL", "info"),
        )
