"""Gerrit as a plugin."""

from __future__ import annotations

from app.interfaces import PluginHost
from app.reading.interfaces import on_host
from plugins.gerrit.integration import GerritIntegration
from plugins.gerrit.reader import GerritReader
from plugins.gerrit.settings import GerritIntegrations


class GerritPlugin:
    """Reads from the hosts of `integrations.gerrit`."""

    id = "gerrit"

    def register(self, host: PluginHost) -> None:
        for settings in host.settings("integrations", GerritIntegrations).gerrit:
            for url in (settings.base, settings.gitiles, settings.clone_url):
                if url:
                    host.outgoing.trust(url)
            integration = GerritIntegration(settings.gitiles, settings.base, disable_edit_url=settings.disable_edit_url)
            reader = GerritReader(host.outgoing, settings)
            host.reading.add_integration(integration)
            host.reading.add_git_credentials(settings.host, reader.for_git)
            host.reading.add_reader(on_host(integration.host), reader)
