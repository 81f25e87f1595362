"""Azure DevOps as a plugin."""

from __future__ import annotations

from app.interfaces import PluginHost
from app.reading.interfaces import on_host
from plugins.azure.credentials import AzureCredentials
from plugins.azure.integration import AzureIntegration
from plugins.azure.reader import AzureReader
from plugins.azure.settings import AzureIntegrations


class AzurePlugin:
    """Reads from the hosts of `integrations.azure`, and from dev.azure.com in any case."""

    id = "azure"

    def register(self, host: PluginHost) -> None:
        for settings in host.settings("integrations", AzureIntegrations).hosts:
            credentials = AzureCredentials(settings, host.outgoing, host.clock)
            reader = AzureReader(host.outgoing, f"https://{settings.host}", credentials)
            host.reading.add_integration(AzureIntegration(settings.host))
            host.reading.add_git_credentials(settings.host, credentials.for_git)
            host.reading.add_reader(on_host(settings.host), reader)
