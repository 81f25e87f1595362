"""Puts the configured providers into the catalog."""

from __future__ import annotations

from app.interfaces import PluginHost, ScheduledTask
from catalog.interfaces import CatalogExtensions, OrgTransformers
from plugins.github.api.hosts import GithubHosts
from plugins.github.org.events import OrgEvents
from plugins.github.org.provider import GithubMultiOrgEntityProvider
from plugins.github.org.settings import GithubOrgProviders
from plugins.github.org.source import OrgSource


def register_orgs(host: PluginHost, hosts: GithubHosts) -> list[GithubMultiOrgEntityProvider]:
    """One provider for each entry of `catalog.providers.githubOrg`, scheduled and told of webhooks.

    Raises InputError for a host without an integration.
    """
    providers = []
    for settings in host.settings("catalog.providers", GithubOrgProviders).all:
        hosts.connection(settings.host)
        source = OrgSource(settings, hosts)
        provider = GithubMultiOrgEntityProvider(settings, source, lambda: host.extension(OrgTransformers))
        host.extension(CatalogExtensions).add_entity_provider(provider)
        host.schedule(
            "catalog", ScheduledTask(f"{provider.name}:refresh", provider.refresh, **settings.schedule.timing)
        )
        providers.append(provider)
    if providers:
        events = OrgEvents(providers, hosts, host.clock)
        events.subscribe(host.events)
        host.on_stop(events.stop)
    return providers
