"""GitLab as a plugin."""

from __future__ import annotations

from functools import partial

from app.interfaces import PluginHost
from app.reading.interfaces import on_host, parse_web_url
from plugins.gitlab.autocomplete import GitlabAutocomplete
from plugins.gitlab.integration import GitlabIntegration
from plugins.gitlab.reader import GitlabReader
from plugins.gitlab.settings import GitlabHost, GitlabIntegrations
from scaffolder.interfaces import ScaffolderExtensions


async def _for_git(settings: GitlabHost, remote: str) -> tuple[str, str] | None:
    return ("oauth2", settings.token.get_secret_value()) if settings.token else None


class GitlabPlugin:
    """The hosts of `integrations.gitlab`, and gitlab.com in any case."""

    id = "gitlab"

    def register(self, host: PluginHost) -> None:
        hosts = host.settings("integrations", GitlabIntegrations).hosts
        autocomplete = GitlabAutocomplete(hosts, host.outgoing)
        host.extension(ScaffolderExtensions).add_autocomplete("gitlab", autocomplete)
        for settings in hosts:
            for url in (settings.api_base_url, settings.base_url):
                if url:
                    host.outgoing.trust(url)
            base_path = parse_web_url(settings.base).path
            host.reading.add_integration(GitlabIntegration(settings.host, base_path))
            host.reading.add_git_credentials(settings.host, partial(_for_git, settings))
            host.reading.add_reader(on_host(settings.host), GitlabReader(host.outgoing, settings))
