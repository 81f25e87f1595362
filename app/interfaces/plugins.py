"""What a plugin is, and what it is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fastapi import APIRouter

if TYPE_CHECKING:
    import typer

    from app.interfaces.actions import Actions
    from app.interfaces.basics import Hook, Json, M, Role, T, WebSocketEndpoint
    from app.interfaces.database import Database
    from app.interfaces.events import Events
    from app.interfaces.identity import Auth
    from app.interfaces.permissions import Permissions
    from app.interfaces.reading import Reading, StreamingOutgoing
    from app.interfaces.scheduling import ScheduledTask


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""


class Config(Protocol):
    """The merged `app-config.yaml`: read-only, secrets included."""

    def get(self, path: str, default: Json = None) -> Json:
        """The value at a dotted path, or the default."""

    def has(self, path: str) -> bool: ...


class WholeConfig(Config, Protocol):
    """The same, for who has to look at all of it."""

    def everything(self) -> Json:
        """All of it. Nothing counts as asked for, so that keys which nobody reads are still warned of."""

    def redacted(self) -> Json:
        """All of it, with `<secret>` in place of what a settings model calls a secret or what is named like one."""


class PluginHost(Protocol):
    """What a plugin is given to register itself with."""

    config: WholeConfig
    database: Database
    auth: Auth
    permissions: Permissions
    reading: Reading
    outgoing: StreamingOutgoing
    events: Events
    actions: Actions
    clock: Clock
    roles: frozenset[Role]
    plugins: Sequence[str]
    """Ids of the plugins that have registered so far, in order."""
    data_dir: Path
    """Where this process may keep files: `.callboard/` in the working directory, unless `backend.dataDirectory` or the
    variable CALLBOARD_DATA_DIR says otherwise."""

    def settings(self, path: str, model: type[M]) -> M:
        """The part of the configuration at a dotted path, as a frozen model.

        An absent part yields the model's defaults; a wrong type stops the start and names key, file and line;
        an unknown key is warned of once.
        """

    def extension(self, kind: type[T]) -> T:
        """The one instance of an extension point, made by its no-argument constructor on first use."""

    def provide(self, port: type[T], instance: T) -> None:
        """Offer a port to other features. Raises ValueError when it has been offered already."""

    def service(self, port: type[T]) -> T:
        """A port another feature offers. Call it in or after `on_start`. Raises LookupError when nobody does."""

    def mount(self, plugin: str, router: APIRouter, *, contract: str | None = None, public: bool = False) -> None:
        """Serve a router under `/api/{plugin}`, behind the credentials barrier; in front of it if `public`.

        `contract` names a document under `openapi/` that requests are validated against and `openapi.json` serves.
        May be called several times.
        """

    def mount_websocket(self, plugin: str, path: str, endpoint: WebSocketEndpoint) -> None:
        """Serve WebSocket connections at a path below `/api/{plugin}` (`/` is the mount itself), behind the barrier.

        The token is a bearer token, or the subprotocol that the client offers, which is accepted as offered. The
        connection ends when the token expires (1008). Messages of clients are at most 64 KiB.
        """

    def contracts(self) -> Mapping[str, Json]:
        """The OpenAPI document of each mount that has a contract, by plugin, as its `openapi.json` serves it."""

    def mount_root(self, router: APIRouter, *, public: bool = False, instead: bool = False) -> None:
        """Serve a router at the root. Its routes are public only if all are said to be, or the path is named by
        `allow_unauthenticated`. A route that others have too answers `instead` of theirs, or gives way to the first.
        """

    def allow_unauthenticated(self, path: str) -> None:
        """Let everybody in at a path (absolute; a trailing `/*` means all below)."""

    def allow_cookie(self, path: str) -> None:
        """Also accept a limited user token from the auth cookie below this path."""

    def migrations(self, package: str) -> None:
        """Name a package that holds Alembic revisions of this plugin (its own branch label is the plugin's id)."""

    def on_start(self, hook: Hook) -> None:
        """Run before the server accepts requests, in registration order after all plugins have registered."""

    def on_stop(self, hook: Hook) -> None: ...

    def background(self, name: str, run: Hook, *, role: Role) -> None:
        """Keep a loop running from start to stop in processes of that role. Cancelled at stop; restarted with back-
        off if it raises."""

    def schedule(self, plugin: str, task: ScheduledTask, *, role: Role = "ingest") -> None:
        """Run a task again and again in the leading process of that role."""

    def commands(self, commands: typer.Typer | Callable[[], typer.Typer], *, name: str | None = None) -> None:
        """Add commands to `callboard`; with a name as a group of their own.

        A function is called when somebody wants a command that is not the server's: `serve` need not load any.
        """

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """For commands: start the host without any role, do the work, stop. Who needs no service goes without."""

    def framework(self, routes: Callable[[str], APIRouter]) -> None:
        """Add routes to every plugin's mount, present and to come: `routes(plugin)` makes them."""


class Plugin(Protocol):
    """Found by the entry point group `callboard.plugins`; constructed without arguments."""

    id: str

    def register(self, host: PluginHost) -> None: ...
