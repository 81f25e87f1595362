"""The configured hosts, each with its connection."""

from __future__ import annotations

from collections.abc import Mapping

from app.errors import InputError
from plugins.github.api.client import GithubApi
from plugins.github.api.connection import Caller, GithubConnection
from plugins.github.api.priority import Priority
from plugins.github.versions import Versions


class GithubHosts:
    """What providers and actions get their `GithubApi` from."""

    def __init__(self, connections: Mapping[str, GithubConnection]) -> None:
        self._connections = dict(connections)
        self._versions = {name: Versions(connection) for name, connection in self._connections.items()}

    @property
    def names(self) -> list[str]:
        return list(self._connections)

    def connection(self, host: str) -> GithubConnection:
        """Raises InputError for a host that no integration knows: no token goes anywhere else."""
        found = self._connections.get(host.lower())
        if found is None:
            raise InputError(f"No integration for host {host}")
        return found

    def versions(self, host: str) -> Versions:
        """What is known of the files at a host. Raises InputError as `connection` does."""
        self.connection(host)
        return self._versions[host.lower()]

    def api(
        self,
        host: str,
        owner: str | None = None,
        *,
        priority: Priority = Priority.USER,
        token: str | None = None,
    ) -> GithubApi:
        """The API at a host for an owner's things, with a user's token if one is given."""
        return GithubApi(self.connection(host), Caller(owner, priority, token))
