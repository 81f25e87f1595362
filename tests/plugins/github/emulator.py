"""The npm `emulate` GitHub emulator, somebody else's idea of GitHub, behind a bridge.

It has REST and webhooks, no GraphQL: that is answered by the fake's schema from what the emulator's REST tells.
"""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.app.reading.web_server import Asked as Heard
from tests.app.reading.web_server import reply, serving
from tests.plugins.github.fake import FakeGithub
from tests.plugins.github.fake.description import description, modules
from tests.plugins.github.fake.graphql import answered
from tests.plugins.github.fake.routing import Asked, parsed
from tests.plugins.github.fake.world import Repo, World

TOKEN = "ghp_emulated"
NODE = Path(sys.executable).with_name("node")
"""Of the environment the tests run in: the emulator wants a newer one than many systems have."""
Json = Any
Hooked = Callable[[Heard], Awaitable[bytes]]


class Emulator:
    def __init__(self, port: int) -> None:
        self.emulated = f"http://127.0.0.1:{port}"
        self.url = ""
        self.asked: list[Asked] = []
        self.mistakes: list[str] = []
        self.hooked: Hooked | None = None
        """Takes the webhooks that the emulator sends to `<url>/hooks`."""
        self._http = httpx.AsyncClient(base_url=self.emulated, headers={"authorization": f"Bearer {TOKEN}"})
        self._names: dict[str, int] = {}

    @property
    def host(self) -> str:
        return self.url.partition("//")[2]

    def integration(self) -> dict[str, Json]:
        return {"host": self.host, "apiBaseUrl": self.url, "token": TOKEN}

    async def call(self, method: str, path: str, body: Json = None) -> Json:
        """As somebody who works at GitHub."""
        response = await self._http.request(method, path, json=body)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def put(self, repo: str, path: str, text: str) -> None:
        """A commit on the default branch."""
        known = await self._http.get(f"/repos/{repo}/contents/{path}")
        body = {"message": "change", "content": base64.b64encode(text.encode()).decode()}
        if known.status_code == 200:
            body["sha"] = known.json()["sha"]
        await self.call("PUT", f"/repos/{repo}/contents/{path}", body)

    async def answer(self, heard: Heard) -> bytes:
        if heard.path == "/hooks":
            assert self.hooked is not None
            return await self.hooked(heard)
        asked = parsed(heard.method, heard.target, heard.headers, heard.body)
        self.asked.append(asked)
        if asked.path == "/graphql":
            return reply(await self._graphql(asked), content_type="application/json")
        self.mistakes += description().mistakes(asked)
        kept = {key: value for key, value in heard.headers.items() if key not in ("host", "accept-encoding")}
        said = await self._http.request(heard.method, heard.target, content=heard.body, headers=kept)
        headers = {key.replace("-", "_"): value for key, value in said.headers.items()}
        for name in ("content_length", "transfer_encoding", "connection", "keep_alive", "content_encoding"):
            headers.pop(name, None)
        return reply(said.content, f"{said.status_code} {said.reason_phrase or 'Said'}", **headers)

    async def _graphql(self, asked: Asked) -> bytes:
        fake = FakeGithub(None)
        fake.world = await self._mirrored()
        asked.who = "token:all"
        said = answered(fake, asked)
        self.mistakes += fake.mistakes
        return said.content

    async def _mirrored(self) -> World:
        world = World(url=self.url)
        for org in ("acme", "globex"):
            world.add_org(org)
            for told in (await self.call("GET", f"/search/repositories?q=org:{org}&per_page=100"))["items"]:
                repo = Repo(world.accounts[org], told["name"], told["id"], default_branch=told["default_branch"])
                repo.archived, repo.topics = told["archived"], told.get("topics") or []
                world.repos[repo.full_name.lower()] = repo
                tree = await self._http.get(f"/repos/{repo.full_name}/git/trees/{repo.default_branch}?recursive=1")
                paths = [one["path"] for one in tree.json().get("tree", ()) if one["type"] == "blob"]
                if paths:
                    world.push(repo, {path: f"{path} of the emulator" for path in paths}, hook=False)
                self._names[repo.full_name.lower()] = repo.id
        world.moved = {name: number for name, number in self._names.items() if name not in world.repos}
        return world

    async def close(self) -> None:
        await self._http.aclose()


@asynccontextmanager
async def emulator(folder: Path, secret: str) -> AsyncIterator[Emulator]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = Emulator(port)
    async with serving(made.answer) as server:
        made.url = server.url
        people = [{"login": "ada", "role": "admin"}]
        seed = {
            "github": {
                "users": [{"login": "ada", "name": "Ada", "email": "ada@example.com"}],
                "orgs": [{"login": org, "name": org, "members": people} for org in ("acme", "globex")],
                "repos": [{"owner": "acme", "name": f"repo-{n}", "auto_init": True} for n in range(4)],
            },
            "tokens": {TOKEN: {"login": "ada", "scopes": ["repo", "admin:org", "admin:org_hook"]}},
        }
        (folder / "seed.yaml").write_text(yaml.safe_dump(seed))
        command = [str(NODE), str(modules() / "emulate/dist/index.js"), "start", "--service", "github",
                   "--port", str(port), "--seed", str(folder / "seed.yaml"), "--base-url", server.url]  # fmt: skip
        with (folder / "emulator.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: ASYNC220 -- a moment, before anything else goes on
                command, stdout=log, stderr=log, env=dict(os.environ)
            )
        try:
            await _up(made, process)
            for number in range(4):
                # An organization's hooks hear nothing of its repositories there.
                hook = {"url": f"{server.url}/hooks", "content_type": "json", "secret": secret}
                body = {"name": "web", "active": True, "events": ["push", "repository"], "config": hook}
                await made.call("POST", f"/repos/acme/repo-{number}/hooks", body)
            yield made
        finally:
            process.terminate()
            process.wait(10)
            await made.close()
    assert not made.mistakes, "\n".join(made.mistakes)


async def _up(made: Emulator, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "the emulator has ended"
        try:
            await made.call("GET", "/users/ada")
        except httpx.TransportError:
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError("the emulator does not come up")
