"""Gitea as a plugin."""

from __future__ import annotations

from app.interfaces import PluginHost
from app.reading.interfaces import on_host
from plugins.gitea.integration import GiteaIntegration
from plugins.gitea.reader import GiteaReader
from plugins.gitea.settings import GiteaIntegrations


class GiteaPlugin:
    """Reads from the hosts of `integrations.gitea`."""

    id = "gitea"

    def register(self, host: PluginHost) -> None:
        for settings in host.settings("integrations", GiteaIntegrations).gitea:
            if settings.base_url:
                host.outgoing.trust(settings.base_url)
            reader = GiteaReader(host.outgoing, settings)
            host.reading.add_integration(GiteaIntegration(settings.host, settings.base))
            host.reading.add_git_credentials(settings.host, reader.for_git)
            host.reading.add_reader(on_host(settings.host), reader)
