"""git over HTTP for the fake's repositories: `git http-backend`, in front of the same objects that REST shows."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from tests.app.reading.git_server import ENVIRONMENT, git
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
            said = await self._backend(asked, bare, parts[2:])
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

    async def _backend(self, asked: Asked, bare: Path, rest: list[str]) -> bytes:
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                **ENVIRONMENT,
                "GIT_PROJECT_ROOT": str(bare.parent),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": "/" + "/".join([bare.name, *rest]),
                "QUERY_STRING": asked.target.partition("?")[2],
                "REQUEST_METHOD": asked.method,
                "CONTENT_TYPE": asked.headers.get("content-type", ""),
                "CONTENT_LENGTH": str(len(asked.body)),
                "HTTP_CONTENT_ENCODING": asked.headers.get("content-encoding", ""),
                "HTTP_GIT_PROTOCOL": asked.headers.get("git-protocol", ""),
                "REMOTE_ADDR": "127.0.0.1",
                "REMOTE_USER": "x-access-token",
            },
        )
        said, _ = await process.communicate(asked.body)
        head, _, body = said.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        return reply(body, lines.pop("Status", "200 OK"), **{key.replace("-", "_"): v for key, v in lines.items()})
