"""Azure DevOps: URLs, and reading against a server that answers as it does. Source: spec §5.2, §5.4, §5.5."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from pydantic import ValidationError

from app.errors import InputError, NotAllowedError, NotFoundError, NotModifiedError, ServiceUnavailableError
from app.interfaces import RepositoryFile
from plugins.azure.credentials import AzureCredentials
from plugins.azure.integration import AzureIntegration
from plugins.azure.plugin import AzurePlugin
from plugins.azure.reader import AzureReader
from plugins.azure.settings import AzureHost
from tests.app.reading.plugin_host import FixedClock, ReadingHost
from tests.app.reading.web_server import Asked, WebServer, reply, serving
from tests.plugins.archives import a_zipball

INTEGRATION = AzureIntegration("dev.azure.com")
REPOSITORY = "https://dev.azure.com/org/proj/_git/repo"
FILES = {"a/catalog-info.yaml": "a", "b/catalog-info.yaml": "b"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (REPOSITORY, ("org/proj", "repo", None, None)),
        (f"{REPOSITORY}?path=/a/b.yaml&version=GBmain", ("org/proj", "repo", "main", "a/b.yaml")),
        (f"{REPOSITORY}?path=%2Fa%2Fb.yaml", ("org/proj", "repo", None, "a/b.yaml")),
        ("https://dev.azure.com/org/_git/repo", ("org/repo", "repo", None, None)),
        ("https://dev.azure.com/org/my%20proj/_git/repo", ("org/my proj", "repo", None, None)),
    ],
)
def test_a_repository_and_a_file_in_it(url: str, expected: tuple[str | None, ...]) -> None:
    found = INTEGRATION.repository(url)
    assert found == RepositoryFile("dev.azure.com", *expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        "https://dev.azure.com/org/proj",
        f"{REPOSITORY}?path=/../x",
        f"{REPOSITORY}?path=/%2e%2e/x",
        "https://dev.azure.com/org%2F..%2Fx/proj/_git/repo",
        f"{REPOSITORY}?version=GTv1",
    ],
)
def test_what_names_no_file(url: str) -> None:
    assert INTEGRATION.repository(url) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("./x.yaml", f"{REPOSITORY}?path=%2Fa%2Fx.yaml&version=GBmain"),
        ("../x.yaml", f"{REPOSITORY}?path=%2Fx.yaml&version=GBmain"),
        ("/x.yaml", f"{REPOSITORY}?path=%2Fx.yaml&version=GBmain"),
        ("//evil.example/x.yaml", f"{REPOSITORY}?path=%2Fevil.example%2Fx.yaml&version=GBmain"),
        ("https://else.where/x", "https://else.where/x"),
    ],
)
def test_a_reference_changes_the_path_in_the_query(url: str, expected: str) -> None:
    assert INTEGRATION.resolve_url(url, f"{REPOSITORY}?path=/a/b.yaml&version=GBmain") == expected


def test_the_edit_url_is_the_same() -> None:
    assert INTEGRATION.resolve_edit_url(f"{REPOSITORY}?path=/a") == f"{REPOSITORY}?path=/a"


@pytest.mark.parametrize(
    "settings",
    [
        {"credentials": [{"personalAccessToken": "a"}, {"personalAccessToken": "b"}]},
        {
            "credentials": [
                {"organizations": ["o"], "personalAccessToken": "a"},
                {"organizations": ["O"], "personalAccessToken": "b"},
            ]
        },
        {"credentials": [{"clientId": "c"}]},
        {"credentials": [{"personalAccessToken": "a", "clientId": "c", "clientSecret": "s", "tenantId": "t"}]},
        {"host": "ado.example", "credentials": [{"clientId": "c", "clientSecret": "s", "tenantId": "t"}]},
    ],
)
def test_credentials_that_contradict_each_other_are_told_at_the_start(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AzureHost.model_validate(settings)


class Azure:
    def __init__(self) -> None:
        self.said: bytes | None = None
        self.signed_in: list[dict[str, str]] = []

    def __call__(self, asked: Asked) -> bytes:
        if self.said is not None:
            return self.said
        path, _, text = asked.target.partition("?")
        query = dict(parse_qsl(text))
        api = "/org/proj/_apis/git/repositories/repo"
        if path == f"{api}/items" and query.get("path") == "a/catalog-info.yaml" and query["version"] == "main":
            return reply(asked.headers.get("authorization", "").encode())
        if path == f"{api}/commits" and query["searchCriteria.itemVersion.version"] == "main":
            return reply(orjson.dumps({"value": [{"commitId": "c0ffee"}]}))
        if path == f"{api}/items" and query.get("$format") == "zip" and query["versionDescriptor.version"] == "c0ffee":
            return reply(a_zipball(FILES))
        if path == "/tenant/oauth2/v2.0/token":
            self.signed_in.append(dict(parse_qsl(asked.body.decode())))
            return reply(orjson.dumps({"access_token": "made", "expires_in": 3600}))
        return reply(b"{}", "404 Not Found")


@pytest.fixture
def azure() -> Azure:
    return Azure()


@pytest.fixture
async def server(azure: Azure) -> AsyncIterator[WebServer]:
    async with serving(azure) as running:
        yield running


def reader_of(server: WebServer, tmp_path: Path, *credentials: dict[str, Any]) -> AzureReader:
    outgoing = ReadingHost({"backend": {"reading": {"allow": [{"host": server.host}]}}}, tmp_path).outgoing
    settings = AzureHost.model_validate({"credentials": credentials})
    return AzureReader(outgoing, server.url, AzureCredentials(settings, outgoing, FixedClock(), login=server.url))


def url(server: WebServer, path: str) -> str:
    return f"{server.url}/org/proj/_git/repo?path={path}&version=GBmain"


async def test_the_token_is_that_of_the_organization(server: WebServer, tmp_path: Path) -> None:
    reader = reader_of(
        server,
        tmp_path,
        {"personalAccessToken": "any"},
        {"organizations": ["ORG"], "personalAccessToken": "own"},
    )
    expected = b"Basic " + base64.b64encode(b":own")
    assert (await reader.read_url(url(server, "/a/catalog-info.yaml"))).content == expected


async def test_a_service_principal_signs_in_once(azure: Azure, server: WebServer, tmp_path: Path) -> None:
    reader = reader_of(server, tmp_path, {"clientId": "c", "clientSecret": "s", "tenantId": "tenant"})
    for _ in range(2):
        assert (await reader.read_url(url(server, "/a/catalog-info.yaml"))).content == b"Bearer made"
    assert len(azure.signed_in) == 1
    assert azure.signed_in[0]["client_secret"] == "s"


async def test_a_glob_in_the_query_and_a_tree(server: WebServer, tmp_path: Path) -> None:
    reader = reader_of(server, tmp_path)
    found = await reader.search(url(server, "/*/catalog-info.yaml"))
    assert [(file.url, await file.read()) for file in found.files] == [
        (url(server, "%2Fa%2Fcatalog-info.yaml"), b"a"),
        (url(server, "%2Fb%2Fcatalog-info.yaml"), b"b"),
    ]
    with pytest.raises(NotModifiedError):
        await reader.read_tree(url(server, "/a"), etag=found.etag)


async def test_a_sign_in_page_is_not_a_file(azure: Azure, server: WebServer, tmp_path: Path) -> None:
    azure.said = reply(b"<html>sign in</html>", "203 Non-Authoritative Information")
    for path in ("/a/catalog-info.yaml", "/*"):
        with pytest.raises(NotAllowedError, match="credentials"):
            await reader_of(server, tmp_path).search(url(server, path))


async def test_what_is_missing_is_not_found(server: WebServer, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        await reader_of(server, tmp_path).read_url(url(server, "/none.yaml"))


@pytest.mark.parametrize("path", ["/a/catalog-info.yaml", "/*/catalog-info.yaml"])
@pytest.mark.parametrize(
    "said", [reply(status="500 Oops"), reply(status="429 Slow down"), reply(b"h", content_length="9"), b""]
)
async def test_a_failing_host_is_an_error_and_never_an_empty_answer(
    said: bytes, path: str, azure: Azure, server: WebServer, tmp_path: Path
) -> None:
    azure.said = said
    with pytest.raises(ServiceUnavailableError):
        await reader_of(server, tmp_path).search(url(server, path))


@pytest.mark.parametrize("path", ["/../x", "/%2e%2e/x", "/a%5c..%5cx"])
async def test_no_token_goes_where_an_odd_path_leads(path: str, server: WebServer, tmp_path: Path) -> None:
    """CVE-2026-29185."""
    with pytest.raises(InputError):
        await reader_of(server, tmp_path, {"personalAccessToken": "t"}).search(url(server, path))
    assert server.asked == []


def test_the_public_host_is_there_without_being_asked_for(tmp_path: Path) -> None:
    host = ReadingHost({}, tmp_path)
    AzurePlugin().register(host)  # type: ignore[arg-type]
    assert isinstance(host.reading.reader_for(REPOSITORY), AzureReader)
