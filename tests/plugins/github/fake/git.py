"""git over HTTP for the fake's repositories: `git http-backend`, in front of the same objects that REST shows."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from tests.app.reading.git_server import ENVIRONMENT, backend, git
from tests.app.reading.web_server import Asked, reply
from tests.plugins.github.fake.world import Repo

if TYPE_CHECKING:
    from tests.plugins.github.fake.server import FakeGithub


class GitHosting:
    """A bare repository is written out when git first asks for it, and read back after every push."""

    def __init__(self, github: FakeGithub, folder: Path | None) -> None:
        self._github = github
        self._folder = folder
        self._lock = asyncio.Lock()
        self.pushes: list[str] = []
        """Full names, in order."""

    async def answer(self, asked: Asked) -> bytes:
        parts = asked.path.strip("/").split("/")
        repo = self._github.world.repo(parts[0], parts[1].removesuffix(".git")) if len(parts) > 1 else None
        if self._folder is None or repo is None:
            return reply(b"", "404 Not Found")
        writes = "git-receive-pack" in asked.target
        token = self._token(asked)
        if (writes or repo.visibility != "public") and token is None:
            return reply(b"", "401 Unauthorized", www_authenticate='Basic realm="GitHub"')
        async with self._lock:
            bare = self._written(repo)
            said = await backend(asked, bare.parent, "/" + "/".join([bare.name, *parts[2:]]), user="x-access-token")
            if writes and asked.method == "POST":
                self._read_back(repo, bare)
                self.pushes.append(repo.full_name)
        return said

    def _token(self, asked: Asked) -> str | None:
        given = asked.headers.get("authorization", "")
        if not given.lower().startswith("basic "):
            return None
        _, _, password = base64.b64decode(given[6:]).decode().partition(":")
        return password if self._github.takes(password) else None

    def _written(self, repo: Repo) -> Path:
        assert self._folder is not None
        bare = self._folder / f"{repo.id}.git"
        if not bare.exists():
            bare.mkdir(parents=True)
            git("init", "--quiet", "--bare", f"--initial-branch={repo.default_branch}", cwd=bare)
            git("config", "uploadpack.allowFilter", "true", cwd=bare)
            git("config", "http.receivepack", "true", cwd=bare)
        for sha, (kind, content) in repo.objects.held.items():
            place = bare / "objects" / sha[:2] / sha[2:]
            if not place.exists():
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(zlib.compress(f"{kind} {len(content)}\0".encode() + content, 1))
        for name, sha in repo.branches.items():
            place = bare / "refs" / "heads" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(sha + "\n")
        return bare

    def _read_back(self, repo: Repo, bare: Path) -> None:
        listed = git("cat-file", "--batch-all-objects", "--batch-check", cwd=bare).splitlines()
        wanted = [line.split()[:2] for line in listed if line.split()[0] not in repo.objects.held]
        for sha, kind in wanted:
            content = subprocess.run(
                ["git", "cat-file", kind, sha], cwd=bare, env=ENVIRONMENT, check=True, capture_output=True
            ).stdout
            assert repo.objects.put(kind, content) == sha
        refs = git("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", cwd=bare).splitlines()
        for line in refs:
            sha, _, name = line.partition(" refs/heads/")
            if repo.branches.get(name) != sha:
                if not repo.branches:
                    # The first branch is the default one, as at GitHub.
                    repo.default_branch = name
                self._github.world.move_branch(repo, name, sha)
