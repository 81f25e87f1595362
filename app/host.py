"""The one `PluginHost`: what plugins register themselves with."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from fastapi import APIRouter
from pydantic import BaseModel

from app.actions.registry import ActionRegistry
from app.actions.settings import ActionSettings
from app.config import LayeredConfig
from app.http.mounts import Mounts
from app.interfaces import (
    Auth,
    Clock,
    Database,
    Events,
    Hook,
    Outgoing,
    Permissions,
    Reading,
    Role,
    ScheduledTask,
    StreamingOutgoing,
    WebSocketEndpoint,
)
from app.lifecycle import Lifecycle
from app.schedule import Scheduler

if TYPE_CHECKING:
    import typer

_ID: Final = re.compile(r"[a-z][a-z0-9-]*")
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Services:
    """The host's own services, made before any plugin registers."""

    database: Database
    outgoing: Outgoing
    auth: Auth
    permissions: Permissions
    reading: Reading
    events: Events
    clock: Clock


class Host:
    """See `app.interfaces.PluginHost` for what each method promises."""

    def __init__(
        self, config: LayeredConfig, services: Services, *, roles: frozenset[Role], data_dir: Path, pause: float = 5.0
    ) -> None:
        self.config = config
        self.database, self.auth, self.permissions = services.database, services.auth, services.permissions
        self.reading = services.reading
        # Tests of what streams nothing do with less.
        self.outgoing = cast(StreamingOutgoing, services.outgoing)
        self.events, self.clock = services.events, services.clock
        self.actions = ActionRegistry(services.permissions, config.settings("backend.actions", ActionSettings))
        self.roles, self.data_dir = roles, data_dir
        self.mounts = Mounts()
        self.lifecycle = Lifecycle(roles, pause=pause)
        self.scheduler = Scheduler(services.database, services.clock)
        self.migration_packages: dict[str, str] = {}
        self.command_groups: list[tuple[typer.Typer | Callable[[], typer.Typer], str | None]] = []
        self.plugins: list[str] = []
        self._registering = "host"
        self._extensions: dict[type[Any], Any] = {}
        self._ports: dict[type[Any], Any] = {}

    def register(self, plugin: Any) -> None:
        """Lets a plugin register itself. Raises ValueError for a second plugin of the same id, or one that is no id."""
        if not _ID.fullmatch(plugin.id):
            raise ValueError(f"'{plugin.id}' is no plugin id: lower-case letters, digits and dashes")
        if plugin.id in self.plugins:
            raise ValueError(f"there are two plugins '{plugin.id}'")
        self.plugins.append(plugin.id)
        self._registering = plugin.id
        plugin.register(self)

    def settings(self, path: str, model: type[M]) -> M:
        return self.config.settings(path, model)

    def extension(self, kind: type[T]) -> T:
        if kind not in self._extensions:
            self._extensions[kind] = kind()
        found: T = self._extensions[kind]
        return found

    def provide(self, port: type[T], instance: T) -> None:
        if port in self._ports:
            raise ValueError(f"{port.__name__} is offered twice")
        self._ports[port] = instance

    def service(self, port: type[T]) -> T:
        if port not in self._ports:
            raise LookupError(f"no plugin offers {port.__name__}")
        found: T = self._ports[port]
        return found

    def mount(self, plugin: str, router: APIRouter, *, contract: str | None = None, public: bool = False) -> None:
        self.mounts.add(plugin, router, contract, public=public)

    def mount_websocket(self, plugin: str, path: str, endpoint: WebSocketEndpoint) -> None:
        self.mounts.add_websocket(plugin, path, endpoint)

    def contracts(self) -> dict[str, Any]:
        return {mount.plugin: mount.openapi() for mount in self.mounts.all() if mount.plugin and mount.contracts}

    def mount_root(self, router: APIRouter, *, public: bool = False, instead: bool = False) -> None:
        self.mounts.add_root(router, public=public, instead=instead)

    def framework(self, routes: Callable[[str], APIRouter]) -> None:
        self.mounts.add_framework(routes)

    def allow_unauthenticated(self, path: str) -> None:
        self.mounts.allow(path)

    def allow_cookie(self, path: str) -> None:
        self.mounts.allow(path.rstrip("/*") + "/*", cookie=True)

    def migrations(self, package: str) -> None:
        """Raises ValueError when the plugin has named a package already: its history is one line."""
        if self._registering in self.migration_packages:
            raise ValueError(f"the plugin '{self._registering}' has two packages of migrations")
        self.migration_packages[self._registering] = package

    def on_start(self, hook: Hook) -> None:
        self.lifecycle.on_start(hook)

    def on_stop(self, hook: Hook) -> None:
        self.lifecycle.on_stop(hook)

    def background(self, name: str, run: Hook, *, role: Role) -> None:
        self.lifecycle.background(name, run, role)

    def schedule(self, plugin: str, task: ScheduledTask, *, role: Role = "ingest") -> None:
        self.scheduler.add(plugin, task, role)

    def commands(self, commands: typer.Typer | Callable[[], typer.Typer], *, name: str | None = None) -> None:
        self.command_groups.append((commands, name))

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        async def all_of_it() -> T:
            try:
                await self.lifecycle.start()
                return await work()
            finally:
                await self.lifecycle.stop()

        return asyncio.run(all_of_it())
