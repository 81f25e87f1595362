"""All actions and filters that come with the scaffolder, put together from the host's ports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from app.interfaces import NotificationSender, PluginHost, Reading
from catalog.interfaces import EntitiesCatalog, Locations
from scaffolder.actions.backstage_request import HttpBackstageRequest
from scaffolder.actions.catalog_access import PermittedCatalog
from scaffolder.actions.catalog_fetch import CatalogFetch
from scaffolder.actions.catalog_ports import CatalogAccess
from scaffolder.actions.catalog_register import CatalogRegister
from scaffolder.actions.catalog_write import CatalogWrite
from scaffolder.actions.debug import DebugLog, DebugWait
from scaffolder.actions.fetch_cookiecutter import FetchCookiecutter
from scaffolder.actions.fetch_plain import FetchPlain, FetchPlainFile
from scaffolder.actions.fetch_template import FetchTemplate, FetchTemplateFile
from scaffolder.actions.fs import FsDelete, FsReaddir, FsRename
from scaffolder.actions.notification_send import NotificationSend
from scaffolder.actions.publish_git import PublishGit
from scaffolder.actions.rendering import Rendering
from scaffolder.actions.roadie_files import RoadieAppend, RoadieParse, RoadieReplace, RoadieWrite, RoadieZip
from scaffolder.actions.roadie_jsonata import RoadieJsonata, RoadieJsonataJson, RoadieJsonataYaml
from scaffolder.actions.roadie_values import (
    RoadieJsonMerge,
    RoadieMerge,
    RoadieSerializeJson,
    RoadieSerializeYaml,
    RoadieSleep,
)
from scaffolder.actions.workspace_template import WorkspaceTemplate, WorkspaceTemplateFile
from scaffolder.fetching.sources import Sources
from scaffolder.interfaces import Action, ScaffolderExtensions, TemplateFilter
from scaffolder.language.default_filters import default_filters
from scaffolder.publishing.commits import CommitDefaults, commit_defaults

T = TypeVar("T")


def built_in_actions(host: PluginHost) -> list[Action]:
    """Every action that a stock backend registers, and ours. Ports of others are looked up when an action runs.

    Settings: `scaffolder.requireScmUserCredentials`, `scaffolder.defaultAuthor`, `scaffolder.defaultCommitMessage`,
    `scaffolder.workspaceTemplateActions` (opts in to workspace:template), `scaffolder.cookiecutter.trustedTemplates`,
    `scaffolder.git.folders` (where `file` remotes may lie), `scaffolder.http.allowedMethods` and `allowedHosts`,
    `scaffolder.legacyTemplates` (default on).
    """
    config = host.config
    catalog = PermittedCatalog(lambda: host.service(EntitiesCatalog), lambda: host.service(Locations), host.permissions)
    base_url = str(config.get("backend.baseUrl", "http://localhost:7007"))
    host.outgoing.trust(base_url)
    return put_together(
        catalog=catalog,
        reading=host.reading,
        extensions=lambda: host.extension(ScaffolderExtensions),
        require_user_credentials=bool(config.get("scaffolder.requireScmUserCredentials", False)),
        legacy=bool(config.get("scaffolder.legacyTemplates", True)),
        trusted_templates=_texts(config.get("scaffolder.cookiecutter.trustedTemplates")) or (),
        with_workspace_templates=bool(config.get("scaffolder.workspaceTemplateActions", False)),
        commits=commit_defaults(config),
        git_folders=[Path(one) for one in _texts(config.get("scaffolder.git.folders")) or ()],
        others=[
            NotificationSend(lambda: _service(host, NotificationSender)),
            HttpBackstageRequest(
                host.outgoing,
                host.auth,
                lambda: base_url,
                allowed_methods=_texts(config.get("scaffolder.http.allowedMethods")),
                allowed_hosts=_texts(config.get("scaffolder.http.allowedHosts")),
            ),
        ],
    )


def put_together(
    *,
    catalog: CatalogAccess,
    reading: Reading,
    extensions: Callable[[], ScaffolderExtensions],
    require_user_credentials: bool = False,
    legacy: bool = True,
    trusted_templates: Sequence[str] = (),
    with_workspace_templates: bool = False,
    commits: CommitDefaults | None = None,
    git_folders: Sequence[Path] = (),
    others: Sequence[Action] = (),
) -> list[Action]:
    """The actions from their parts, without a host: for the command line and for tests."""
    sources = Sources(reading, require_user_credentials=require_user_credentials)
    rendering = Rendering(extensions, legacy)
    opted_in = [WorkspaceTemplate(rendering), WorkspaceTemplateFile(rendering)] if with_workspace_templates else []
    return [
        FetchPlain(sources),
        FetchPlainFile(sources),
        FetchTemplate(sources, rendering),
        FetchTemplateFile(sources, rendering),
        FetchCookiecutter(sources, trusted=trusted_templates),
        *opted_in,
        CatalogRegister(catalog, reading),
        CatalogFetch(catalog),
        CatalogWrite(),
        DebugLog(),
        DebugWait(),
        FsDelete(),
        FsRename(),
        FsReaddir(),
        PublishGit(reading, commits, folders=git_folders),
        RoadieZip(),
        RoadieSleep(),
        RoadieWrite(),
        RoadieAppend(),
        RoadieReplace(),
        RoadieParse(),
        RoadieJsonMerge(),
        RoadieMerge(),
        RoadieSerializeJson(),
        RoadieSerializeYaml(),
        RoadieJsonata(),
        RoadieJsonataJson(),
        RoadieJsonataYaml(),
        *others,
    ]


def built_in_filters(reading: Reading) -> list[TemplateFilter]:
    """parseRepoUrl, parseEntityRef, pick and projectSlug; the integrations tell a host's type."""

    def integration_type(host: str) -> str | None:
        integration = reading.integration_for(f"https://{host}")
        return integration.type if integration else None

    return default_filters(integration_type)


def _service(host: PluginHost, port: type[T]) -> T | None:
    try:
        return host.service(port)
    except LookupError:
        return None


def _texts(value: Any) -> list[str] | None:
    if value is None:
        return None
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
