"""The repository that an action is about, and in whose name it is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import InputError
from app.interfaces import Reading
from plugins.github.api.client import GithubApi
from plugins.github.api.hosts import GithubHosts
from scaffolder.language.repo_url import RepoUrl, parse_repo_url

Json = Any


@dataclass(frozen=True, slots=True)
class GithubRepository:
    """`token` is what git pushes with; never to be logged."""

    api: GithubApi
    owner: str
    name: str
    token: str

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    async def ask(
        self,
        method: str,
        below: str = "",
        json: Json = None,
        *,
        query: Mapping[str, object] | None = None,
        **parts: Any,
    ) -> Json:
        """A request below `/repos/{owner}/{repo}`. Raises GithubError."""
        path = f"/repos/{{owner}}/{{repo}}{below}"
        return await self.api.request(method, path, json=json, query=query, owner=self.owner, repo=self.name, **parts)

    async def find(self, below: str = "", *, query: Mapping[str, object] | None = None, **parts: Any) -> Json | None:
        """A GET of what may not be there."""
        path = f"/repos/{{owner}}/{{repo}}{below}"
        return await self.api.find(path, query=query, owner=self.owner, repo=self.name, **parts)

    def other(self, owner: str, name: str) -> GithubRepository:
        """Another repository in the same name: a fork."""
        return GithubRepository(self.api, owner, name, self.token)


class Repositories:
    """Opens what `repoUrl` names, with the user's token or the integration's."""

    def __init__(self, hosts: GithubHosts, reading: Reading, *, require_user_credentials: bool = False) -> None:
        self._hosts = hosts
        self._reading = reading
        self._require_user_credentials = require_user_credentials

    def named(self, given: Mapping[str, Any]) -> RepoUrl:
        """What an action's `repoUrl` names. Raises InputError."""
        named = parse_repo_url(given["repoUrl"], self._integration_type)
        if not named.owner:
            raise InputError(f"No owner provided for host: {named.host}, and repo {named.repo}")
        return named

    async def open(self, given: Mapping[str, Any]) -> GithubRepository:
        """By an action's `repoUrl` and `token`. Raises InputError."""
        named = self.named(given)
        assert named.owner is not None and named.repo is not None
        token = given.get("token")
        if not token and self._require_user_credentials:
            raise InputError(
                f"No user credentials provided for host {named.host},"
                " but scaffolder.requireScmUserCredentials is enabled"
            )
        api = self._hosts.api(named.host, named.owner, token=token)
        known = token or await api.token()
        if not known:
            raise InputError(
                f"No token available for host: {named.host}, with owner {named.owner}, and repo {named.repo}."
                " Make sure GitHub auth is configured correctly."
                " See https://backstage.io/docs/auth/github/provider for more details."
            )
        return GithubRepository(api, named.owner, named.repo, known)

    def _integration_type(self, host: str) -> str | None:
        integration = self._reading.integration_for(f"https://{host}")
        return integration.type if integration else None
