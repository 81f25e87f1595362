"""GitHub as a plugin."""

from __future__ import annotations

from app.interfaces import PluginHost
from app.reading.interfaces import on_host
from plugins.github.autocomplete import GithubAutocomplete
from plugins.github.credentials import GithubCredentials
from plugins.github.integration import GithubIntegration
from plugins.github.reader import GithubReader
from plugins.github.settings import PUBLIC_HOST, GithubIntegrations
from scaffolder.interfaces import ScaffolderExtensions


class GithubPlugin:
    """Reads from the hosts of `integrations.github`, and from github.com in any case."""

    id = "github"

    def register(self, host: PluginHost) -> None:
        hosts = host.settings("integrations", GithubIntegrations).hosts
        autocomplete = GithubAutocomplete(hosts, host.outgoing)
        host.extension(ScaffolderExtensions).add_autocomplete("github", autocomplete)
        for settings in hosts:
            for url in (settings.api_base_url, settings.raw_base_url):
                if url:
                    host.outgoing.trust(url)
            if settings.host != PUBLIC_HOST:
                host.outgoing.trust(f"codeload.{settings.host}")
            credentials = GithubCredentials(settings, host.outgoing, host.clock)
            host.reading.add_integration(GithubIntegration(settings.host))
            host.reading.add_git_credentials(settings.host, credentials.for_git)
            host.reading.add_reader(on_host(settings.host), GithubReader(host.outgoing, settings, credentials))
