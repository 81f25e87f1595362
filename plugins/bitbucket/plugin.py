"""Bitbucket as a plugin."""

from __future__ import annotations

from app.interfaces import PluginHost
from app.reading.interfaces import on_host
from plugins.bitbucket.autocomplete import BitbucketCloudAutocomplete
from plugins.bitbucket.cloud import BitbucketCloudCredentials, BitbucketCloudReader
from plugins.bitbucket.integration import BitbucketCloudIntegration, BitbucketServerIntegration
from plugins.bitbucket.server import BitbucketServerReader
from plugins.bitbucket.settings import CLOUD_HOST, BitbucketIntegrations
from scaffolder.interfaces import ScaffolderExtensions


class BitbucketPlugin:
    """Reads from the hosts of `integrations.bitbucketServer`, and from bitbucket.org in any case."""

    id = "bitbucket"

    def register(self, host: PluginHost) -> None:
        settings = host.settings("integrations", BitbucketIntegrations)
        site = f"https://{CLOUD_HOST}"
        credentials = BitbucketCloudCredentials(settings.cloud, host.outgoing, host.clock, site)
        cloud = BitbucketCloudReader(host.outgoing, credentials, site=site)
        host.reading.add_integration(BitbucketCloudIntegration(CLOUD_HOST))
        host.reading.add_git_credentials(CLOUD_HOST, credentials.for_git)
        host.reading.add_reader(on_host(CLOUD_HOST), cloud)
        autocomplete = BitbucketCloudAutocomplete(host.outgoing)
        host.extension(ScaffolderExtensions).add_autocomplete("bitbucket-cloud", autocomplete)
        for server in settings.bitbucket_server:
            if server.api_base_url:
                host.outgoing.trust(server.api_base_url)
            reader = BitbucketServerReader(host.outgoing, server)
            host.reading.add_integration(BitbucketServerIntegration(server.host))
            host.reading.add_git_credentials(server.host, reader.for_git)
            host.reading.add_reader(on_host(server.host), reader)
