"""The entity provider of organizations. Source: spec/catalog.md §6.2 (`githubOrg`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from catalog.interfaces import (
    DeferredEntity,
    DeltaMutation,
    Entity,
    FullMutation,
    OrgItem,
    OrgTransformer,
    OrgTransformers,
    ProviderConnection,
)
from catalog.model.refs import ref_of
from plugins.github.api.priority import Priority
from plugins.github.org.entities import (
    group_entity,
    groups_by_slug,
    located,
    login_of,
    memberships,
    user_entity,
    with_hierarchy,
    with_membership,
)
from plugins.github.org.queries import Organization, Team
from plugins.github.org.settings import GithubOrgSettings
from plugins.github.org.source import OrgSource

SOURCE: Final = "github"
log = logging.getLogger(__name__)
Json = Any
Detail = Mapping[str, Json]


class GithubMultiOrgEntityProvider:
    """See `catalog.interfaces.EntityProvider`. A run that GitHub does not let finish changes nothing."""

    def __init__(
        self, settings: GithubOrgSettings, source: OrgSource, transformers: Callable[[], OrgTransformers]
    ) -> None:
        self.name = settings.provider_name
        self._key = settings.location_key
        self.settings = settings
        self.source = source
        self._transformers = transformers
        self._connection: ProviderConnection | None = None
        self._turn = asyncio.Lock()

    async def connect(self, connection: ProviderConnection) -> None:
        self._connection = connection

    @property
    def connected(self) -> bool:
        return self._connection is not None

    # ----------------------------------------------------------------------------------------------- everything

    async def refresh(self) -> None:
        if self._connection is None:
            return
        orgs = [await self.source.organization(org, Priority.SCAN) for org in await self.source.orgs()]
        users: dict[str, DeferredEntity] = {}
        groups: list[DeferredEntity] = []
        for org in orgs:
            made, found = await self._entities(org)
            groups += found
            for login, user in made.items():
                known = users.get(login)
                if known is not None:
                    # The first organization says who somebody is, each where they belong.
                    merged = with_membership(known.entity, user.entity["spec"].get("memberOf") or ())
                    user = DeferredEntity(merged, self._key)
                users[login] = user
        async with self._turn:
            result = await self._connection.apply_mutation(FullMutation([*users.values(), *groups]))
        log.info(
            "%s: %d users and %d teams of %d organizations, %d added, %d removed",
            self.name, len(users), len(groups), len(orgs), result.added, result.removed,
        )  # fmt: skip

    async def _entities(self, org: Organization) -> tuple[dict[str, DeferredEntity], list[DeferredEntity]]:
        groups = await self._groups(org.login, org.teams)
        belongs = memberships(groups, org.teams)
        users: dict[str, DeferredEntity] = {}
        for data in org.users:
            user = await self._user(org.login, data)
            if user is not None:
                login = data["login"]
                users[login] = self._located(with_membership(user, belongs.get(login, ())), org.login)
        return users, [self._located(group, org.login) for group in groups.values()]

    async def _groups(self, org: str, teams: Iterable[Team]) -> dict[str, Entity]:
        namespace = await self._namespace(org)
        found: dict[str, Entity] = {}
        for team in teams:
            entity = group_entity(team, namespace)
            item = OrgItem(SOURCE, team.data, org, entity)
            made = await self._transformed(item, self._transformers().groups)
            if made is not None:
                found[team.slug] = made
        with_hierarchy(found.values())
        return found

    async def _user(self, org: str, data: Json) -> Entity | None:
        entity = user_entity(data, verified=self.settings.default_user_transformer.use_verified_emails)
        return await self._transformed(OrgItem(SOURCE, data, org, entity), self._transformers().users)

    async def _transformed(self, item: OrgItem, all_of: Iterable[tuple[str, OrgTransformer]]) -> Entity | None:
        for source, transform in all_of:
            if source == SOURCE:
                made = await transform(item)
                if made is None:
                    return None
                item = OrgItem(item.source, item.data, item.organization, made)
        return item.entity

    async def _namespace(self, org: str) -> str | None:
        """Teams of several organizations are kept apart."""
        single = self.settings.orgs is not None and len(self.settings.orgs) == 1
        return None if single else org.lower()

    def _located(self, entity: Entity, org: str) -> DeferredEntity:
        return located(entity, self.settings.github_url, org, self._key)

    # -------------------------------------------------------------------------------------------------- changes

    async def sync_organization(self, org: str, detail: Detail) -> None:
        """Add all of an organization that is new to us."""
        if self._connection is None:
            return
        users, groups = await self._entities(await self.source.organization(org, Priority.EVENT))
        async with self._turn:
            held = {ref_of(one): one for one in await self._connection.held()}
            added = []
            for user in users.values():
                known = held.get(ref_of(user.entity))
                member_of = user.entity["spec"].get("memberOf") or ()
                added.append(DeferredEntity(with_membership(known, member_of), self._key) if known else user)
            await self._connection.apply_mutation(DeltaMutation([*added, *groups]), cause=detail)

    async def sync_teams(self, org: str, detail: Detail) -> None:
        """All teams of an organization as they are now, and where that puts its people."""
        if self._connection is None:
            return
        teams = await self.source.teams(org, Priority.EVENT)
        groups = await self._groups(org, teams)
        belongs = memberships(groups, teams)
        async with self._turn:
            held = list(await self._connection.held())
            before = groups_by_slug(held, org)
            stale = {ref_of(one) for one in before.values()}
            now = [self._located(group, org) for group in groups.values()]
            people = [
                DeferredEntity(with_membership(user, belongs.get(login_of(user), ()), stale), self._key)
                for user in held
                if user["kind"] == "User"
            ]
            known = {ref_of(one): one for one in held}
            added = [one for one in [*now, *people] if known.get(ref_of(one.entity)) != one.entity]
            removed = sorted(stale - {ref_of(one.entity) for one in now})
            if added or removed:
                await self._connection.apply_mutation(DeltaMutation(added, removed), cause=detail)

    async def sync_team(self, org: str, slug: str, detail: Detail) -> None:
        """The members of one team as they are now."""
        if self._connection is None:
            return
        team = await self.source.team(org, slug, Priority.EVENT)
        known = groups_by_slug(await self._connection.held(), org)
        if team is None or slug not in known:
            await self.sync_teams(org, detail)
            return
        made = (await self._groups(org, [team])).get(slug)
        people = {one["login"]: one for one in team.members}
        async with self._turn:
            held = list(await self._connection.held())
            before = groups_by_slug(held, org).get(slug)
            if made is None or before is None:
                return
            made["spec"]["children"] = list(before["spec"].get("children") or ())
            ref = ref_of(made)
            added = [self._located(made, org)]
            for user in held:
                if user["kind"] == "User":
                    login = login_of(user)
                    inside = people.pop(login, None) is not None
                    if inside != (ref in (user["spec"].get("memberOf") or ())):
                        changed = with_membership(user, [ref] if inside else (), () if inside else [ref])
                        added.append(DeferredEntity(changed, self._key))
            for data in people.values():
                fresh = await self._user(org, data)
                added += [self._located(with_membership(fresh, [ref]), org)] if fresh is not None else []
            await self._connection.apply_mutation(DeltaMutation(added), cause=detail)

    async def sync_member(self, org: str, login: str, detail: Detail) -> None:
        """Whether somebody belongs to an organization, and what follows from that."""
        if self._connection is None:
            return
        inside = await self.source.member(org, login, Priority.EVENT)
        elsewhere = None
        if inside is None:
            for other in await self.source.orgs():
                if other.lower() != org.lower() and elsewhere is None:
                    elsewhere = await self.source.member(other, login, Priority.EVENT)
        fresh = await self._user(org, inside) if inside is not None else None
        async with self._turn:
            held = list(await self._connection.held())
            mine = next((one for one in held if one["kind"] == "User" and login_of(one) == login), None)
            groups = groups_by_slug(held, org)
            added: list[DeferredEntity] = []
            removed: list[str] = []
            if fresh is not None:
                member_of = (mine["spec"].get("memberOf") or ()) if mine is not None else ()
                added.append(self._located(with_membership(fresh, member_of), org))
            elif mine is not None and inside is None:
                own = f"default/{login}"
                left = [one for one in groups.values() if own in (one["spec"].get("members") or ())]
                for group in left:
                    members = [one for one in group["spec"]["members"] if one != own]
                    changed = {**group, "spec": {**group["spec"], "members": members}}
                    added.append(DeferredEntity(changed, self._key))
                if elsewhere is not None:
                    changed = with_membership(mine, (), [ref_of(one) for one in groups.values()])
                    added.append(DeferredEntity(changed, self._key))
                else:
                    removed.append(ref_of(mine))
            if added or removed:
                await self._connection.apply_mutation(DeltaMutation(added, removed), cause=detail)
