"""Puts those steps into the catalog that the configuration asks for."""

from __future__ import annotations

from app.interfaces import PluginHost
from catalog.interfaces import CatalogExtensions
from plugins.github.api.hosts import GithubHosts
from plugins.github.processors.languages import GithubLanguagesProcessor
from plugins.github.processors.settings import GithubProcessors
from plugins.github.processors.slug import GithubProjectSlugProcessor


def register_processors(host: PluginHost, hosts: GithubHosts) -> None:
    settings = host.settings("catalog.processors", GithubProcessors)
    extensions = host.extension(CatalogExtensions)
    if settings.github_project_slug.enabled:
        extensions.add_processor(GithubProjectSlugProcessor(host.reading, settings.github_project_slug))
    if settings.github_languages.enabled:
        extensions.add_processor(GithubLanguagesProcessor(host.reading, hosts, settings.github_languages))
