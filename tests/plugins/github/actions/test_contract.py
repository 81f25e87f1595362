"""publish:github keeps what every publisher promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from scaffolder.interfaces import Action
from scaffolder.testing.publisher import TOKEN, PublisherContract, PublisherVendor
from tests.plugins.github.fake import FakeGithub
from tests.plugins.github.fake.world import Repo


class Github:
    def __init__(self, github: FakeGithub, action: Action) -> None:
        self._github = github
        self.action = action
        github.add_token(TOKEN, "ada")

    def given(self, name: str) -> Mapping[str, Any]:
        return {"repoUrl": f"{self._github.host}?owner=acme&repo={name}"}

    def _repo(self, name: str) -> Repo | None:
        return self._github.world.repo("acme", name)

    async def files(self, name: str) -> Mapping[str, bytes]:
        repo = self._repo(name)
        head = repo.resolve(None) if repo else None
        if repo is None or head is None:
            return {}
        held = repo.objects.files(repo.objects.tree_of(head))
        return {path: repo.objects.blob(entry.sha) or b"" for path, entry in held.items()}

    async def commits(self, name: str) -> list[str]:
        repo = self._repo(name)
        commits = [repo.resolve(None)] if repo else []
        found = []
        while repo and commits and commits[0]:
            found.append(repo.objects.message_of(commits[0]).strip())
            commits = list(repo.objects.parents_of(commits[0]))
        return found

    async def refuse(self) -> None:
        self._github.tokens.clear()


class TestPublishGithub(PublisherContract):
    @pytest.fixture
    async def vendor(self, github: FakeGithub, actions: dict[str, Action]) -> PublisherVendor:
        return Github(github, actions["publish:github"])
