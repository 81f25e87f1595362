"""The scaffolder as a plugin of the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.interfaces import PluginHost
from catalog.interfaces import CatalogExtensions
from scaffolder.interfaces import ScaffolderExtensions, Tasks
from scaffolder.permissions.gate import Gate
from scaffolder.routes.registration import register_api
from scaffolder.runtime import Runtime
from scaffolder.secrets.sealing import Seal, key_from_file
from scaffolder.settings import ScaffolderSettings
from scaffolder.tasks.running import Runner
from scaffolder.tasks.service import DurableTasks
from scaffolder.tasks.telling import Telling
from scaffolder.tasks.worker import Worker, WorkerSettings
from scaffolder.template.kind import TEMPLATE, ScaffolderEntitiesProcessor
from scaffolder.template.lists import TemplateListsProcessor
from scaffolder.workspace import SafeFolder

if TYPE_CHECKING:
    import typer


OF_ACTIONS: Final = (
    "requireScmUserCredentials",
    "defaultAuthor.name",
    "defaultAuthor.email",
    "defaultCommitMessage",
    "workspaceTemplateActions",
    "cookiecutter.trustedTemplates",
    "git.folders",
    "http.allowedMethods",
    "http.allowedHosts",
    "legacyTemplates",
)
"""Settings under `scaffolder` that actions read, which are made when somebody first looks at them."""


class ScaffolderPlugin:
    """Templates in the catalog, and the tasks that run them."""

    id = "scaffolder"

    def register(self, host: PluginHost) -> None:
        register_api(host)
        catalog = host.extension(CatalogExtensions)
        catalog.add_kind(TEMPLATE)
        catalog.add_processor(TemplateListsProcessor())
        catalog.add_processor(ScaffolderEntitiesProcessor())

        settings = host.settings("scaffolder", ScaffolderSettings)
        runtime = Runtime(host, settings)
        runtime.permissions = Gate(host.permissions).actions
        host.provide(Runtime, runtime)
        extensions = host.extension(ScaffolderExtensions)

        def add() -> None:
            from scaffolder.actions.registration import built_in_actions, built_in_filters

            extensions.add_action(*built_in_actions(host))
            extensions.add_template_filter(*built_in_filters(host.reading))

        extensions.add_later(add)
        for key in OF_ACTIONS:
            # Claimed at once, or the start would call them unknown.
            host.config.get(f"scaffolder.{key}")
        host.migrations("scaffolder.migrations")
        _add_tasks(host, settings, runtime)

        def commands() -> typer.Typer:
            from scaffolder.cli.commands import template_commands

            return template_commands(runtime)

        host.on_stop(runtime.confined.stop)
        host.commands(commands, name="template")


def _add_tasks(host: PluginHost, settings: ScaffolderSettings, runtime: Runtime) -> None:
    seal = Seal(lambda: _keys(host, settings))
    tasks = DurableTasks(host.database, seal, host.events)
    host.provide(Tasks, tasks)
    host.on_stop(tasks.close)

    async def work() -> None:
        runner = Runner(
            lambda: runtime.engine,
            seal,
            runtime.folder,
            SafeFolder,
            lambda initiator: runtime.permissions(initiator),
            snapshots=settings.task_recovery.workspace_provider == "database",
            telling=Telling(host.events, parameter_length=settings.auditor.task_parameter_max_length),
        )
        await Worker(host.database, runner, _worker_settings(settings)).run()

    host.background("scaffolder-worker", work, role="worker")


def _keys(host: PluginHost, settings: ScaffolderSettings) -> list[bytes]:
    """Keys that seal and open secrets, the sealing one first."""
    shared = [
        one["secret"].encode()
        for one in host.config.get("backend.auth.keys") or ()
        if isinstance(one, dict) and isinstance(one.get("secret"), str)
    ]
    return [*settings.keys, *shared] or [key_from_file(host.data_dir)]


def _worker_settings(settings: ScaffolderSettings) -> WorkerSettings:
    recovery = settings.task_recovery
    return WorkerSettings(
        concurrency=settings.concurrent_tasks_limit,
        lease=recovery.stale_timeout,
        recovery=recovery.enabled,
        max_attempts=recovery.max_attempts,
        timeout=settings.task_timeout,
        janitor=settings.task_timeout_janitor_frequency,
        retention=settings.task_retention,
        drain=settings.shutdown_timeout,
    )
