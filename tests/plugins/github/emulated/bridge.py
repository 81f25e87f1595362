"""What stands in front of the emulator: passes requests on, and serves what it does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import orjson

from tests.app.reading.web_server import Asked as Heard
from tests.app.reading.web_server import reply
from tests.plugins.github.emulated.git import EmulatedGit
from tests.plugins.github.emulated.mirror import Mirror
from tests.plugins.github.fake import FakeGithub
from tests.plugins.github.fake.description import description
from tests.plugins.github.fake.graphql import answered
from tests.plugins.github.fake.routing import Asked, parsed

TOKEN = "ghp_emulated"
Json = Any
Deliver = Callable[[bytes, dict[str, str]], Awaitable[None]]
_HOP = ("content_length", "transfer_encoding", "connection", "keep_alive", "content_encoding")


class Emulator:
    """`asked` are the API requests so far, `git.served` those of git; `deliver` takes the webhooks."""

    def __init__(self, port: int, folder: Path, secret: str, orgs: list[str]) -> None:
        self.url = ""
        self.orgs = orgs
        self.secret = secret
        self.asked: list[Asked] = []
        self.mistakes: list[str] = []
        self.deliver: Deliver | None = None
        self.delivered: list[str] = []
        """The events that were told, in order: `push`, `repository renamed`."""
        client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30)
        self._http = client
        self.mirror = Mirror(self)
        self.git = EmulatedGit(self, folder)
        self._numbers = itertools.count(1)
        self._changes: dict[tuple[str, int], Json] = {}

    @property
    def host(self) -> str:
        return self.url.partition("//")[2]

    def integration(self) -> dict[str, Json]:
        return {"host": self.host, "apiBaseUrl": self.url, "token": TOKEN}

    def count(self) -> int:
        return len(self.asked)

    # ------------------------------------------------------------------------------- as somebody who works at GitHub

    async def say(self, method: str, path: str, body: Json = None, *, token: str = TOKEN) -> httpx.Response:
        response = await self._http.request(method, path, json=body, headers={"authorization": f"Bearer {token}"})
        self.mirror.written(method, path)
        return response

    async def call(self, method: str, path: str, body: Json = None, *, token: str = TOKEN) -> Json:
        response = await self.say(method, path, body, token=token)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def first(self, repo: str, path: str, text: str) -> None:
        """The first commit of an empty repository."""
        body = {"message": "begin", "content": base64.b64encode(text.encode()).decode()}
        told = await self.call("PUT", f"/repos/{repo}/contents/{path}", body)
        self.mirror.begun(repo, path, told["content"]["sha"], told["commit"])

    async def put(self, repo: str, path: str, text: str) -> None:
        """A commit on the default branch."""
        known = await self.say("GET", f"/repos/{repo}/contents/{path}")
        body = {"message": "change", "content": base64.b64encode(text.encode()).decode()}
        if known.status_code == 200:
            body["sha"] = known.json()["sha"]
        await self.call("PUT", f"/repos/{repo}/contents/{path}", body)

    async def read(self, repo: str, path: str, ref: str) -> bytes | None:
        """A file's content; None where there is none."""
        told = await self.say("GET", f"/repos/{repo}/contents/{path}?ref={ref}")
        return base64.b64decode(told.json()["content"]) if told.status_code == 200 else None

    async def team(self, org: str, name: str, description: str | None = None, *, parent: Json = None) -> Json:
        body = {"name": name, "description": description, "parent_team_id": parent["id"] if parent else None}
        made = await self.call("POST", f"/orgs/{org}/teams", body)
        if parent is not None:
            # The emulator takes it, and tells nobody.
            self.mirror.parents[made["id"]] = parent["id"]
        return made

    async def rename(self, repo: str, name: str) -> None:
        about = await self.call("GET", f"/repos/{repo}")
        change = {"action": "renamed", "changes": {"repository": {"name": {"from": about["name"]}}}}
        self._changes["repository", about["id"]] = change
        await self.call("PATCH", f"/repos/{repo}", {"name": name})

    async def transfer(self, repo: str, owner: str) -> None:
        about = await self.call("GET", f"/repos/{repo}")
        self._changes["repository", about["id"]] = {"changes": {"owner": {"from": {"organization": about["owner"]}}}}
        await self.call("POST", f"/repos/{repo}/transfer", {"new_owner": owner})

    async def archive(self, repo: str, archived: bool = True) -> None:
        about = await self.call("GET", f"/repos/{repo}")
        self._changes["repository", about["id"]] = {"action": "archived" if archived else "unarchived"}
        await self.call("PATCH", f"/repos/{repo}", {"archived": archived})

    async def tell(self, event: str, body: Json) -> None:
        """A delivery that the emulator does not send."""
        sender = {"login": "ada", "id": 1, "type": "User"}
        await self._delivered(event, orjson.dumps({"sender": sender, **body}), {}, own=False)

    def pushed_by_git(self, repo_id: int, after: str, change: Json) -> None:
        """What the emulator's delivery of this push is going to leave out."""
        self._changes[f"push {after}", repo_id] = change

    # ------------------------------------------------------------------------------------------------------- answers

    async def answer(self, heard: Heard) -> bytes:
        if heard.path == "/hooks":
            await self._delivered(heard.headers["x-github-event"], heard.body, heard.headers)
            return reply(b"{}")
        if self.git.is_for(heard):
            return await self.git.answer(heard)
        asked = parsed(heard.method, heard.target, heard.headers, heard.body)
        self.asked.append(asked)
        if asked.path == "/graphql":
            return await self._graphql(asked)
        self.mistakes += description().mistakes(asked)
        owner = asked.path.removeprefix("/users/")
        if asked.method == "GET" and owner in self.orgs:
            return reply(orjson.dumps(await self._organization(owner)), content_type="application/json")
        said = await self._passed_on(heard)
        headers = {key.replace("-", "_"): value for key, value in said.headers.items()}
        for name in _HOP:
            headers.pop(name, None)
        return reply(said.content, f"{said.status_code} {said.reason_phrase or 'Said'}", **headers)

    async def _passed_on(self, heard: Heard) -> httpx.Response:
        kept = {key: value for key, value in heard.headers.items() if key not in ("host", "accept-encoding")}
        said = await self._http.request(heard.method, heard.target, content=heard.body, headers=kept)
        self.mirror.written(heard.method, heard.path)
        return said

    async def _organization(self, login: str) -> Json:
        """GitHub answers organizations here as well."""
        return {**await self.call("GET", f"/orgs/{login}"), "type": "Organization"}

    async def _graphql(self, asked: Asked) -> bytes:
        fake = FakeGithub(None)
        fake.world = await self.mirror.current()
        asked.who = "token:all"
        said = answered(fake, asked)
        self.mistakes += fake.mistakes
        return reply(said.content, content_type="application/json")

    async def _delivered(self, event: str, body: bytes, headers: dict[str, str], *, own: bool = True) -> None:
        told = orjson.loads(body)
        number = (told.get("repository") or {}).get("id", 0)
        change = self._changes.pop((f"push {told['after']}" if event == "push" else event, number), None)
        if change is not None:
            body = orjson.dumps({**told, **change})
        if change is not None or not own:
            signature = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
            headers = {**headers, "x-github-event": event, "x-hub-signature-256": f"sha256={signature}"}
        # The emulator's are the time: two in a millisecond would be one.
        named = {**headers, "x-github-delivery": f"delivery-{next(self._numbers)}", "content-type": "application/json"}
        self.delivered.append(f"{event} {orjson.loads(body).get('action', '')}".strip())
        if self.deliver is not None:
            await self.deliver(
                body, {key: value for key, value in named.items() if key.startswith(("x-", "content-t"))}
            )

    async def close(self) -> None:
        await self._http.aclose()
