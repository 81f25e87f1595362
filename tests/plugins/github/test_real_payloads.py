"""GitHub's own examples of webhooks (npm `@octokit/webhooks-examples`), through what reads them here."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
import pytest

from app.interfaces import Event
from plugins.github.discovery.events import RepositoryEvents, _files, _former
from plugins.github.discovery.provider import GithubEntityProvider
from plugins.github.discovery.repository import Repository, from_webhook
from plugins.github.discovery.selection import Selection
from plugins.github.discovery.settings import GithubProviderSettings
from plugins.github.discovery.source import RepositorySource
from plugins.github.org.events import TOPICS, OrgEvents
from plugins.github.org.provider import GithubMultiOrgEntityProvider
from plugins.github.org.settings import GithubOrgSettings
from tests.plugins.github.asking import PassingClock, asking
from tests.plugins.github.fake import fake_github
from tests.plugins.github.fake.description import modules

Json = Any
EVENTS = ("push", "repository", *(topic.removeprefix("github.") for topic in TOPICS))


@cache
def examples() -> dict[str, list[Json]]:
    found = orjson.loads((modules() / "@octokit/webhooks-examples/api.github.com/index.json").read_bytes())
    return {one["name"]: one["examples"] for one in found if one["name"] in EVENTS}


def test_there_are_examples_of_all_that_is_heard() -> None:
    assert examples().keys() == set(EVENTS)
    assert all(examples().values())


@pytest.mark.parametrize("event", ["push", "repository"])
def test_every_repository_is_understood(event: str) -> None:
    for body in examples()[event]:
        found = from_webhook(body["repository"])
        assert isinstance(found, Repository)
        # Names are made up in the examples, and not always the same ones.
        assert found.url.startswith("https://github.com/") and found.url.endswith(f"/{found.name}")
        assert found.default_branch == body["repository"]["default_branch"]


def test_former_names_are_found() -> None:
    for body in examples()["repository"]:
        repository = from_webhook(body["repository"])
        assert repository is not None
        former = _former(body, repository)
        assert bool(former) == (body["action"] in ("renamed", "transferred"))


def test_files_of_pushes_are_where_the_last_commit_leaves_them() -> None:
    for body in examples()["push"]:
        added, modified, removed = map(set, _files(body))
        assert not (added & removed or added & modified or modified & removed)
        named = {path for one in body["commits"] for key in ("added", "modified", "removed") for path in one[key]}
        assert added | modified | removed == named


async def test_no_example_of_elsewhere_makes_anybody_ask_or_stumble() -> None:
    """They are of organizations that no provider here looks at."""
    async with fake_github() as github, asking(github) as hosts:
        settings = GithubProviderSettings(organization="acme", host=github.host)
        selection = Selection(settings)
        source = RepositorySource(settings, selection, hosts)
        provider = GithubEntityProvider("test", settings, source, selection, lambda: None)  # type: ignore[arg-type, return-value]
        people = GithubOrgSettings.model_validate(
            {"id": "x", "githubUrl": github.url, "orgs": ["acme"], "schedule": {"frequency": "PT1H"}}
        )
        from plugins.github.org.source import OrgSource

        org = GithubMultiOrgEntityProvider(people, OrgSource(people, hosts), lambda: None)  # type: ignore[arg-type, return-value]
        heard = (RepositoryEvents([provider], PassingClock()).heard, OrgEvents([org], hosts, PassingClock()).heard)
        for name, bodies in examples().items():
            for body in bodies:
                for hear in heard:
                    await hear(Event(f"github.{name}", body))
        odd: list[Json] = [None, [], "x", {}, {"repository": []}, {"repository": {"owner": "x"}}, {"organization": 5}]
        for strange in odd:
            for name in EVENTS:
                for hear in heard:
                    await hear(Event(f"github.{name}", strange))
        assert github.asked == []
