"""The API client against the fake: pages, limits, priorities, retries, tokens, kept answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from app.errors import InputError, NotAllowedError
from plugins.github.api.client import GithubApi
from plugins.github.api.errors import (
    GithubCredentialsError,
    GithubForbiddenError,
    GithubInvalidError,
    GithubLimitedError,
    GithubNotFoundError,
    GithubUnavailableError,
)
from plugins.github.api.priority import Priority
from tests.conftest import AnyDatabase
from tests.plugins.github.asking import PassingClock, asking
from tests.plugins.github.fake import FakeGithub, fake_github
from tests.plugins.github.fake.faults import Fault, bad_gateway, everything, secondary_limit, to_graphql, too_many
from tests.plugins.github.fake.routing import Reply, failed
from tests.plugins.github.fake.server import TOKEN

MEMBERS = """
query members($org: String!, $cursor: String, $size: Int!) {
  organization(login: $org) {
    membersWithRole(first: $size, after: $cursor) { nodes { login } pageInfo { hasNextPage endCursor } }
  }
}
"""


@pytest.fixture
async def github() -> AsyncIterator[FakeGithub]:
    async with fake_github() as fake:
        fake.world.add_org("acme")
        for number in range(7):
            fake.world.add_user(f"user-{number}", orgs=("acme",))
        fake.world.add_repo("acme", "lamps", {"README.md": "hi"}, hook=False)
        yield fake


@pytest.fixture
def clock() -> PassingClock:
    return PassingClock()


@pytest.fixture
async def api(github: FakeGithub, clock: PassingClock) -> AsyncIterator[GithubApi]:
    async with asking(github, clock=clock) as hosts:
        yield hosts.api(github.host, "acme")


async def logins(api: GithubApi, size: int = 3) -> list[str]:
    pages = api.graphql_pages(MEMBERS, {"org": "acme"}, "organization", "membersWithRole", size=size)
    return [node["login"] async for page in pages for node in page]


ALL = [f"user-{number}" for number in range(7)]


# ---------------------------------------------------------------------------------------------------- answers


async def test_lists_are_read_to_their_end(api: GithubApi, github: FakeGithub) -> None:
    found = await api.all("/orgs/{org}/members", query={"per_page": 3}, org="acme")
    assert [one["login"] for one in found] == ALL
    assert [one.query["page"] for one in github.asked[1:]] == ["2", "3"]
    assert await logins(api) == ALL


async def test_what_fails_is_told_in_githubs_words_and_by_its_type(api: GithubApi, github: FakeGithub) -> None:
    with pytest.raises(GithubNotFoundError, match=r"^Not Found - https://docs") as missing:
        await api.get("/repos/{owner}/{repo}", owner="acme", repo="nothing")
    assert missing.value.status == 404
    assert await api.find("/orgs/{org}", org="nobody") is None
    details = [{"resource": "Repository", "code": "custom", "message": "name already exists on this account"}]
    github.faults.append(Fault(everything, failed(422, "Repository creation failed.", errors=details)))
    with pytest.raises(GithubInvalidError, match=r"^Repository creation failed\.: \{.*already exists.*\} - https:"):
        await api.get("/orgs/{org}", org="acme")
    github.faults.append(Fault(everything, failed(403, "Resource not accessible by integration")))
    with pytest.raises(GithubForbiddenError):
        await api.get("/orgs/{org}", org="acme")
    with pytest.raises(GithubNotFoundError, match="Could not resolve to an Organization"):
        await api.graphql(MEMBERS, {"org": "nobody", "size": 1})


async def test_a_renamed_repository_is_found_under_its_former_name(api: GithubApi, github: FakeGithub) -> None:
    repo = github.world.repo("acme", "lamps")
    assert repo is not None
    github.world.rename_repo(repo, "lights")
    assert (await api.get("/repos/{owner}/{repo}", owner="acme", repo="lamps"))["full_name"] == "acme/lights"


@pytest.mark.parametrize("name", ["..", "", ".", "a/../b"])
async def test_a_part_of_a_path_leads_nowhere_else(name: str, api: GithubApi, github: FakeGithub) -> None:
    with pytest.raises(InputError):
        await api.get("/repos/{owner}/{repo}/contents/{+path}", owner="acme", repo="lamps", path=f"x/{name}")
    assert github.asked == []


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b'{"message": "odd"}'])
async def test_something_else_is_no_empty_list(body: bytes, api: GithubApi, github: FakeGithub) -> None:
    github.faults.append(Fault(everything, Reply(raw=body)))
    with pytest.raises(GithubUnavailableError):
        await api.all("/orgs/{org}/members", org="acme")


async def test_data_that_comes_with_errors_is_not_whole(api: GithubApi, github: FakeGithub) -> None:
    body = {"data": {"organization": None}, "errors": [{"message": "Something went wrong while executing your query."}]}
    github.faults.append(Fault(to_graphql, Reply(body)))
    with pytest.raises(GithubUnavailableError, match="Something went wrong"):
        await logins(api)


async def test_a_list_that_goes_on_elsewhere_is_not_followed(api: GithubApi, github: FakeGithub) -> None:
    github.faults.append(Fault(everything, Reply([], headers={"link": '<https://evil.example/?page=2>; rel="next"'})))
    with pytest.raises(Exception, match="another host"):
        await api.all("/orgs/{org}/members", org="acme")


async def test_unknown_hosts_get_nothing(github: FakeGithub) -> None:
    async with asking(github) as hosts:
        with pytest.raises(InputError, match="No integration for host"):
            hosts.api("evil.example", token="mine")


# ------------------------------------------------------------------------------------------------------ retries


async def test_reading_survives_a_stumble_and_writing_is_not_done_twice(
    api: GithubApi, github: FakeGithub, clock: PassingClock
) -> None:
    github.faults.append(Fault(everything, bad_gateway(), times=2))
    assert (await api.get("/orgs/{org}", org="acme"))["login"] == "acme"
    github.faults.append(Fault(everything, b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf", times=1))
    assert (await api.get("/orgs/{org}", org="acme"))["login"] == "acme"
    assert 3 <= clock.waited < 10
    github.faults.append(Fault(everything, bad_gateway(), times=2))
    before = github.count()
    with pytest.raises(GithubUnavailableError):
        await api.request("POST", "/orgs/{org}/repos", org="acme", json={"name": "x"})
    assert github.count() == before + 1


async def test_a_page_that_takes_github_too_long_is_asked_for_in_halves(api: GithubApi, github: FakeGithub) -> None:
    github.faults.append(Fault(to_graphql, bad_gateway(), skip=1, times=8))
    assert await logins(api, size=4) == ALL
    assert [one.json["variables"]["size"] for one in github.asked] == [4] + [4] * 4 + [2] * 4 + [1, 1, 1]


# ------------------------------------------------------------------------------------------------------- limits


async def test_a_429_is_waited_for_as_long_as_it_says(api: GithubApi, github: FakeGithub, clock: PassingClock) -> None:
    github.faults.append(Fault(everything, too_many(retry_after=7)))
    assert await logins(api) == ALL
    assert 6.5 < clock.waited < 9
    github.faults.append(Fault(everything, too_many(retry_after=40)))
    with pytest.raises(GithubLimitedError, match="rate limit exceeded"):
        # Somebody waits for this one: better an error now than an answer then.
        await api.get("/orgs/{org}", org="acme")


async def test_a_secondary_limit_without_a_time_is_a_minute_and_then_two(
    api: GithubApi, github: FakeGithub, clock: PassingClock
) -> None:
    github.faults.append(Fault(everything, secondary_limit(), times=2))
    assert (await api.acting(priority=Priority.SCAN).get("/orgs/{org}", org="acme"))["login"] == "acme"
    assert 179 < clock.waited < 185


async def test_a_used_up_quota_is_waited_for_or_told(github: FakeGithub, clock: PassingClock) -> None:
    github.quotas.limits["core"], github.quotas.period_s = 2, 300
    async with asking(github, clock=clock) as hosts:
        api = hosts.api(github.host, "acme")
        for _ in range(2):
            await api.get("/orgs/{org}", org="acme")
        with pytest.raises(GithubLimitedError) as limited:
            await api.get("/orgs/{org}", org="acme")
        assert 290 < (limited.value.retry_at - clock.now()).total_seconds() < 303
        assert github.count() == 2  # GitHub was not even asked
        github.quotas.limits["core"] = 10
        assert await api.acting(priority=Priority.SCAN).get("/orgs/{org}", org="acme")
        assert clock.waited > 290


async def test_graphql_says_200_when_the_quota_is_used_up(
    api: GithubApi, github: FakeGithub, clock: PassingClock
) -> None:
    github.graphql_exhausted = 1
    github.quotas.period_s = 200
    assert len([one async for one in api.acting(priority=Priority.SCAN).graphql_pages(
        MEMBERS, {"org": "acme"}, "organization", "membersWithRole", size=9)]) == 1  # fmt: skip
    assert 190 < clock.waited < 205


async def test_a_scan_leaves_a_share_of_the_quota_to_users(github: FakeGithub) -> None:
    github.quotas.limits["core"] = 10
    async with asking(github) as hosts:
        scan = hosts.api(github.host, "acme", priority=Priority.SCAN)
        user = hosts.api(github.host, "acme")
        for _ in range(8):
            await scan.get("/orgs/{org}", org="acme")
        with pytest.raises(GithubLimitedError):
            await scan.get("/orgs/{org}", org="acme")
        for _ in range(2):
            await user.get("/orgs/{org}", org="acme")
        with pytest.raises(GithubLimitedError):
            await user.get("/orgs/{org}", org="acme")


async def test_users_overtake_scans_that_wait_in_line(github: FakeGithub) -> None:
    async with asking(github) as hosts:
        scan = hosts.api(github.host, "acme", priority=Priority.SCAN)
        tasks = [asyncio.create_task(scan.get("/orgs/{org}", org="acme")) for _ in range(60)]
        await asyncio.sleep(0)  # they are in line now
        await hosts.api(github.host, "acme").get("/users/{username}", username="user-1")
        place = [one.path for one in github.asked].index("/users/user-1")
        await asyncio.gather(*tasks)
    assert place < 40


# -------------------------------------------------------------------------------------------------- credentials


async def test_a_users_token_goes_before_the_configured_one(api: GithubApi, github: FakeGithub) -> None:
    mine = github.add_token("gho_mine", "user-3")
    assert (await api.acting(token=mine).get("/user"))["login"] == "user-3"
    assert await api.token() == TOKEN
    assert "gho_mine" not in repr(api.acting(token=mine)._caller)
    with pytest.raises(GithubCredentialsError, match="Bad credentials"):
        await api.acting(token="gho_wrong").get("/user")


async def test_installations_have_budgets_of_their_own_and_new_tokens_when_theirs_end(github: FakeGithub) -> None:
    github.world.add_org("other")
    app, configured = github.app()
    github.world.install(app, "acme")
    github.world.install(app, "other")
    async with asking(github, token=None, apps=[configured]) as hosts:
        api = hosts.api(github.host, "acme")
        assert await api.get("/orgs/{org}", org="acme")
        github.revoke_issued()
        assert await api.get("/orgs/{org}", org="acme")  # in the middle of things, and nobody notices
        assert github.count("/app/installations/") == 2
        assert await api.acting(owner="other").get("/orgs/{org}", org="other")
        assert len({who for who, _ in github.quotas.used if who.startswith("installation")}) == 2
        found = await hosts.connection(github.host).credentials.installations()
        assert [(one.account, one.account_type) for one in found] == [
            ("acme", "Organization"),
            ("other", "Organization"),
        ]


async def test_a_suspended_installation_is_told(github: FakeGithub) -> None:
    app, configured = github.app()
    github.world.install(app, "acme", suspended=True)
    async with asking(github, token=None, apps=[configured]) as hosts:
        with pytest.raises(NotAllowedError, match="suspended"):
            await hosts.api(github.host, "acme").get("/orgs/{org}", org="acme")


# ------------------------------------------------------------------------------------------ replicas and memory


async def test_a_block_met_by_one_replica_holds_for_all(github: FakeGithub, database: AnyDatabase) -> None:
    async with asking(github, database) as one, asking(github, database) as other:
        github.faults.append(Fault(everything, too_many(retry_after=600)))
        with pytest.raises(GithubLimitedError):
            await one.api(github.host, "acme").get("/orgs/{org}", org="acme")
        asked = github.count()
        with pytest.raises(GithubLimitedError):
            await other.api(github.host, "acme").get("/orgs/{org}", org="acme")
        assert github.count() == asked
        assert await other.api(github.host, token=github.add_token("gho_x", "user-1")).get("/user")


async def test_kept_answers_cost_nothing_while_they_hold(github: FakeGithub, database: AnyDatabase) -> None:
    repo = github.world.repo("acme", "lamps")
    assert repo is not None
    repo.languages = {"Go": 10}
    for expected in (1, 1, 2):
        async with asking(github, database) as hosts:
            api = hosts.api(github.host, "acme")
            found = await api.get("/repos/{owner}/{repo}/languages", keep=True, owner="acme", repo="lamps")
            assert found == repo.languages
            assert github.quotas.used[f"token:{TOKEN}", "core"] == expected
        if expected == 1 and github.count() == 2:
            repo.languages = {"Go": 10, "Rust": 5}
    rows = await database.read("SELECT credential, body FROM github_answer")
    assert len(rows) == 1 and TOKEN not in str(rows) and "Rust" in str(rows)


async def test_kept_lists_lead_on_to_their_next_page(github: FakeGithub, database: AnyDatabase) -> None:
    async with asking(github, database) as hosts:
        for _ in range(2):
            found = await hosts.api(github.host, "acme").all(
                "/orgs/{org}/members", query={"per_page": 3}, keep=True, org="acme"
            )
            assert [one["login"] for one in found] == ALL
    assert github.quotas.used[f"token:{TOKEN}", "core"] == 3 and github.count() == 6


async def test_what_is_left_is_shown(api: GithubApi, github: FakeGithub, tmp_path: Path) -> None:
    await api.get("/orgs/{org}", org="acme")
    labels = {"host": github.host, "credential": "token", "resource": "core"}
    assert REGISTRY.get_sample_value("github_rate_limit_remaining", labels) == 4999
    assert REGISTRY.get_sample_value("github_rate_limit_limit", labels) == 5000
    assert REGISTRY.get_sample_value("github_requests_total", {**labels, "status": "200"}) == 1
