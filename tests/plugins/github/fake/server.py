"""The fake on loopback."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.app.reading.web_server import HANG, serving
from tests.app.reading.web_server import Asked as Heard
from tests.plugins.github.fake import publishing as publishing
from tests.plugins.github.fake.description import description
from tests.plugins.github.fake.faults import Fault
from tests.plugins.github.fake.git import GitHosting
from tests.plugins.github.fake.limits import Quotas
from tests.plugins.github.fake.rest import ROUTES
from tests.plugins.github.fake.routing import API, NOT_FOUND, Asked, Reply, failed, parsed
from tests.plugins.github.fake.world import Account, App, InstallationOf, Repo, World

Json = Any
TOKEN = "ghp_configured"


class FakeGithub:
    """`world` is its state, `asked` the API requests so far (faults included), `faults` what is to go wrong."""

    def __init__(self, folder: Path | None) -> None:
        self.world = World()
        self.quotas = Quotas()
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.mistakes: list[str] = []
        self.tokens: dict[str, str | None] = {TOKEN: None}
        """Token → the login it belongs to; None for one that may do everything."""
        self.truncates = False
        """Whether trees are too large to be listed."""
        self.unlisted: set[int] = set()
        """Ids of repositories that lists leave out although they are there."""
        self.graphql_exhausted = 0
        """How many GraphQL requests are told, with status 200, that the quota is used up."""
        self.git = GitHosting(self, folder)
        self._issued: dict[str, InstallationOf] = {}

    @property
    def url(self) -> str:
        return self.world.url

    @property
    def host(self) -> str:
        return self.url.partition("//")[2]

    @property
    def api(self) -> str:
        return self.url + API

    def integration(self, **more: Json) -> dict[str, Json]:
        """An entry of `integrations.github` for it; `token=None` goes without."""
        known = {"host": self.host, "apiBaseUrl": self.api, "token": TOKEN, **more}
        return {key: value for key, value in known.items() if value is not None}

    def app(self) -> tuple[App, dict[str, Json]]:
        """A GitHub App, and its entry of `integrations.github[].apps`."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        made = App(self.world.next_id(), key.public_key())
        self.world.apps.append(made)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        ).decode()
        return made, {"appId": made.id, "privateKey": private, "clientId": "c", "clientSecret": "s"}

    def add_token(self, token: str, login: str) -> str:
        """A user's own token."""
        self.tokens[token] = login
        return token

    def revoke_issued(self) -> None:
        """Installation tokens end before their time."""
        self._issued.clear()

    def issue_token(self, installation: InstallationOf) -> tuple[str, str]:
        token = f"ghs_{installation.id}_{self.world.next_id()}"
        self._issued[token] = installation
        ends = datetime.now(UTC) + timedelta(hours=1)
        return token, ends.isoformat(timespec="seconds").replace("+00:00", "Z")

    # ------------------------------------------------------------------------------------------------- who asks

    def app_of(self, who: str) -> App | None:
        kind, _, number = who.partition(":")
        return next((one for one in self.world.apps if kind == "app" and str(one.id) == number), None)

    def installation_of(self, who: str) -> InstallationOf | None:
        kind, _, number = who.partition(":")
        return next((one for one in self.world.installations if kind == "installation" and str(one.id) == number), None)

    def user_of(self, who: str) -> Account | None:
        kind, _, token = who.partition(":")
        login = self.tokens.get(token) if kind == "token" else None
        return self.world.account(login) if login else None

    def sees(self, who: str, repo: Repo) -> bool:
        if repo.visibility == "public":
            return True
        installation = self.installation_of(who)
        if installation is not None:
            return installation.account is repo.owner
        user = self.user_of(who)
        if user is not None:
            return user is repo.owner or user in self.world.members_of(repo.owner.login)
        return who.startswith("token:")

    def takes(self, token: str) -> bool:
        """Whether GitHub takes a token, for git."""
        return token in self.tokens or token in self._issued

    def _who(self, heard: Heard) -> str | None:
        """None: GitHub does not take this token."""
        given = heard.headers.get("authorization")
        if given is None:
            return "anonymous"
        token = given.split(" ", 1)[-1]
        if token in self.tokens:
            return f"token:{token}"
        if token in self._issued:
            return f"installation:{self._issued[token].id}"
        for app in self.world.apps:
            try:
                claims = jwt.decode(
                    token, app.public_key, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
                )
            except jwt.PyJWTError:
                continue
            if claims["iss"] == str(app.id):
                return f"app:{app.id}"
        return None

    # -------------------------------------------------------------------------------------------------- answers

    async def answer(self, heard: Heard) -> bytes:
        if not heard.path.startswith("/api/"):
            return await self.git.answer(heard)
        asked = parsed(heard.method, heard.target, heard.headers, heard.body)
        if asked.path.startswith("/api/graphql"):
            asked.path = "/graphql"
        reply = self._reply(heard, asked)
        if isinstance(reply, bytes):
            return reply
        return _wire(reply)

    def _reply(self, heard: Heard, asked: Asked) -> Reply | bytes:
        self.asked.append(asked)
        who = self._who(heard)
        asked.who = who or "anonymous"
        fault = next((one for one in self.faults if one.strikes(asked)), None)
        if fault is not None:
            return fault.reply
        if who is None:
            return failed(401, "Bad credentials")
        resource = "graphql" if asked.path == "/graphql" else "search" if asked.path.startswith("/search") else "core"
        reply = self._handled(asked)
        if asked.method == "GET" and reply.status == 200:
            etag = f'W/"{hashlib.sha256(reply.content).hexdigest()}"'
            reply.headers.setdefault("etag", etag)
            if heard.headers.get("if-none-match") == etag:
                # Costs nothing.
                return Reply(None, 304, {"etag": etag, **self.quotas.headers(asked.who, resource)})
        if not self.quotas.spend(asked.who, resource):
            over = failed(403, "API rate limit exceeded for installation.")
            over.headers |= self.quotas.headers(asked.who, resource)
            return over
        reply.headers |= self.quotas.headers(asked.who, resource)
        return reply

    def _handled(self, asked: Asked) -> Reply:
        if asked.path == "/graphql":
            from tests.plugins.github.fake.graphql import answered

            return answered(self, asked)
        if not asked.path.startswith("/repositories/"):
            # Where redirects of renamed repositories lead is documented nowhere but in their answers.
            self.mistakes += description().mistakes(asked)
        handler = ROUTES.find(asked)
        if handler is None:
            self.mistakes.append(f"{asked.method} {asked.path}: the fake does not know this")
            return failed(*NOT_FOUND)
        return handler(self, asked)

    def count(self, path: str = "") -> int:
        """How many requests to paths that start so."""
        return sum(1 for one in self.asked if one.path.startswith(path))


def _wire(reply: Reply) -> bytes:
    body = reply.content
    now = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"content-type": "application/json; charset=utf-8", "date": now, **reply.headers}
    lines = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    length = "" if reply.status in (204, 304) else f"content-length: {len(body)}\r\n"
    head = (
        f"HTTP/1.1 {reply.status} {'OK' if reply.status == 200 else 'Said'}\r\n{lines}{length}connection: close\r\n\r\n"
    )
    return head.encode() + (b"" if reply.status in (204, 304) else body)


@asynccontextmanager
async def fake_github(folder: Path | None = None) -> AsyncIterator[FakeGithub]:
    """Starts one; at the end every request must have been one that GitHub documents. With a folder it serves git."""
    github = FakeGithub(folder)
    async with serving(github.answer) as server:
        github.world.url = server.url
        yield github
    assert not github.mistakes, "\n".join(github.mistakes)


__all__ = ["HANG", "TOKEN", "FakeGithub", "fake_github"]
