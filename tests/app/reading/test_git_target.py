"""Targets of `git` locations. Sources: docs/reading.md; FIELD §5c (option and protocol injection)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.interfaces import GitTarget
from app.reading.git_target import check_ref, format_git_target, parse_git_target, parse_remote, resolve_git_target


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("https://h.example/o/r.git", GitTarget("https://h.example/o/r.git", None, "/catalog-info.yaml")),
        (
            "https://H.example:443/o/r.git?ref=main&path=/services/**/catalog-info.yaml",
            GitTarget("https://h.example/o/r.git", "main", "/services/**/catalog-info.yaml"),
        ),
        ("https://h.example/r?path=a%20b.yaml", GitTarget("https://h.example/r", None, "/a b.yaml")),
        ("git@h.example:o/r.git?ref=v1", GitTarget("ssh://git@h.example/o/r.git", "v1", "/catalog-info.yaml")),
        ("ssh://git@h.example:2222/o/r", GitTarget("ssh://git@h.example:2222/o/r", None, "/catalog-info.yaml")),
        ("file:///srv/x.git?path=*.yaml", GitTarget("file:///srv/x.git", None, "/*.yaml")),
        (
            "https://h.example/r?ref=feature/a%2Bb",
            GitTarget("https://h.example/r", "feature/a+b", "/catalog-info.yaml"),
        ),
    ],
)
def test_a_target_is_a_remote_a_ref_and_a_path(target: str, expected: GitTarget) -> None:
    assert parse_git_target(target) == expected
    assert parse_git_target(format_git_target(expected)) == expected


@pytest.mark.parametrize(
    "remote",
    [
        "ext::sh -c id",
        "fd::7",
        "git://h.example/r",
        "--upload-pack=touch /tmp/x",
        "-u",
        "ssh://-oProxyCommand=id/x",
        "ssh://git@-oProxyCommand=id/x",
        "-oProxyCommand=id@h.example:x",
        "git@h.example:-x",
        "ssh://git@h.example/-x",
        "ssh://git:password@h.example/x",
        "https://token@h.example/r",
        "https://u:p@h.example/r",
        "https://h.example/a/../b",
        "https://h.example/a/%2e%2e/b",
        "https://h.example\\@evil.example/r",
        "https://h.example/r\nx",
        "file://host/srv/x.git",
        "file:////srv/x.git",
        "file:///srv/../etc",
        "file:///srv/%2e%2e/etc",
        "file:///srv/x.git;id\x00",
        "/srv/x.git",
        "../x.git",
        "",
    ],
)
def test_a_remote_that_is_more_than_a_remote_is_refused(remote: str) -> None:
    if remote == "https://h.example/a/../b":
        assert parse_remote(remote).url == "https://h.example/b"  # plain dot segments mean one thing to everybody
        return
    with pytest.raises(InputError):
        parse_remote(remote)


@pytest.mark.parametrize(
    "ref",
    [
        "-x",
        "--upload-pack=x",
        "a..b",
        "a@{1}",
        "a b",
        "a\nb",
        "a:b",
        "a^",
        "a~1",
        "a*",
        "a?",
        "a[b",
        "a\\b",
        "/a",
        "a/",
        "a//b",
        "a/.b",
        "a.lock",
        "a.",
        ".",
        "",
        "+a",
        "x" * 300,
    ],
)
def test_a_ref_that_is_more_than_a_name_is_refused(ref: str) -> None:
    with pytest.raises(InputError):
        check_ref(ref)


@pytest.mark.parametrize("ref", ["main", "feature/x", "v1.2.3", "release-1", "a+b", "ünï", "x#1", "dependabot/pip/a-1"])
def test_ordinary_refs_are_fine(ref: str) -> None:
    assert check_ref(ref) == ref


@pytest.mark.parametrize(
    "target",
    [
        "https://h.example/r?path=/../x",
        "https://h.example/r?path=%2e%2e/x",
        "https://h.example/r?path=a%00b",
        "https://h.example/r?ref=a&ref=b",
        "https://h.example/r?x=1",
        "https://h.example/r?ref",
        "https://h.example/r?path=a%5cb",
        "https://h.example/r?ref=%ff",
    ],
)
def test_a_target_with_anything_odd_is_refused(target: str) -> None:
    with pytest.raises(InputError):
        parse_git_target(target)


segment = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="/\\"), min_size=1)


@given(
    st.lists(segment.filter(lambda s: s not in (".", "..")), min_size=1, max_size=4), st.sampled_from([None, "main"])
)
def test_a_target_survives_being_written_down(path: list[str], ref: str | None) -> None:
    if len(path[0]) >= 2 and path[0][1] == ":" and path[0][0].isascii() and path[0][0].isalpha():
        path = ["x", *path]  # Windows' drive letters are refused
    target = GitTarget("https://h.example/o/r.git", ref, "/" + "/".join(path))
    assert parse_git_target(format_git_target(target)) == target


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("./x.yaml", "https://h.example/r.git?ref=main&path=/a/x.yaml"),
        ("../x.yaml", "https://h.example/r.git?ref=main&path=/x.yaml"),
        ("x/**/*.yaml", "https://h.example/r.git?ref=main&path=/a/x/**/*.yaml"),
        ("/x.yaml", "https://h.example/r.git?ref=main&path=/x.yaml"),
        ("https://other.example/r.git", "https://other.example/r.git"),
        ("git@other.example:o/r", "git@other.example:o/r"),
    ],
)
def test_a_relative_target_stays_in_its_repository(target: str, expected: str) -> None:
    assert resolve_git_target(target, "https://h.example/r.git?ref=main&path=/a/b.yaml") == expected


@pytest.mark.parametrize("target", ["../../x.yaml", "/../x", "a/../../../b"])
def test_a_relative_target_that_climbs_out_is_refused(target: str) -> None:
    with pytest.raises(InputError):
        resolve_git_target(target, "https://h.example/r.git?path=/a/b.yaml")
