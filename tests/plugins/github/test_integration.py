"""GitHub's URLs. Sources: spec/catalog.md §4.6, §5.4; conformance catalog-13."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.errors import InputError
from app.interfaces import RepositoryFile
from plugins.github.integration import GithubIntegration, place_of
from plugins.github.settings import GithubHost, GithubIntegrations

INTEGRATION = GithubIntegration("github.com")
BLOB = "https://github.com/acme/one/blob/main/docs/catalog-info.yaml"


@pytest.mark.parametrize(
    ("url", "base", "expected"),
    [
        (BLOB, BLOB, "https://github.com/acme/one/tree/main/docs/catalog-info.yaml"),
        ("https://github.com/acme/one/edit/main/x", BLOB, "https://github.com/acme/one/tree/main/x"),
        ("./x.yaml", BLOB, "https://github.com/acme/one/tree/main/docs/x.yaml"),
        ("/x.yaml", BLOB, "https://github.com/acme/one/tree/main/x.yaml"),
        ("./", BLOB, "https://github.com/acme/one/tree/main/docs/"),
        ("./", "https://github.com/acme/one/tree/main/catalog-info.yaml", "https://github.com/acme/one/tree/main/"),
        ("./**/*.yaml", BLOB, "https://github.com/acme/one/tree/main/docs/**/*.yaml"),
        ("https://else.where/x", BLOB, "https://else.where/x"),
        ("https://else.where/a/b/blob/c/d", BLOB, "https://else.where/a/b/tree/c/d"),
    ],
)
def test_every_resolved_url_is_a_tree(url: str, base: str, expected: str) -> None:
    assert INTEGRATION.resolve_url(url, base) == expected


def test_the_edit_url_is_that_of_the_editor() -> None:
    edit = "https://github.com/acme/one/edit/main/docs/catalog-info.yaml"
    assert INTEGRATION.resolve_edit_url(BLOB) == edit
    assert INTEGRATION.resolve_edit_url(BLOB.replace("blob", "tree")) == edit
    assert INTEGRATION.resolve_edit_url("https://github.com/acme/one") == "https://github.com/acme/one"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/a/b", RepositoryFile("github.com", "a", "b")),
        ("https://github.com/a/b.git", RepositoryFile("github.com", "a", "b")),
        ("https://github.com/a/b/", RepositoryFile("github.com", "a", "b")),
        ("https://github.com/a/b/issues/5", RepositoryFile("github.com", "a", "b")),
        ("https://github.com/a/b/tree/main", RepositoryFile("github.com", "a", "b", "main")),
        ("https://github.com/a/b/blob/main/x%20y.yaml", RepositoryFile("github.com", "a", "b", "main", "x y.yaml")),
        ("https://github.com/a", None),
        ("https://github.com/a/b/blob/main/%2e%2e/x", None),
        ("https://github.com/a%2F..%2Fb/c/blob/main/x", None),
        ("nonsense", None),
    ],
)
def test_a_repository_and_a_file_in_it(url: str, expected: RepositoryFile | None) -> None:
    assert INTEGRATION.repository(url) == expected


@pytest.mark.parametrize(
    "path",
    ["a%2Fb", "%2e%2e", "a%252Fb", "a%255cb", "..%2f..", "x%00"],
)
def test_an_odd_encoding_names_no_file(path: str) -> None:
    """CVE-2026-29185: decoded by whoever comes next, it would name another API."""
    with pytest.raises(InputError):
        place_of(f"https://github.com/a/b/blob/main/{path}/x.yaml")


def test_the_public_host_is_there_without_being_asked_for() -> None:
    assert [host.host for host in GithubIntegrations().hosts] == ["github.com"]
    mine = GithubHost(host="ghe.example", api_base_url="https://ghe.example/api/v3")
    assert [host.host for host in GithubIntegrations(github=(mine,)).hosts] == ["ghe.example", "github.com"]
    assert len(GithubIntegrations(github=(GithubHost(),)).hosts) == 1


def test_another_host_needs_a_base() -> None:
    with pytest.raises(ValidationError, match="apiBaseUrl"):
        GithubHost(host="ghe.example")


def test_secrets_do_not_show() -> None:
    assert "hush" not in repr(GithubHost.model_validate({"token": "hush"}))
