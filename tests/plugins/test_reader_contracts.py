"""The readers of git hosts keep what readers promise, each in front of a server that answers as its host does.

GitHub's is with its fake: tests/plugins/github/test_contracts.py.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson
import pytest

from app.interfaces import UrlReader
from app.testing.reader import ReaderContract, ReaderVendor
from plugins.azure.credentials import AzureCredentials
from plugins.azure.reader import AzureReader
from plugins.azure.settings import AzureHost
from plugins.bitbucket.cloud import BitbucketCloudCredentials, BitbucketCloudReader
from plugins.bitbucket.plugin import BitbucketPlugin
from plugins.bitbucket.settings import BitbucketCloud
from plugins.gerrit.plugin import GerritPlugin
from plugins.gitea.plugin import GiteaPlugin
from plugins.gitlab.plugin import GitlabPlugin
from tests.app.reading.plugin_host import FixedClock, ReadingHost
from tests.app.reading.web_server import Asked, WebServer, reply, serving
from tests.plugins.archives import a_tarball, a_zipball

STUMBLES: Mapping[str, bytes] = {
    "limited": reply(status="429 Slow down"),
    "broken": reply(status="500 Oops"),
    "half": reply(b"half", content_length="99"),
    "nonsense": reply(b"<html>sign in</html>"),
}
MISSING = reply(b"{}", "404 Not Found")


class Hosted:
    """A repository `group/project` on `main`, and a host that serves it. Subclasses say in which words."""

    globs = True
    etags = True

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.server: Any = None
        self.reader: Any = None
        self._stumbles: str | None = None

    # ------------------------------------------------------------------------------------------ see ReaderVendor

    def url(self, path: str) -> str:
        raise NotImplementedError

    async def write(self, files: Mapping[str, bytes | None]) -> None:
        for path, content in files.items():
            if content is None:
                del self.files[path]
            else:
                self.files[path] = content

    async def stumble(self, how: str | None) -> None:
        self._stumbles = how

    # ------------------------------------------------------------------------------------------------- the host

    def read_by(self, server: WebServer, folder: Path) -> UrlReader:
        raise NotImplementedError

    def said(self, path: str, query: Mapping[str, str], asked: Asked) -> bytes:
        raise NotImplementedError

    def answer(self, asked: Asked) -> bytes:
        if self._stumbles is not None:
            return STUMBLES[self._stumbles]
        path, _, query = asked.target.partition("?")
        return self.said(path, {key: values[0] for key, values in parse_qs(query).items()}, asked)

    def commit(self, below: str = "") -> str | None:
        """The last one that has touched a folder."""
        held = {path: one for path, one in self.files.items() if path.startswith(below)}
        return hashlib.sha1(repr(sorted(held.items())).encode()).hexdigest() if held else None

    def raw(self, path: str, asked: Asked) -> bytes:
        """A file with an ETag."""
        content = self.files.get(path)
        if content is None:
            return MISSING
        etag = f'"{hashlib.sha1(content).hexdigest()}"'
        if asked.headers.get("if-none-match") == etag:
            return reply(status="304 Not Modified")
        return reply(content, etag=etag)


class Gitlab(Hosted):
    def url(self, path: str) -> str:
        return f"{self.server.url}/group/project/-/blob/main/{path}"

    def read_by(self, server: WebServer, folder: Path) -> UrlReader:
        settings = {"host": server.host, "baseUrl": server.url, "apiBaseUrl": f"{server.url}/api/v4", "token": "t"}
        return _registered(GitlabPlugin(), {"gitlab": [settings]}, server, folder)

    def said(self, path: str, query: Mapping[str, str], asked: Asked) -> bytes:
        rest = path.removeprefix("/api/v4/projects/group%2Fproject/repository")
        below = query.get("path", "")
        if rest.startswith("/files/"):
            return self.raw(unquote(rest.removeprefix("/files/").removesuffix("/raw")), asked)
        if rest == "/commits":
            last = self.commit(below)
            return reply(orjson.dumps([{"id": last}] if last else []))
        held = {name: one for name, one in self.files.items() if name.startswith(below)}
        return reply(a_tarball("project-c0ffee", held)) if held else MISSING


class Gitea(Hosted):
    def url(self, path: str) -> str:
        return f"{self.server.url}/group/project/src/branch/main/{path}"

    def read_by(self, server: WebServer, folder: Path) -> UrlReader:
        settings = {"host": server.host, "baseUrl": server.url, "password": "t"}
        return _registered(GiteaPlugin(), {"gitea": [settings]}, server, folder)

    def said(self, path: str, query: Mapping[str, str], asked: Asked) -> bytes:
        rest = path.removeprefix("/api/v1/repos/group/project")
        if rest.startswith("/contents/"):
            content = self.files.get(unquote(rest.removeprefix("/contents/")))
            if content is None:
                return MISSING
            told = {"sha": hashlib.sha1(content).hexdigest(), "encoding": "base64", "type": "file"}
            return reply(orjson.dumps({**told, "content": base64.b64encode(content).decode()}))
        if rest == "/commits":
            return reply(orjson.dumps([{"sha": self.commit()}]))
        return reply(a_tarball("project", self.files))


class Cloud(Hosted):
    """Bitbucket Cloud."""

    def url(self, path: str) -> str:
        return f"{self.server.url}/group/project/src/main/{path}"

    def read_by(self, server: WebServer, folder: Path) -> UrlReader:
        outgoing = ReadingHost({"backend": {"reading": {"allow": [{"host": server.host}]}}}, folder).outgoing
        settings = BitbucketCloud.model_validate({"username": "u", "appPassword": "p"})
        credentials = BitbucketCloudCredentials(settings, outgoing, FixedClock(), server.url)
        return BitbucketCloudReader(outgoing, credentials, api=f"{server.url}/2.0", site=server.url)

    def said(self, path: str, query: Mapping[str, str], asked: Asked) -> bytes:
        rest = path.removeprefix("/2.0/repositories/group/project")
        if rest.startswith("/src/main/"):
            return self.raw(unquote(rest.removeprefix("/src/main/")), asked)
        if rest == "/commits/main":
            return reply(orjson.dumps({"values": [{"hash": self.commit()}]}))
        return reply(a_tarball("group-project-c0ffee", self.files))


class Server(Hosted):
    """Bitbucket Server."""

    def url(self, path: str) -> str:
        return f"{self.server.url}/projects/P/repos/r/browse/{path}?at=main"

    def read_by(self, server: WebServer, folder: Path) -> UrlReader:
        settings = {"host": server.host, "apiBaseUrl": f"{server.url}/rest/api/1.0", "token": "t"}
        return _registered(BitbucketPlugin(), {"bitbucketServer": [settings]}, server, folder)

    def said(self, path: str, query: Mapping[str, str], asked: Asked) -> bytes:
        rest = path.removeprefix("/rest/api/1.0/projects/P/repos/r")
        if rest.startswith("/raw/"):
            return self.raw(unquote(rest.removeprefix("/raw/")), asked)
        if rest == "/commits":
            return reply(orjson.dumps({"values": [{"id": self.commit()}]}))
        held = {name: one for name, one in self.files.items() if name.startswith(query.get("path", ""))}
        return reply(a_tarball(query["prefix"], held)) if held else MISSING


class Azure(Hosted):
    etags = False

    def url(self, path: str) -> str:
        return f"{self.server.url}/org/proj/_git/repo?path=%2F{path.replace('/', '%2F')}&version=GBmain"

    def read_by(self, server: WebServer, folder: Path) -> UrlReader:
        outgoing = ReadingHost({"backend": {"reading": {"allow": [{"host": server.host}]}}}, folder).outgoing
        settings = AzureHost.model_validate({"credentials": [{"personalAccessToken": "t"}]})
        return AzureReader(outgoing, server.url, AzureCredentials(settings, outgoing, FixedClock(), login=server.url))

    def said(self, path: str, query: Mapping[str, str], asked: Asked) -> bytes:
        if path.endswith("/commits"):
            return reply(orjson.dumps({"value": [{"commitId": self.commit()}]}))
        if query.get("$format") == "zip":
            return reply(a_zipball(self.files))
        content = self.files.get(query["path"])
        return MISSING if content is None else reply(content)


class Gerrit(Hosted):
    etags = False

    def url(self, path: str) -> str:
        return f"{self.server.url}/gitiles/web/project/+/refs/heads/main/{path}"

    def read_by(self, server: WebServer, folder: Path) -> UrlReader:
        settings = {"host": server.host, "baseUrl": server.url, "gitilesBaseUrl": f"{server.url}/gitiles"}
        return _registered(GerritPlugin(), {"gerrit": [settings]}, server, folder)

    def said(self, path: str, query: Mapping[str, str], asked: Asked) -> bytes:
        branch = "/projects/web%2Fproject/branches/main"
        if path == branch:
            return reply(b")]}'\n" + orjson.dumps({"ref": "refs/heads/main", "revision": self.commit()}))
        if path.startswith(f"{branch}/files/"):
            name = unquote(path.removeprefix(f"{branch}/files/").removesuffix("/content"))
            content = self.files.get(name)
            return MISSING if content is None else reply(base64.b64encode(content))
        return reply(a_tarball("", self.files))


def _registered(plugin: Any, integrations: Mapping[str, Any], server: WebServer, folder: Path) -> UrlReader:
    host = ReadingHost({"integrations": integrations}, folder)
    plugin.register(host)
    return host.reading.reader_for(server.url)


class TestReaders(ReaderContract):
    @pytest.fixture(params=[Gitlab, Gitea, Cloud, Server, Azure, Gerrit])
    async def vendor(self, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ReaderVendor]:
        make: Callable[[Mapping[str, bytes]], Hosted] = request.param
        hosted = make(self.FILES)
        async with serving(hosted.answer) as server:
            hosted.server = server
            hosted.reader = hosted.read_by(server, tmp_path)
            yield hosted
