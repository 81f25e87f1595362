"""GitHub's actions in front of the fake, and a quick way to run one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from app.reading.outgoing import GuardedClient
from app.reading.service import ReadingService
from plugins.github.actions.creation import Creation
from plugins.github.actions.publish import GithubRepoCreate, GithubRepoPush, PublishGithub
from plugins.github.actions.pull_request import PublishGithubPullRequest
from plugins.github.actions.registration import github_actions
from plugins.github.actions.repository import Repositories
from plugins.github.integration import GithubIntegration
from scaffolder.interfaces import Action
from scaffolder.publishing import CommitDefaults, Pushing
from scaffolder.testing.context import Context
from scaffolder.workspace import SafeFolder
from tests.app.reading.configuration import PlainConfig
from tests.plugins.github.asking import PassingClock, asking
from tests.plugins.github.fake import FakeGithub, fake_github
from tests.plugins.github.fake.world import Repo

Run = Callable[..., Awaitable[Context]]
USER_TOKEN = "ghu_ada"


class FakeHost:
    """As much of a host as putting the actions together takes."""

    def __init__(self, config: PlainConfig, reading: ReadingService, clock: PassingClock) -> None:
        self.config, self.reading, self.clock = config, reading, clock


@pytest.fixture
async def github(tmp_path: Path) -> AsyncIterator[FakeGithub]:
    async with fake_github(tmp_path / "hosted") as fake:
        world = fake.world
        world.add_org("acme")
        for login in ("ada", "grace"):
            world.add_user(login, orgs=("acme",))
        world.add_team("acme", "lamp-keepers")
        world.add_to_team("acme", "lamp-keepers", "ada")
        fake.add_token(USER_TOKEN, "ada")
        yield fake


@pytest.fixture
def workspace(tmp_path: Path) -> SafeFolder:
    (tmp_path / "workspace").mkdir()
    return SafeFolder(tmp_path / "workspace")


@pytest.fixture
async def reading(github: FakeGithub, tmp_path: Path) -> AsyncIterator[ReadingService]:
    config = PlainConfig({})
    client = GuardedClient(config)
    client.trust(github.url)
    made = ReadingService(config, client, tmp_path / "data")
    made.add_integration(GithubIntegration(github.host))
    yield made
    await client.close()


@pytest.fixture
async def actions(github: FakeGithub, reading: ReadingService) -> AsyncIterator[dict[str, Action]]:
    clock, config = PassingClock(), PlainConfig({})
    async with asking(github, clock=clock) as hosts:
        host: Any = FakeHost(config, reading, clock)
        made = {action.id: action for action in github_actions(host, hosts)}
        # Without the waits that a real GitHub makes necessary.
        repositories, defaults, creation = Repositories(hosts, reading), CommitDefaults(), Creation(clock)
        pushing = Pushing(reading, first_delay=0.01)
        for quick in (
            PublishGithub(repositories, pushing, defaults, creation),
            GithubRepoPush(repositories, pushing, defaults),
            GithubRepoCreate(repositories, creation),
            PublishGithubPullRequest(
                repositories, CommitDefaults(name="Robot", email="r@example.com"), fork_delay=0.01
            ),
        ):
            made[quick.id] = quick
        yield made


@pytest.fixture
def run(actions: dict[str, Action], workspace: SafeFolder, github: FakeGithub) -> Run:
    """Run an action on `acme/lamps`, unless `repoUrl` says otherwise."""

    async def run(action: str, *, context: Context | None = None, dry: bool = False, **given: Any) -> Context:
        async def no_jobs(job: str, arguments: Any) -> Any:
            raise AssertionError("GitHub's actions run no confined jobs")

        asked = {"repoUrl": f"{github.host}?owner=acme&repo=lamps", **given}
        context = context or Context(asked, workspace, no_jobs, is_dry_run=dry)
        await actions[action].run(context)
        return context

    return run


def lamps(github: FakeGithub) -> Repo:
    found = github.world.repo("acme", "lamps")
    assert found is not None
    return found
