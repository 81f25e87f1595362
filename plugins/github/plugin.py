"""GitHub as a plugin."""

from __future__ import annotations

from app.interfaces import PluginHost
from app.reading.interfaces import on_host
from plugins.github.actions.registration import github_actions
from plugins.github.api.answers import Answers
from plugins.github.api.budgets import Budgets
from plugins.github.api.connection import GithubConnection
from plugins.github.api.hosts import GithubHosts
from plugins.github.api.ledger import Ledger
from plugins.github.api.outgoing import budgeted
from plugins.github.api.priority import Priority
from plugins.github.autocomplete import GithubAutocomplete
from plugins.github.credentials import GithubCredentials
from plugins.github.discovery.registration import register_discovery
from plugins.github.integration import GithubIntegration
from plugins.github.onboarding.commands import import_commands
from plugins.github.org.registration import register_orgs
from plugins.github.processors.registration import register_processors
from plugins.github.reader import GithubReader
from plugins.github.settings import PUBLIC_HOST, GithubHost, GithubIntegrations
from scaffolder.interfaces import ScaffolderExtensions


class GithubPlugin:
    """The hosts of `integrations.github`, and github.com in any case."""

    id = "github"

    def register(self, host: PluginHost) -> None:
        host.migrations("plugins.github.migrations")
        ledger, answers = Ledger(host.database), Answers(host.database)
        for part in (ledger, answers):
            host.on_start(part.start)
            host.on_stop(part.stop)
        settings = host.settings("integrations", GithubIntegrations).hosts
        hosts = GithubHosts({one.host.lower(): connect(host, one, ledger, answers) for one in settings})
        for one in settings:
            add_reading(host, one, hosts)
        scaffolder = host.extension(ScaffolderExtensions)
        scaffolder.add_autocomplete("github", GithubAutocomplete(hosts))
        scaffolder.add_action(*github_actions(host, hosts))
        host.commands(import_commands(host, hosts), name="import")
        register_discovery(host, hosts)
        register_orgs(host, hosts)
        register_processors(host, hosts)


def connect(host: PluginHost, settings: GithubHost, ledger: Ledger, answers: Answers) -> GithubConnection:
    """The way to one GitHub."""
    for url in (settings.api_base_url, settings.raw_base_url):
        if url:
            host.outgoing.trust(url)
    if settings.host != PUBLIC_HOST:
        host.outgoing.trust(f"codeload.{settings.host}")
    credentials = GithubCredentials(settings, host.outgoing, host.clock)
    budgets = Budgets(settings.host, ledger, host.clock)
    return GithubConnection(settings, host.outgoing, credentials, budgets, answers, host.clock)


def add_reading(host: PluginHost, settings: GithubHost, hosts: GithubHosts) -> None:
    """How its repositories are read."""
    connection = hosts.connection(settings.host)
    outgoing = budgeted(host.outgoing, connection, Priority.READ)
    reader = GithubReader(outgoing, settings, connection.credentials, hosts.versions(settings.host))
    host.reading.add_integration(GithubIntegration(settings.host))
    host.reading.add_git_credentials(settings.host, connection.credentials.for_git)
    host.reading.add_reader(on_host(settings.host), reader)
