"""`create_app()`: configuration → services → plugins register → the ASGI application. Importing this does nothing."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, cast

from pydantic import BaseModel

from app.actions.routes import action_routes
from app.auth.credentials import caller_of
from app.auth.routes import JWKS_PATH, auth_routes
from app.auth.service import AuthService
from app.config import ConfigError, LayeredConfig, load_config
from app.database.engine import open_database
from app.database.settings import DatabaseSettings
from app.database.upgrade import bring_up_to_date
from app.errors import CallboardError
from app.events import EventBus
from app.host import Host, Services, SystemClock
from app.http.application import Application
from app.http.cors import Cors
from app.http.pipeline import CallerOf, Pipeline
from app.http.security_headers import security_headers
from app.http.settings import BackendSettings
from app.http.websockets import Limits, WebSockets
from app.interfaces import Plugin, Role
from app.permissions.routes import permission_routes
from app.permissions.service import PermissionService
from app.reading.outgoing import GuardedClient
from app.reading.service import ReadingService
from app.schedule.routes import scheduler_routes
from app.telemetry.logs import LoggerSettings
from app.telemetry.requests import RequestLog
from app.telemetry.routes import metrics_routes

ROLES: Final[frozenset[Role]] = frozenset({"api", "ingest", "worker"})
ENTRY_POINTS: Final = "callboard.plugins"
log = logging.getLogger(__name__)


class PermissionSettings(BaseModel, frozen=True, defer_build=True):
    enabled: bool = False
    """Ask the policy before users do anything; without, they may do everything."""


def create_app(
    files: Sequence[str | Path] = (),
    *,
    roles: Iterable[Role] = ROLES,
    env: Mapping[str, str] | None = None,
    plugins: Iterable[Plugin] | None = None,
    request_log: RequestLog | None = None,
    migrations: bool = True,
) -> Application:
    """The whole server as an ASGI application; its lifespan starts and stops it.

    Args:
        files: configuration files, the last one wins; the default ones if there are none.
        roles: what this process does.
        env: the environment, if not the process's own.
        plugins: these instead of the installed ones.
        request_log: where requests are logged, if they are.
        migrations: bring the database's schema up to date at the start.

    Raises:
        ConfigError: the configuration cannot be used.
    """
    env = os.environ if env is None else env
    host = create_host(load_config(files, env=env), roles=roles, env=env, plugins=plugins, migrations=migrations)
    return application(host, env=env, request_log=request_log)


def create_host(
    config: LayeredConfig,
    *,
    roles: Iterable[Role] = ROLES,
    env: Mapping[str, str] | None = None,
    plugins: Iterable[Plugin] | None = None,
    migrations: bool = True,
) -> Host:
    """The host with all plugins registered, not started. Raises ConfigError."""
    env = os.environ if env is None else env
    data_dir = data_directory(config, env)
    try:
        services = create_services(config, data_dir)
    except CallboardError as error:
        raise ConfigError(str(error)) from error
    backend = config.settings("backend", BackendSettings)
    pause = backend.lifecycle.startup_request_pause_timeout.total_seconds()
    host = Host(config, services, roles=frozenset(roles), data_dir=data_dir, pause=pause)
    _start_services(host, migrations=migrations)
    _framework(host, backend)
    for plugin in load_plugins() if plugins is None else plugins:
        try:
            host.register(plugin)
        except CallboardError as error:
            raise ConfigError(f"plugin '{plugin.id}': {error}") from error
    _schedule(host)
    config.settings("backend.logger", LoggerSettings)
    host.on_start(partial(_warn_of_unknown_keys, config))
    return host


def data_directory(config: LayeredConfig, env: Mapping[str, str]) -> Path:
    """`backend.dataDirectory`, the variable CALLBOARD_DATA_DIR, or `.callboard/` in the working directory."""
    named = env.get("CALLBOARD_DATA_DIR") or config.get("backend.dataDirectory") or ".callboard"
    if not isinstance(named, str):
        raise ConfigError("configuration key 'backend.dataDirectory' must be a text")
    return Path(named).absolute()


def create_services(config: LayeredConfig, data_dir: Path) -> Services:
    clock = SystemClock()
    database = open_database(config.settings("backend.database", DatabaseSettings), data_dir)
    outgoing = GuardedClient(config)
    return Services(
        database=database,
        outgoing=outgoing,
        auth=AuthService(config, database, clock, outgoing),
        permissions=PermissionService(enabled=config.settings("permission", PermissionSettings).enabled),
        reading=ReadingService(config, outgoing, data_dir),
        events=EventBus(),
        clock=clock,
    )


def load_plugins() -> list[Plugin]:
    """The installed plugins, by name. Raises ConfigError for one that cannot be loaded."""
    plugins: list[Plugin] = []
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        try:
            plugins.append(entry.load()())
        except Exception as error:
            raise ConfigError(f"the plugin '{entry.name}' ({entry.value}) cannot be loaded: {error}") from error
    return plugins


def application(host: Host, *, env: Mapping[str, str], request_log: RequestLog | None = None) -> Application:
    """The ASGI application of a host."""
    backend = host.settings("backend", BackendSettings)
    logger = host.settings("backend.logger", LoggerSettings)
    if backend.metrics.public:
        host.allow_unauthenticated("/metrics")
    caller: CallerOf = partial(caller_of, cast(AuthService, host.auth))
    pipeline = Pipeline(
        host.mounts,
        host.lifecycle,
        caller,
        security=security_headers(backend.csp),
        cors=Cors(backend.cors) if backend.cors is not None else None,
        requests=request_log if logger.requests else None,
        health_headers=[(k.lower().encode(), v.encode("latin-1")) for k, v in backend.health.headers.items()],
        development=env.get("NODE_ENV") == "development",
        api="api" in host.roles,
    )
    websockets = WebSockets(
        host.mounts,
        host.lifecycle,
        cast(AuthService, host.auth),
        limits=Limits(backend.web_sockets.max_connections),
        requests=request_log if logger.requests else None,
        api="api" in host.roles,
        now=lambda: host.clock.now().timestamp(),
    )
    app = Application(pipeline, host.lifecycle, websockets=websockets, title="Callboard")
    app.state.host = host
    return app


def _start_services(host: Host, *, migrations: bool) -> None:
    database: Any = host.database
    outgoing: Any = host.outgoing

    async def start() -> None:
        # Keys are kept in there: nobody else's business.
        host.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        await database.start()
        if migrations:
            await _migrate(host)

    host.on_start(start)
    host.on_stop(database.close)
    if hasattr(outgoing, "close"):
        host.on_stop(outgoing.close)
    host.migration_packages["host"] = "app.auth.migrations"


async def _migrate(host: Host) -> dict[str, list[str]]:
    applied = await bring_up_to_date(host.database, host.migration_packages)
    for plugin, revisions in applied.items():
        log.info("Migrated the tables of '%s': %s", plugin, ", ".join(revisions))
    return applied


async def migrate_database(host: Host) -> dict[str, list[str]]:
    """Migrates and starts nothing else."""
    database: Any = host.database
    host.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    await database.start()
    try:
        return await _migrate(host)
    finally:
        await database.close()


def _framework(host: Host, backend: BackendSettings) -> None:
    auth: Any = host.auth
    permissions: Any = host.permissions
    host.framework(scheduler_routes(host.scheduler))
    host.framework(action_routes(host.actions, auth.principal_of))
    host.framework(lambda plugin: auth_routes(plugin, auth, host.clock, backend.base_url))
    host.framework(lambda plugin: permission_routes(permissions.of(plugin), auth))
    host.mounts.allow_everywhere(JWKS_PATH)
    host.mount_root(metrics_routes(auth))


def _schedule(host: Host) -> None:
    host.scheduler.listen()
    for role in sorted(host.scheduler.roles()):
        host.background(f"scheduled tasks ({role}, local)", partial(host.scheduler.run_local, role), role=role)
        host.background(f"scheduled tasks ({role})", partial(host.scheduler.run_global, role), role=role)


async def _warn_of_unknown_keys(config: LayeredConfig) -> None:
    for key, place in config.unclaimed():
        log.warning("The configuration key '%s' is not known here and ignored (%s)", key, place)
