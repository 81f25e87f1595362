"""publish:git keeps what every publisher promises, with bare repositories on disk."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.reading.outgoing import GuardedClient
from app.reading.service import ReadingService
from scaffolder.actions.publish_git import PublishGit
from scaffolder.interfaces import Action
from scaffolder.testing.publisher import PublisherContract, PublisherVendor
from tests.app.reading.configuration import PlainConfig
from tests.app.reading.git_server import ENVIRONMENT, git


class BareRepositories:
    def __init__(self, folder: Path) -> None:
        config = PlainConfig({})
        self._folder = folder / "git"
        self._reading = ReadingService(config, GuardedClient(config), folder / "data")
        self.action: Action = PublishGit(self._reading, folders=[self._folder], first_delay=0.01)

    def _bare(self, name: str) -> Path:
        return self._folder / f"{name}.git"

    def given(self, name: str) -> Mapping[str, Any]:
        return {"remoteUrl": f"file://{self._bare(name)}"}

    async def files(self, name: str) -> Mapping[str, bytes]:
        return _files(self._bare(name))

    async def commits(self, name: str) -> list[str]:
        return git("log", "--format=%s", "main", cwd=self._bare(name)).splitlines()

    async def refuse(self) -> None:
        """Repositories on disk have no keeper but the configuration."""
        self.action = PublishGit(self._reading, first_delay=0.01)


def _files(bare: Path) -> dict[str, bytes]:
    if not bare.exists():
        return {}
    listed = git("ls-tree", "-r", "-z", "--name-only", "main", cwd=bare).split("\0")
    return {path: _shown(bare, path) for path in listed if path}


def _shown(bare: Path, path: str) -> bytes:
    show = ["git", "show", f"main:{path}"]
    return subprocess.run(show, cwd=bare, env=ENVIRONMENT, check=True, capture_output=True).stdout


class TestPublishGit(PublisherContract):
    @pytest.fixture
    async def vendor(self, tmp_path: Path) -> PublisherVendor:
        return BareRepositories(tmp_path)
