"""Globs, held against minimatch's documented semantics and the standard library where both agree."""

from __future__ import annotations

import fnmatch
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.reading.globs import Glob, is_glob, is_simple_glob


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("catalog-info.yaml", "catalog-info.yaml", True),
        ("/catalog-info.yaml", "catalog-info.yaml", True),
        ("*.yaml", "a.yaml", True),
        ("*.yaml", "d/a.yaml", False),
        ("*.yaml", ".a.yaml", False),
        (".*.yaml", ".a.yaml", True),
        ("*/a.yaml", "d/a.yaml", True),
        ("*/a.yaml", "a.yaml", False),
        ("**/a.yaml", "a.yaml", True),
        ("**/a.yaml", "d/e/a.yaml", True),
        ("**/a.yaml", "d/.hidden/a.yaml", False),
        ("d/**/a.yaml", "d/a.yaml", True),
        ("d/**/a.yaml", "d/e/f/a.yaml", True),
        ("d/**/a.yaml", "e/a.yaml", False),
        ("d/**", "d/e/f", True),
        ("d/**", "d", False),
        ("**", "a/b", True),
        ("**/**/a", "x/a", True),
        ("a**/b", "abc/b", True),
        ("a**/b", "a/x/b", False),
        ("?.yaml", "a.yaml", True),
        ("?.yaml", "ab.yaml", False),
        ("[a-c].yaml", "b.yaml", True),
        ("[!a-c].yaml", "b.yaml", False),
        ("[^a-c].yaml", "d.yaml", True),
        ("{a,b}/c.yaml", "b/c.yaml", True),
        ("{a,b}/c.yaml", "c/c.yaml", False),
        ("{a,{b,c}}.yaml", "c.yaml", True),
        ("{a}.yaml", "{a}.yaml", True),
        ("services/{a/b,c}/x.yaml", "services/a/b/x.yaml", True),
        ("**/{a,b}.yaml", "x/b.yaml", True),
        ("\\*.yaml", "*.yaml", True),
        ("\\*.yaml", "a.yaml", False),
        ("A.yaml", "a.yaml", False),
        ("[", "[", True),
    ],
)
def test_a_pattern_matches_as_in_the_reference(pattern: str, path: str, expected: bool) -> None:
    assert Glob(pattern).matches(path) is expected


names = st.text("ab.", min_size=1, max_size=6)


@given(st.text("ab?*", min_size=1, max_size=6), names)
def test_within_a_segment_it_is_what_the_standard_library_says_but_for_dots(pattern: str, name: str) -> None:
    expected = fnmatch.fnmatchcase(name, pattern) and (not name.startswith(".") or pattern.startswith("."))
    if pattern != "**":
        assert Glob(pattern).matches(name) is expected


@given(
    st.lists(st.sampled_from(["a", "b", "*", "**"]), min_size=1, max_size=5),
    st.lists(st.sampled_from("ab"), min_size=1),
)
def test_spanning_segments_is_what_trying_every_way_says(pattern: list[str], path: list[str]) -> None:
    def naive(p: list[str], s: list[str]) -> bool:
        if not p:
            return not s
        if p[0] == "**":
            return bool(s and naive(["*"], s[:1]) and len(p) == 1 and (len(s) == 1 or naive(p, s[1:]))) or (
                len(p) > 1 and (naive(p[1:], s) or bool(s and naive(p, s[1:])))
            )
        return bool(s) and p[0] in (s[0], "*") and naive(p[1:], s[1:])

    assert Glob("/".join(pattern)).matches("/".join(path)) is naive(pattern, path)


def test_a_hostile_pattern_takes_no_longer_than_a_plain_one() -> None:
    started = time.process_time()
    assert not Glob("*a" * 50 + "b").matches("a" * 2000)
    assert not Glob("**/a/" * 50 + "b").matches("a/" * 500 + "a")
    assert time.process_time() - started < 2


def test_braces_cannot_multiply_without_end() -> None:
    with pytest.raises(InputError):
        Glob("{a,b}" * 12)


@pytest.mark.parametrize(
    ("path", "wide", "simple"),
    [
        ("a/b.yaml", False, False),
        ("a/*.yaml", True, True),
        ("a/?", True, True),
        ("[ab]", True, False),
        ("{a,b}", True, False),
        ("{a}", False, False),
        ("a]b[", False, False),
    ],
)
def test_what_counts_as_a_glob(path: str, wide: bool, simple: bool) -> None:
    assert (is_glob(path), is_simple_glob(path)) == (wide, simple)


def test_the_folder_all_matches_lie_in() -> None:
    assert Glob("/services/a/**/x.yaml").literal_prefix == "services/a"
    assert Glob("x*.yaml").literal_prefix == ""
    assert Glob("a/{b,c}/x.yaml").literal_prefix == "a"
