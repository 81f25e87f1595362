"""People and teams of organizations, from the first scan to the last webhook. Source: spec/catalog.md §6.2."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.interfaces import PluginHost
from app.main import load_plugins
from catalog.interfaces import Entity, OrgItem, OrgTransformers
from plugins.github.org.settings import GithubOrgSettings
from tests.plugins.github.fake import FakeGithub, fake_github
from tests.plugins.github.fake.faults import Fault, to_graphql
from tests.plugins.github.fake.routing import Reply
from tests.plugins.github.portal import Portal, portal

Json = Any
MANUAL = {"frequency": {"trigger": "manual"}, "timeout": {"minutes": 5}}
NAME = "GithubMultiOrgEntityProvider:people"
pytestmark = pytest.mark.asyncio(loop_scope="module")


def populate(github: FakeGithub) -> None:
    world = github.world
    for org in ("Acme", "globex"):
        world.add_org(org)
    for number in range(60):
        world.add_user(f"user-{number:02}", orgs=("Acme",))
    world.add_user("Ada", orgs=("Acme", "globex"), name="Ada L.", email="ada@x.test", bio="writes")
    world.add_user("bob", orgs=("globex",), name="Bob", verified_emails=("bob@globex.test",))
    world.add_team("Acme", "everybody", members=tuple(f"user-{number:02}" for number in range(60)))
    world.add_team("Acme", "core", parent="everybody", members=("Ada", "user-01"), name="Core", description="the core")
    world.add_team("globex", "core", members=("Ada", "bob"))
    world.take_hooks()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def github() -> AsyncIterator[FakeGithub]:
    async with fake_github() as fake:
        populate(fake)
        yield fake


def settings(github: FakeGithub, **more: Json) -> Json:
    return {"githubOrg": {"id": "people", "githubUrl": github.url, "schedule": MANUAL, **more}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(github: FakeGithub, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Portal]:
    providers = settings(github, orgs=["Acme", "globex"], pageSizes={"teamMembers": 25})
    async with portal(github, tmp_path_factory.mktemp("portal"), providers) as opened:
        await opened.refresh(NAME)
        await opened.settled()
        yield opened


async def people(running: Portal) -> dict[str, Json]:
    return {one["metadata"]["name"]: one for one in await running.entities(filter="kind=user")}


async def teams(running: Portal) -> dict[str, Json]:
    found = await running.entities(filter="kind=group")
    return {f"{one['metadata']['namespace']}/{one['metadata']['name']}": one for one in found}


async def until(running: Portal, holds: Callable[[dict[str, Json], dict[str, Json]], bool]) -> None:
    async def now() -> bool:
        return holds(await people(running), await teams(running))

    await running.until(now)


def belongs(user: Json) -> list[str]:
    return sorted(user["spec"]["memberOf"])


async def test_users_and_teams_are_what_the_reference_makes_of_them(running: Portal, github: FakeGithub) -> None:
    users, groups = await people(running), await teams(running)
    assert len(users) == 62 and sorted(groups) == ["acme/core", "acme/everybody", "globex/core"]
    ada = users["Ada"]
    assert ada["metadata"]["description"] == "writes"
    assert ada["spec"]["profile"] == {
        "displayName": "Ada L.",
        "email": "ada@x.test",
        "picture": f"{github.url}/avatars/{github.world.accounts['ada'].id}",
    }
    assert belongs(ada) == ["group:acme/core", "group:globex/core"]
    annotations = ada["metadata"]["annotations"]
    assert annotations["github.com/user-login"] == "Ada"
    assert annotations["github.com/user-id"] == github.world.accounts["ada"].node_id
    assert annotations["backstage.io/managed-by-location"] == f"url:{github.url}/Ada"
    core = groups["acme/core"]
    assert core["spec"] == {
        "type": "team",
        "profile": {"displayName": "Core", "picture": core["spec"]["profile"]["picture"]},
        "children": [],
        "parent": "everybody",
        "members": ["default/Ada", "default/user-01"],
    }
    assert core["metadata"]["description"] == "the core"
    annotations = core["metadata"]["annotations"]
    assert annotations["github.com/team-slug"] == "Acme/core"
    assert annotations["backstage.io/edit-url"] == f"{github.url}/orgs/Acme/teams/core/edit"
    assert annotations["backstage.io/managed-by-origin-location"] == f"url:{github.url}/orgs/Acme/teams/core"
    everybody = groups["acme/everybody"]
    assert everybody["spec"]["children"] == ["core"] and len(everybody["spec"]["members"]) == 60
    relations = {(one["type"], one["targetRef"]) for one in core["relations"]}
    assert {("childOf", "group:acme/everybody"), ("hasMember", "user:default/ada")} <= relations


async def test_an_unchanged_organization_is_left_alone(running: Portal, github: FakeGithub) -> None:
    before = (await running.client.get("/api/catalog/entities/by-query?limit=0")).headers.get("etag")
    calls = github.count()
    await running.refresh(NAME)
    await running.settled()
    assert (await running.client.get("/api/catalog/entities/by-query?limit=0")).headers.get("etag") == before
    # Two pages of members and one of teams here, three more of a large team's members; one of each there.
    assert github.count() - calls == 8


async def test_joining_and_leaving_a_team_is_seen_at_once(running: Portal, github: FakeGithub) -> None:
    github.world.add_to_team("Acme", "core", "user-05")
    await running.deliver_all()
    await until(
        running,
        lambda users, groups: (
            "group:acme/core" in belongs(users["user-05"])
            and "default/user-05" in groups["acme/core"]["spec"]["members"]
        ),
    )
    github.world.remove_from_team("Acme", "core", "user-05")
    await running.deliver_all()
    await until(running, lambda users, _: belongs(users["user-05"]) == ["group:acme/everybody"])
    assert (await teams(running))["acme/everybody"]["spec"]["children"] == ["core"]


async def test_joining_and_leaving_an_organization_is_seen_at_once(running: Portal, github: FakeGithub) -> None:
    github.world.add_user("carol", orgs=("Acme",), name="Carol")
    await running.deliver_all()
    await until(running, lambda users, _: "carol" in users)
    github.world.leave("Acme", "Ada")
    await running.deliver_all()
    await until(
        running,
        lambda users, groups: (
            belongs(users["Ada"]) == ["group:globex/core"]
            and "default/Ada" not in groups["acme/core"]["spec"]["members"]
        ),
    )
    github.world.leave("Acme", "carol")
    await running.deliver_all()
    await until(running, lambda users, _: "carol" not in users)


async def test_teams_that_are_made_renamed_and_deleted_are_followed(running: Portal, github: FakeGithub) -> None:
    github.world.add_team("globex", "ops", members=("bob",))
    await running.deliver_all()
    await until(running, lambda users, groups: "globex/ops" in groups and "group:globex/ops" in belongs(users["bob"]))
    github.world.edit_team("globex", "ops", name="Site Reliability")
    await running.deliver_all()
    await until(
        running,
        lambda users, groups: (
            "globex/ops" not in groups
            and belongs(users["bob"]) == ["group:globex/core", "group:globex/site-reliability"]
        ),
    )
    github.world.delete_team("Acme", "everybody")
    await running.deliver_all()
    await until(
        running,
        lambda users, groups: (
            "acme/everybody" not in groups
            and "parent" not in groups["acme/core"]["spec"]
            and belongs(users["user-07"]) == []
        ),
    )


async def test_late_and_repeated_deliveries_end_as_they_should(running: Portal, github: FakeGithub) -> None:
    github.world.add_team("globex", "brief", members=("bob",))
    github.world.remove_from_team("globex", "brief", "bob")
    github.world.delete_team("globex", "brief")
    hooks = github.world.take_hooks()
    for event, payload in [*reversed(hooks), *hooks]:
        await running.deliver(event, payload)
    await running.settled()
    await until(running, lambda users, groups: "globex/brief" not in groups)
    assert "group:globex/brief" not in belongs((await people(running))["bob"])


async def test_a_run_that_fails_half_way_takes_nobody_out(running: Portal, github: FakeGithub) -> None:
    users, groups = await people(running), await teams(running)
    broken = Reply({"data": None, "errors": [{"message": "Something went wrong while executing your query."}]})
    github.faults.append(Fault(to_graphql, broken, skip=3, times=1000))
    await running.refresh(NAME, expect="failed")
    github.faults.clear()
    await running.settled()
    assert (await people(running), await teams(running)) == (users, groups)


# ------------------------------------------------------------------------------------------- one organization


class Transforming:
    """A third-party plugin that has its own idea of users and groups."""

    id = "transforming"

    def register(self, host: PluginHost) -> None:
        transformers = host.extension(OrgTransformers)
        transformers.add_user_transformer("github", self.user)
        transformers.add_group_transformer("github", self.group)

    async def user(self, item: OrgItem) -> Entity | None:
        if item.data["login"].startswith("user-"):
            return None
        return {**item.entity, "metadata": {**item.entity["metadata"], "labels": {"from": item.organization}}}

    async def group(self, item: OrgItem) -> Entity | None:
        return {**item.entity, "spec": {**item.entity["spec"], "type": "squad"}}


async def test_a_single_organization_goes_without_namespaces_and_plugins_may_transform(
    github: FakeGithub, tmp_path: Path
) -> None:
    app, configured = github.app()
    github.world.install(app, "globex")
    github.world.take_hooks()
    providers = settings(github, orgs=["globex"], defaultUserTransformer={"useVerifiedEmails": True})
    integration = {"token": None, "apps": [configured]}
    async with portal(
        github, tmp_path, providers, integration=integration, plugins=[*load_plugins(), Transforming()]
    ) as opened:
        await opened.refresh(NAME)
        await until(opened, lambda users, groups: "bob" in users and "default/core" in groups)
        users, groups = await people(opened), await teams(opened)
        assert users["bob"]["spec"]["profile"]["email"] == "bob@globex.test"
        assert "email" not in users["Ada"]["spec"]["profile"]  # Apps are not shown addresses
        assert belongs(users["bob"]) == ["group:default/core", "group:default/site-reliability"]
        assert users["bob"]["metadata"]["labels"] == {"from": "globex"}
        assert {one["spec"]["type"] for one in groups.values()} == {"squad"}


async def test_the_legacy_provider_of_one_organization_goes_by_its_own_names(
    github: FakeGithub, tmp_path: Path
) -> None:
    providers = {"githubOrg": {"id": "old", "orgUrl": f"{github.url}/globex", "schedule": MANUAL}}
    async with portal(github, tmp_path, providers) as opened:
        await opened.refresh("GithubOrgEntityProvider:old")
        await until(opened, lambda users, groups: "bob" in users and "default/core" in groups)
        ref = "user:default/bob"
        told = (await opened.client.get("/api/catalog/explain", params={"ref": ref})).json()
        assert told["state"]["locationKey"] == "github-org-provider:old"
        assert told["parents"] == [{"provider": "GithubOrgEntityProvider:old"}]
        # Organization, team and membership are followed, installations are not.
        github.world.add_team("globex", "old-ops", members=("bob",))
        await opened.deliver_all()
        await until(opened, lambda users, groups: "group:default/old-ops" in belongs(users["bob"]))
        github.world.delete_team("globex", "old-ops")
        await opened.deliver_all()
        await until(opened, lambda users, groups: "default/old-ops" not in groups)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"orgUrl": "https://github.com"}, "orgUrl is the page of an organization"),
        ({"orgUrl": "https://github.com/acme/lamps"}, "orgUrl is the page of an organization"),
        ({"orgUrl": "https://github.com/acme", "orgs": ["globex"]}, "orgUrl stands alone"),
    ],
)
async def test_an_organizations_url_is_a_page_and_stands_alone(given: Json, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        GithubOrgSettings.model_validate({"id": "x", "schedule": MANUAL, **given})


async def test_the_apps_installations_are_the_organizations_unless_some_are_named(
    github: FakeGithub, tmp_path: Path
) -> None:
    app, configured = github.app()
    github.world.install(app, "globex")
    github.world.take_hooks()
    integration = {"token": None, "apps": [configured]}
    async with portal(github, tmp_path, settings(github), integration=integration) as opened:
        await opened.refresh(NAME)
        await until(opened, lambda users, groups: {"bob", "Ada"} == users.keys() and "globex/core" in groups)
        github.world.install(app, "Acme")
        await opened.deliver_all()
        await until(opened, lambda users, groups: "acme/core" in groups and len(users) > 60)


async def test_suspended_users_can_be_left_out(github: FakeGithub, tmp_path: Path) -> None:
    github.world.accounts["bob"].suspended = True
    try:
        for number, more in enumerate(({}, {"experimental_checkForSuspendedUsersWithRest": True})):
            providers = settings(github, orgs=["globex"], excludeSuspendedUsers=True, **more)
            folder = tmp_path / str(number)
            folder.mkdir()
            async with portal(github, folder, providers) as opened:
                await opened.refresh(NAME)
                await until(opened, lambda users, groups: users.keys() == {"Ada"} and "default/core" in groups)
    finally:
        github.world.accounts["bob"].suspended = False
