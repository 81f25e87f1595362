"""Asks GitHub for repositories: all of an owner's, or what has become of some."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from app.reading.interfaces import RepositoryPlace
from plugins.github.api.client import GithubApi
from plugins.github.api.hosts import GithubHosts
from plugins.github.api.priority import Priority
from plugins.github.discovery.repository import FRAGMENT, REPOSITORIES, Repository, from_graphql
from plugins.github.discovery.selection import Selection
from plugins.github.discovery.settings import GithubProviderSettings

AT_ONCE: Final = 50
"""Repositories that one query asks for by name."""


class RepositorySource:
    """The repositories that one provider looks at."""

    def __init__(self, settings: GithubProviderSettings, selection: Selection, hosts: GithubHosts) -> None:
        self._settings = settings
        self._selection = selection
        self._hosts = hosts

    async def owners(self) -> list[str]:
        """The logins it looks at. Raises GithubError."""
        if self._settings.organization is not None:
            return [self._settings.organization]
        credentials = self._hosts.connection(self._settings.host).credentials
        app = str(self._settings.app)
        return [one.account for one in await credentials.installations() if one.app_id == app]

    async def covers(self, owner: str) -> bool:
        return owner.lower() in {one.lower() for one in await self.owners()}

    async def everything(self) -> list[Repository]:
        """All repositories of all owners, or an error: never some of them."""
        found: list[Repository] = []
        for owner in await self.owners():
            variables = {"org": owner, "catalogPathRef": self._selection.expression}
            pages = self._api(owner, Priority.SCAN).graphql_pages(
                REPOSITORIES, variables, "repositoryOwner", "repositories", size=self._settings.page_sizes.repositories
            )
            found += [from_graphql(node) async for page in pages for node in page]
        self._learn(found)
        return found

    def _learn(self, found: Iterable[Repository]) -> None:
        """The scan has seen the descriptors: whoever looks at them next need not ask."""
        if self._selection.is_glob:
            return
        versions = self._hosts.versions(self._settings.host)
        for one in found:
            if one.default_branch is not None and self._selection.takes(one):
                branch = self._selection.branch(one)
                versions.learn(RepositoryPlace(one.owner, one.name, branch, self._selection.path), one.file)

    async def by_name(self, names: Iterable[tuple[str, str]], priority: Priority) -> dict[str, Repository | None]:
        """What these repositories are now, by `owner/name` in lower case: under another name if they have moved, None
        if GitHub knows them no more. Raises GithubError: then nothing is known."""
        by_owner: dict[str, list[tuple[str, str]]] = {}
        for owner, name in dict.fromkeys(names):
            by_owner.setdefault(owner.lower(), []).append((owner, name))
        found: dict[str, Repository | None] = {}
        for some in by_owner.values():
            for start in range(0, len(some), AT_ONCE):
                found |= await self._named(some[start : start + AT_ONCE], priority)
        return found

    async def _named(self, names: Sequence[tuple[str, str]], priority: Priority) -> dict[str, Repository | None]:
        fields = "\n".join(
            f"r{number}: repository(owner: $o{number}, name: $n{number}, followRenames: true) {{ ...repository }}"
            for number in range(len(names))
        )
        parameters = ", ".join(f"$o{number}: String!, $n{number}: String!" for number in range(len(names)))
        query = f"query named($catalogPathRef: String!, {parameters}) {{ {fields} }} {FRAGMENT}"
        variables = {"catalogPathRef": self._selection.expression}
        for number, (owner, name) in enumerate(names):
            variables |= {f"o{number}": owner, f"n{number}": name}
        data = await self._api(names[0][0], priority).graphql_known(query, variables)
        return {
            f"{owner}/{name}".lower(): from_graphql(node) if (node := data.get(f"r{number}")) is not None else None
            for number, (owner, name) in enumerate(names)
        }

    def _api(self, owner: str, priority: Priority) -> GithubApi:
        return self._hosts.api(self._settings.host, owner, priority=priority)
