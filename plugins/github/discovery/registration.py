"""Puts the configured providers into the catalog."""

from __future__ import annotations

from app.interfaces import PluginHost, ScheduledTask
from catalog.interfaces import CatalogExtensions, EntitiesCatalog
from plugins.github.api.hosts import GithubHosts
from plugins.github.discovery.events import RepositoryEvents
from plugins.github.discovery.provider import GithubEntityProvider
from plugins.github.discovery.selection import Selection
from plugins.github.discovery.settings import GithubProviders
from plugins.github.discovery.source import RepositorySource


def register_discovery(host: PluginHost, hosts: GithubHosts) -> list[GithubEntityProvider]:
    """One provider for each entry of `catalog.providers.github`, scheduled and told of webhooks.

    Raises InputError for a host without an integration.
    """
    providers = []
    for provider_id, settings in host.settings("catalog.providers", GithubProviders).by_id.items():
        hosts.connection(settings.host)
        selection = Selection(settings)
        source = RepositorySource(settings, selection, hosts)
        provider = GithubEntityProvider(provider_id, settings, source, selection, lambda: host.service(EntitiesCatalog))
        host.extension(CatalogExtensions).add_entity_provider(provider)
        host.schedule(
            "catalog", ScheduledTask(f"{provider.name}:refresh", provider.refresh, **settings.schedule.timing)
        )
        providers.append(provider)
    if providers:
        events = RepositoryEvents(providers, host.clock)
        events.subscribe(host.events)
        host.on_stop(events.stop)
    return providers
