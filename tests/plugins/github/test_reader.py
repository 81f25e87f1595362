"""Reading from GitHub, against a server that answers as GitHub does. Source: spec/catalog.md §5.5."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.errors import InputError, NotAllowedError, NotFoundError, NotModifiedError, ServiceUnavailableError
from app.reading.interfaces import RepositoryReader
from plugins.github.plugin import GithubPlugin
from tests.app.reading.plugin_host import NOW, ReadingHost
from tests.app.reading.web_server import Asked, WebServer, reply, serving
from tests.plugins.archives import a_tarball

SHA = "c0ffee0000000000000000000000000000000000"
FILES = {"catalog-info.yaml": "root", "services/a/catalog-info.yaml": "a", "services/b/catalog-info.yaml": "b"}


class Github:
    """`truncated`: trees come incomplete, as those of huge repositories do."""

    def __init__(self) -> None:
        self.truncated = False
        self.said: bytes | None = None

    def __call__(self, asked: Asked) -> bytes:
        if self.said is not None:
            return self.said
        api = "/api/v3/repos/acme/one"
        path, _, query = asked.target.partition("?")
        if path.startswith(f"{api}/contents/") and query == "ref=main":
            text = FILES.get(path.removeprefix(f"{api}/contents/"))
            if text is None:
                return reply(b'{"message": "Not Found"}', "404 Not Found")
            if asked.headers.get("if-none-match") == '"v1"':
                return reply(status="304 Not Modified")
            assert asked.headers["accept"] == "application/vnd.github.v3.raw"
            return reply(text.encode(), etag='"v1"')
        if path == f"{api}/commits/main":
            return reply(SHA.encode())
        if path == f"{api}/git/trees/{SHA}":
            tree: list[dict[str, Any]] = [
                {"path": path, "mode": "100644", "type": "blob", "sha": f"sha-{n}"} for n, path in enumerate(FILES)
            ]
            tree += [{"path": "services", "mode": "040000", "type": "tree", "sha": "t"},
                     {"path": "services/link.yaml", "mode": "120000", "type": "blob", "sha": "l"}]  # fmt: skip
            return reply(orjson.dumps({"sha": SHA, "tree": tree, "truncated": self.truncated}))
        if path.startswith(f"{api}/git/blobs/sha-"):
            return reply(list(FILES.values())[int(path[-1])].encode())
        if path == f"{api}/tarball/{SHA}":
            return reply(status="302 Found", location="/_codeload/x.tar.gz")
        if path == "/_codeload/x.tar.gz":
            return reply(a_tarball("acme-one-c0ffee", FILES))
        if path.startswith("/raw/acme/one/main/"):
            return reply(b"raw", etag='"r1"')
        return reply(b"{}", "404 Not Found")


@pytest.fixture
def github() -> Github:
    return Github()


@pytest.fixture
async def server(github: Github) -> AsyncIterator[WebServer]:
    async with serving(github) as running:
        yield running


def host_of(server: WebServer, tmp_path: Path, **more: Any) -> ReadingHost:
    settings = {"host": server.host, "apiBaseUrl": f"{server.url}/api/v3", **more}
    host = ReadingHost({"integrations": {"github": [settings]}}, tmp_path)
    GithubPlugin().register(host)  # type: ignore[arg-type]
    return host


def reader_of(server: WebServer, tmp_path: Path, **more: Any) -> RepositoryReader:
    reader = host_of(server, tmp_path, **more).reading.reader_for(server.url)
    assert isinstance(reader, RepositoryReader)
    return reader


def url(server: WebServer, path: str, view: str = "blob") -> str:
    return f"{server.url}/acme/one/{view}/main/{path}"


async def test_a_file_is_read_and_asked_for_again_only_when_it_changed(server: WebServer, tmp_path: Path) -> None:
    reader = reader_of(server, tmp_path, token="t0k")
    response = await reader.read_url(url(server, "catalog-info.yaml"))
    assert (response.content, response.etag) == (b"root", 'blob:93ca1422a8da0a9effc465eccbcb17e23015542d "v1"')
    assert server.asked[0].headers["authorization"] == "Bearer t0k"
    for etag in (response.etag, '"v1"'):  # the second is one of an older release
        with pytest.raises(NotModifiedError):
            await reader.search(url(server, "catalog-info.yaml", "tree"), etag=etag)


async def test_without_a_token_raw_files_are_read(server: WebServer, tmp_path: Path) -> None:
    reader = reader_of(server, tmp_path, rawBaseUrl=f"{server.url}/raw")
    assert (await reader.read_url(url(server, "x.yaml"))).content == b"raw"
    assert "authorization" not in server.asked[0].headers


async def test_a_missing_file_is_not_found_and_a_search_for_it_empty(server: WebServer, tmp_path: Path) -> None:
    reader = reader_of(server, tmp_path)
    with pytest.raises(NotFoundError):
        await reader.read_url(url(server, "none.yaml"))
    found = await reader.search(url(server, "none.yaml"))
    assert (list(found.files), found.etag) == ([], None)


@pytest.mark.parametrize("truncated", [False, True])
async def test_a_glob_finds_files_and_keeps_view_and_ref(
    truncated: bool, github: Github, server: WebServer, tmp_path: Path
) -> None:
    github.truncated = truncated
    reader = reader_of(server, tmp_path)
    found = await reader.search(url(server, "services/*/catalog-info.yaml"))
    assert [file.url for file in found.files] == [
        url(server, "services/a/catalog-info.yaml"),
        url(server, "services/b/catalog-info.yaml"),
    ]
    assert [await file.read() for file in found.files] == [b"a", b"b"]
    assert found.etag == SHA
    assert all(file.version for file in found.files)
    with pytest.raises(NotModifiedError):
        await reader.search(url(server, "services/*/catalog-info.yaml"), etag=SHA)


async def test_braces_and_brackets_are_globs_here(server: WebServer, tmp_path: Path) -> None:
    found = await reader_of(server, tmp_path).search(url(server, "services/{a,x}/catalog-info.yaml"))
    assert [file.path for file in found.files] == ["services/a/catalog-info.yaml"]


async def test_a_tree_is_relative_to_the_folder_that_was_asked_for(server: WebServer, tmp_path: Path) -> None:
    found = await reader_of(server, tmp_path).read_tree(url(server, "services", "tree"))
    assert [(file.path, await file.read()) for file in found.files] == [
        ("a/catalog-info.yaml", b"a"),
        ("b/catalog-info.yaml", b"b"),
    ]


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        (reply(status="500 Oops"), ServiceUnavailableError, "500"),
        (reply(status="429 Too Many Requests"), ServiceUnavailableError, "rate limit exceeded"),
        (reply(status="403 Forbidden", x_ratelimit_remaining="0"), ServiceUnavailableError, "rate limit exceeded"),
        (reply(b"half", content_length="400"), ServiceUnavailableError, "could not be read"),
        (b"", ServiceUnavailableError, "could not be read"),
        (reply(status="302 Found", location="http://169.254.169.254/"), NotAllowedError, "not allowed"),
        (reply(status="302 Found", location="https://evil.example/"), NotAllowedError, "not allowed"),
    ],
)
@pytest.mark.parametrize("path", ["catalog-info.yaml", "**/catalog-info.yaml"])
async def test_a_failing_host_is_an_error_and_never_an_empty_answer(
    said: bytes, error: type[Exception], words: str, path: str, github: Github, server: WebServer, tmp_path: Path
) -> None:
    github.said = said
    with pytest.raises(error, match=words):
        await reader_of(server, tmp_path, token="t0k").search(url(server, path))


async def test_nonsense_instead_of_a_tree_is_no_empty_tree(github: Github, server: WebServer, tmp_path: Path) -> None:
    github.said = reply(b"<html>sign in</html>")
    with pytest.raises(Exception, match="makes no sense"):
        await reader_of(server, tmp_path).search(url(server, "*.yaml"))


@pytest.mark.parametrize("path", ["%2e%2e/x", "a%2F..%2F..%2Fuser", "a%252F..%252Fx", "..%5cx"])
async def test_no_token_goes_where_an_odd_path_leads(path: str, server: WebServer, tmp_path: Path) -> None:
    """CVE-2026-29185."""
    with pytest.raises(InputError):
        await reader_of(server, tmp_path, token="t0k").search(url(server, path))
    assert server.asked == []


def test_other_hosts_that_look_alike_are_not_read_with_our_token(server: WebServer, tmp_path: Path) -> None:
    reading = host_of(server, tmp_path, token="t0k").reading
    for alike in (f"http://{server.host}.evil.example/a/b", f"http://evil.example/{server.host}/a",
                  f"http://{server.host}@evil.example/a/b", "http://127.0.0.1:1/a/b"):  # fmt: skip
        with pytest.raises(NotAllowedError):
            reading.reader_for(alike)


# ---------------------------------------------------------------------------------------------------- apps


class App:
    """The part of GitHub that makes tokens of installations."""

    def __init__(self) -> None:
        self.suspended = False
        self.tokens = 0
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.public = key.public_key()
        self.private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        ).decode()

    def __call__(self, asked: Asked) -> bytes:
        path = asked.path.removeprefix("/api/v3")
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if path.startswith("/app/"):
            claims = jwt.decode(
                token, self.public, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
            )
            assert claims["iss"] == "7" and claims["exp"] - claims["iat"] == 600
        if path == "/app/installations":
            return reply(orjson.dumps([
                {"id": 1, "account": {"login": "Acme"}, "suspended_by": {"login": "x"} if self.suspended else None},
                {"id": 2, "account": {"login": "other"}, "suspended_by": None},
            ]))  # fmt: skip
        if path.startswith("/app/installations/"):
            self.tokens += 1
            ends = (NOW + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
            return reply(orjson.dumps({"token": f"inst-{path.split('/')[3]}", "expires_at": ends}), "201 Created")
        return reply(token.encode())


@pytest.fixture(scope="module")
def app() -> App:
    return App()


def with_app(app: App, **more: Any) -> dict[str, Any]:
    return {"apps": [{"appId": 7, "privateKey": app.private, "clientId": "c", "clientSecret": "s", **more}]}


async def test_an_app_reads_with_the_token_of_the_owners_installation(app: App, tmp_path: Path) -> None:
    app.tokens = 0
    async with serving(app) as server:
        reader = reader_of(server, tmp_path, **with_app(app))
        for _ in range(3):
            assert (await reader.read_url(f"{server.url}/ACME/one/blob/main/x")).content == b"inst-1"
        assert (await reader.read_url(f"{server.url}/other/one/blob/main/x")).content == b"inst-2"
        assert app.tokens == 2  # kept until shortly before they end


async def test_owners_beyond_the_list_fall_back_to_the_token(app: App, tmp_path: Path) -> None:
    async with serving(app) as server:
        reader = reader_of(server, tmp_path, token="plain", **with_app(app, allowedInstallationOwners=["OTHER"]))
        assert (await reader.read_url(f"{server.url}/acme/one/blob/main/x")).content == b"plain"
        assert (await reader.read_url(f"{server.url}/other/one/blob/main/x")).content == b"inst-2"


async def test_public_access_serves_owners_without_an_installation(app: App, tmp_path: Path) -> None:
    async with serving(app) as server:
        reader = reader_of(server, tmp_path, **with_app(app, publicAccess=True))
        assert (await reader.read_url(f"{server.url}/stranger/one/blob/main/x")).content == b"inst-1"


async def test_a_suspended_installation_is_an_error(tmp_path: Path) -> None:
    app = App()
    app.suspended = True
    async with serving(app) as server:
        with pytest.raises(NotAllowedError, match="suspended"):
            await reader_of(server, tmp_path, **with_app(app)).read_url(f"{server.url}/acme/one/blob/main/x")


async def test_a_useless_private_key_is_told_without_showing_it(server: WebServer, tmp_path: Path) -> None:
    apps = {"apps": [{"appId": 7, "privateKey": "hush-hush"}]}
    with pytest.raises(Exception, match="private key of GitHub app 7") as caught:
        await reader_of(server, tmp_path, **apps).read_url(url(server, "x"))
    assert "hush" not in str(caught.value)
