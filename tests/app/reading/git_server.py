"""Real git repositories, and a real git server: `git http-backend` behind a small bridge on loopback."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.app.reading.web_server import Asked, WebServer, reply, serving

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "HOME": "/nonexistent",
    "TZ": "UTC",
}


def git(*arguments: str, cwd: Path, given: bytes | None = None) -> str:
    done = subprocess.run(["git", *arguments], cwd=cwd, env=ENVIRONMENT, check=True, capture_output=True, input=given)
    return done.stdout.decode().strip()


class Repository:
    """A bare repository and a work tree that pushes to it."""

    def __init__(self, root: Path, name: str = "team/repo.git") -> None:
        self.name = name
        self.bare = root / name
        self.work = root / f"{name}.work"
        self.bare.mkdir(parents=True)
        self.work.mkdir(parents=True)
        git("init", "--quiet", "--bare", "--initial-branch=main", cwd=self.bare)
        git("config", "uploadpack.allowFilter", "true", cwd=self.bare)
        git("init", "--quiet", "--initial-branch=main", cwd=self.work)
        git("remote", "add", "origin", str(self.bare), cwd=self.work)

    def commit(self, files: Mapping[str, str | bytes | None], branch: str = "main") -> str:
        """Write files (None removes one), commit and push; gives the commit."""
        for path, content in files.items():
            file = self.work / path
            if content is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        git("add", "--all", cwd=self.work)
        return self.push(branch)

    def push(self, branch: str = "main") -> str:
        git("commit", "--quiet", "--allow-empty", "-m", "change", cwd=self.work)
        git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}", cwd=self.work)
        return git("rev-parse", "HEAD", cwd=self.work)


async def backend(asked: Asked, root: Path, path: str, *, user: str = "") -> bytes:
    """What `git http-backend` says of a request to the path below `root`; with a user it takes pushes."""
    process = await asyncio.create_subprocess_exec(
        "git",
        "http-backend",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={
            **ENVIRONMENT,
            "GIT_PROJECT_ROOT": str(root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": asked.target.partition("?")[2],
            "REQUEST_METHOD": asked.method,
            "CONTENT_TYPE": asked.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(asked.body)),
            "HTTP_CONTENT_ENCODING": asked.headers.get("content-encoding", ""),
            "HTTP_GIT_PROTOCOL": asked.headers.get("git-protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
            **({"REMOTE_USER": user} if user else {}),
        },
    )
    said, _ = await process.communicate(asked.body)
    head, _, body = said.partition(b"\r\n\r\n")
    lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    return reply(body, lines.pop("Status", "200 OK"), **{k.replace("-", "_"): v for k, v in lines.items()})


@asynccontextmanager
async def git_server(root: Path, *, password: str | None = None) -> AsyncIterator[WebServer]:
    """Serves every repository below `root`; with a password, only to the user `reader`."""

    async def answer(asked: Asked) -> bytes:
        wanted = "Basic " + base64.b64encode(f"reader:{password}".encode()).decode()
        if password is not None and asked.headers.get("authorization") != wanted:
            return reply(b"", "401 Unauthorized", www_authenticate='Basic realm="git"')
        return await backend(asked, root, asked.path)

    async with serving(answer) as server:
        yield server
