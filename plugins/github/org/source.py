"""Asks GitHub for the people and teams of organizations. Half an answer is an error."""

from __future__ import annotations

from typing import Any

from app.errors import InputError
from plugins.github.api.client import GithubApi
from plugins.github.api.errors import GithubNotFoundError
from plugins.github.api.hosts import GithubHosts
from plugins.github.api.priority import Priority
from plugins.github.org.queries import (
    MEMBER,
    TEAM,
    TEAM_MEMBERS,
    TEAMS,
    USERS,
    Organization,
    Team,
    user_fragment,
)
from plugins.github.org.settings import GithubOrgSettings

Json = Any


class OrgSource:
    """The organizations that one provider looks at. Every method raises GithubError when GitHub does not tell."""

    def __init__(self, settings: GithubOrgSettings, hosts: GithubHosts) -> None:
        self._settings = settings
        self._hosts = hosts
        self._user = user_fragment(
            suspended=settings.exclude_suspended_users and not settings.check_suspended_with_rest
        )

    async def orgs(self) -> list[str]:
        """The organizations' logins."""
        if self._settings.orgs is not None:
            return list(self._settings.orgs)
        credentials = self._hosts.connection(self._settings.host).credentials
        found = [one.account for one in await credentials.installations() if one.account_type == "Organization"]
        if not found:
            raise InputError(
                f"Unable to read GitHub organizations: none is configured, and no App is installed in one at "
                f"{self._settings.host}"
            )
        return list(dict.fromkeys(found))

    async def covers(self, org: str) -> bool:
        return org.lower() in {one.lower() for one in await self.orgs()}

    async def organization(self, org: str, priority: Priority) -> Organization:
        return Organization(org, await self.users(org, priority), await self.teams(org, priority))

    async def users(self, org: str, priority: Priority) -> list[Json]:
        api = await self._api(org, priority)
        size = self._settings.page_sizes.organization_members
        pages = api.graphql_pages(
            USERS + self._user, await self._known(api, org), "organization", "membersWithRole", size=size
        )
        return await self._present(api, [node async for page in pages for node in page])

    async def teams(self, org: str, priority: Priority) -> list[Team]:
        api = await self._api(org, priority)
        sizes = self._settings.page_sizes
        variables = {**await self._known(api, org), "members": sizes.team_members}
        pages = api.graphql_pages(TEAMS + self._user, variables, "organization", "teams", size=sizes.teams)
        return [await self._whole(api, org, node) for page in [one async for one in pages] for node in page]

    async def team(self, org: str, slug: str, priority: Priority) -> Team | None:
        api = await self._api(org, priority)
        variables = {**await self._known(api, org), "slug": slug, "members": self._settings.page_sizes.team_members}
        node = (await api.graphql(TEAM + self._user, variables))["organization"]["team"]
        return await self._whole(api, org, node) if node is not None else None

    async def member(self, org: str, login: str, priority: Priority) -> Json | None:
        """Somebody, if they are a member of the organization."""
        api = await self._api(org, priority)
        try:
            data = await api.graphql(MEMBER + self._user, {**await self._known(api, org), "login": login})
        except GithubNotFoundError:
            return None
        user = data["user"]
        if user is None or user["organization"] is None:
            return None
        present = await self._present(api, [user])
        return present[0] if present else None

    async def _whole(self, api: GithubApi, org: str, node: Json) -> Team:
        first = node["members"]
        if not first["pageInfo"]["hasNextPage"]:
            return Team(node, await self._present(api, first["nodes"]))
        variables = {**await self._known(api, org), "slug": node["slug"]}
        pages = api.graphql_pages(
            TEAM_MEMBERS + self._user, variables, "organization", "team", "members",
            size=self._settings.page_sizes.team_members,
        )  # fmt: skip
        return Team(node, await self._present(api, [one async for page in pages for one in page]))

    async def _present(self, api: GithubApi, users: list[Json]) -> list[Json]:
        """Those that are not suspended, if that makes a difference."""
        if not self._settings.exclude_suspended_users:
            return users
        if not self._settings.check_suspended_with_rest:
            return [one for one in users if not one.get("suspendedAt")]
        found = [(one, await api.find("/users/{username}", keep=True, username=one["login"])) for one in users]
        return [one for one, told in found if told is not None and not told.get("suspended_at")]

    async def _api(self, org: str, priority: Priority) -> GithubApi:
        return self._hosts.api(self._settings.host, org, priority=priority)

    async def _known(self, api: GithubApi, org: str) -> dict[str, Json]:
        credentials = self._hosts.connection(self._settings.host).credentials
        # GitHub shows addresses to people, and to Apps only with a permission that few are given.
        return {"org": org, "email": not (await credentials.credential(org)).renewable}
