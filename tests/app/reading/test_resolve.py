"""Relative references. Source: spec/catalog.md §5.4."""

from __future__ import annotations

import pytest

from app.errors import InputError
from app.reading.resolve import default_resolve_url, file_path_of

GITLAB = "https://gitlab.com/group/sub/project/-/blob/main/docs/catalog-info.yaml"


@pytest.mark.parametrize(
    ("url", "base", "expected"),
    [
        ("https://else.where/x", GITLAB, "https://else.where/x"),
        ("mailto:me", GITLAB, "mailto:me"),
        ("./x.yaml", GITLAB, "https://gitlab.com/group/sub/project/-/blob/main/docs/x.yaml"),
        ("../x.yaml", GITLAB, "https://gitlab.com/group/sub/project/-/blob/main/x.yaml"),
        ("/x.yaml", GITLAB, "https://gitlab.com/group/sub/project/-/blob/main/x.yaml"),
        ("./", GITLAB, "https://gitlab.com/group/sub/project/-/blob/main/docs/"),
        ("./**/*.yaml", GITLAB, "https://gitlab.com/group/sub/project/-/blob/main/docs/**/*.yaml"),
        ("./a b.yaml", GITLAB, "https://gitlab.com/group/sub/project/-/blob/main/docs/a%20b.yaml"),
        ("./x?y=1#z", "https://h.example/a/b.yaml?token=t#f", "https://h.example/a/x?token=t"),
        ("/x.yaml", "https://h.example/a/b.yaml", "https://h.example/a/b.yaml/x.yaml"),
        ("x.yaml", "https://h.example", "https://h.example/x.yaml"),
        ("./x.yaml", "HTTPS://H.example:443/a/b.yaml", "https://h.example/a/x.yaml"),
        (
            "/x.yaml",
            "https://bitbucket.example/projects/P/repos/r/browse/a/b.yaml?at=main",
            "https://bitbucket.example/projects/P/repos/r/browse/x.yaml?at=main",
        ),
        (
            "./x.yaml",
            "https://bitbucket.example/projects/P/repos/r/browse/a/b.yaml?at=main",
            "https://bitbucket.example/projects/P/repos/r/browse/a/x.yaml?at=main",
        ),
        (
            "/x.yaml",
            "https://gitea.example/o/r/src/branch/main/a/b.yaml",
            "https://gitea.example/o/r/src/branch/main/x.yaml",
        ),
        ("/x.yaml", "https://bitbucket.org/ws/r/src/main/a/b.yaml", "https://bitbucket.org/ws/r/src/main/x.yaml"),
        ("./x.yaml", "http://127.0.0.1:8790/base/children.yaml", "http://127.0.0.1:8790/base/x.yaml"),
    ],
)
def test_a_reference_is_resolved_as_in_the_reference(url: str, base: str, expected: str) -> None:
    assert default_resolve_url(url, base) == expected


@pytest.mark.parametrize("url", ["//evil.example/x", "\\\\evil.example\\x", "/\\evil.example/x", "\t//evil.example/x"])
def test_a_relative_reference_never_leads_to_another_host(url: str) -> None:
    assert default_resolve_url(url, "https://h.example/o/r/-/blob/main/a.yaml").startswith("https://h.example/")


@pytest.mark.parametrize("hidden", ["%2e%2e", "%252e%252e", "..%2f..", "%2E%2E%2F"])
def test_a_base_that_hides_dot_segments_is_refused(hidden: str) -> None:
    """CVE-2026-29185."""
    with pytest.raises(InputError):
        default_resolve_url("./x", f"https://h.example/o/r/blob/main/{hidden}/a.yaml")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/o/r", ""),
        ("/o/r/blob/main/a/b", "a/b"),
        ("/g/s/p/-/tree/main/a", "a"),
        ("/g/s/p/-/issues/5", ""),
        ("/o/r/raw/main/a", "a"),
        ("/o/r/src/branch/main/a/b", "a/b"),
        ("/users/me/repos/r/raw/a", "a"),
        ("/o/blob/blob/main/blob/x", "blob/x"),
    ],
)
def test_the_file_path_within_a_url(path: str, expected: str) -> None:
    assert file_path_of(path) == expected
