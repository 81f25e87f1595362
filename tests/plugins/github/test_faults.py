"""GitHub stumbles, and the catalog ends as it should. The counts are in docs/github.md."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.plugins.github.fake import FakeGithub, fake_github
from tests.plugins.github.fake.faults import Fault, bad_gateway, secondary_limit, to_graphql, too_many
from tests.plugins.github.fake.routing import Reply, failed
from tests.plugins.github.portal import Portal, descriptor, portal

MANUAL = {"schedule": {"frequency": {"trigger": "manual"}, "timeout": {"minutes": 5}}}
NAME = "github-provider:default"
PAGES = 8
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def github() -> AsyncIterator[FakeGithub]:
    async with fake_github() as fake:
        fake.world.add_org("acme")
        for number in range(40):
            name = f"repo-{number}"
            files = {"catalog-info.yaml": descriptor(name)} if number % 4 == 0 else {"README.md": "bare"}
            fake.world.add_repo("acme", name, files, hook=False)
        yield fake


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(github: FakeGithub, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Portal]:
    app, configured = github.app()
    github.world.install(app, "acme")
    github.world.take_hooks()
    provider = {"organization": "acme", "host": github.host, "validateLocationsExist": True,
                "pageSizes": {"repositories": 5}, **MANUAL}  # fmt: skip
    integration = {"token": None, "apps": [configured]}
    folder = tmp_path_factory.mktemp("portal")
    async with portal(github, folder, {"github": provider}, integration=integration) as opened:
        await opened.refresh(NAME)
        await opened.until_counted(10)
        yield opened


async def calls_of_a_scan(running: Portal, github: FakeGithub, expect: str = "completed") -> int:
    """GraphQL calls of one scan; whatever came of it, nothing may be gone."""
    before = github.count("/graphql")
    await running.refresh(NAME, expect=expect)
    github.faults.clear()
    await running.settled()
    await running.until_counted(10)
    return github.count("/graphql") - before


async def test_nothing_wrong(running: Portal, github: FakeGithub) -> None:
    assert await calls_of_a_scan(running, github) == PAGES


@pytest.mark.parametrize(
    ("reply", "times", "calls"),
    [
        pytest.param(too_many(retry_after=1), 1, PAGES + 1, id="429 with retry-after"),
        pytest.param(secondary_limit(retry_after=1), 1, PAGES + 1, id="secondary limit"),
        pytest.param(bad_gateway(), 1, PAGES + 1, id="502 in the middle of page 7"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{", 1, PAGES + 1, id="half an answer"),
    ],
)
async def test_a_stumble_on_page_7_is_got_over(
    reply: Reply | bytes, times: int, calls: int, running: Portal, github: FakeGithub
) -> None:
    github.faults.append(Fault(to_graphql, reply, times=times, skip=6))
    assert await calls_of_a_scan(running, github) == calls


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(failed(403, "Resource not accessible by integration"), id="403"),
        pytest.param(failed(404, "Not Found"), id="404"),
        pytest.param(Reply({"data": {"repositoryOwner": None}}), id="no owner"),
        pytest.param(Reply({"data": None, "errors": [{"message": "Something went wrong"}]}), id="an error"),
        pytest.param(
            Reply(
                {
                    "data": {
                        "repositoryOwner": {
                            "repositories": {"nodes": [None], "pageInfo": {"hasNextPage": False, "endCursor": None}}
                        }
                    },
                    "errors": [{"type": "FORBIDDEN", "message": "SAML"}],
                }
            ),
            id="half of the data",
        ),
        pytest.param(Reply(raw=b"<html>sign in</html>"), id="another page"),
    ],
)
async def test_a_scan_that_cannot_be_finished_changes_nothing(
    reply: Reply, running: Portal, github: FakeGithub
) -> None:
    github.faults.append(Fault(to_graphql, reply, times=100, skip=6))
    assert await calls_of_a_scan(running, github, expect="failed") <= PAGES


async def test_a_listing_that_comes_short_takes_nothing_away(running: Portal, github: FakeGithub) -> None:
    """GitHub says all is well, and leaves some out: each is asked for by name before it goes."""
    lost = [one for key, one in github.world.repos.items() if key in ("acme/repo-0", "acme/repo-4", "acme/repo-8")]
    github.unlisted = {one.id for one in lost}
    assert await calls_of_a_scan(running, github) == PAGES + 1
    github.unlisted = set()


async def test_a_token_that_ends_half_way_is_renewed(running: Portal, github: FakeGithub) -> None:
    ends = Fault(to_graphql, failed(401, "Bad credentials"), skip=4)
    github.faults.append(ends)
    github.revoke_issued()
    tokens = github.count("/app/installations/")
    assert await calls_of_a_scan(running, github) == PAGES + 2
    assert github.count("/app/installations/") - tokens == 2


async def test_a_limit_that_lasts_ends_the_scan_and_is_remembered(running: Portal, github: FakeGithub) -> None:
    """The last one: from here on, nobody asks for an hour."""
    github.faults.append(Fault(to_graphql, too_many(retry_after=3000), times=100, skip=6))
    assert await calls_of_a_scan(running, github, expect="failed") == 7
    assert await calls_of_a_scan(running, github, expect="failed") == 0
    metrics = (await running.client.get("/metrics")).text
    assert "github_rate_limit_blocked_until_timestamp_seconds{" in metrics
