"""Globs as globby reads them."""

from __future__ import annotations

import time

import pytest

from app.errors import InputError
from scaffolder import globbing


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.txt", "a.txt", True),
        ("*.txt", "dir/a.txt", False),
        ("*", ".hidden", True),
        ("**/*.txt", "a.txt", True),
        ("**/*.txt", "x/y/a.txt", True),
        ("dir/**", "dir/a/b", True),
        ("dir/**", "dir", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("[a-c]x", "bx", True),
        ("[!a-c]x", "bx", False),
        ("{a,b/c}.md", "b/c.md", True),
        ("{a}", "{a}", True),
        ("a*b*c", "aXbYbZc", True),
        ("a*b*c", "aXcYb", False),
        (r"\*", "*", True),
        (r"\*", "x", False),
        ("*a*a*", "aa", True),
        ("*aab", "aaab", True),
        ("[", "[", True),
        ("a/**/b", "a/b", True),
        ("a/**/b/**/c", "a/x/b/y/b/c", True),
        ("./a", "a", False),
    ],
)
def test_a_pattern_matches(pattern: str, path: str, matches: bool) -> None:
    assert globbing.matcher(pattern)(path) is matches


def test_hostile_patterns_take_no_time() -> None:
    started = time.process_time()
    assert not globbing.matcher("*a" * 200 + "b")("a" * 2000)
    assert not globbing.matcher("**/a/" * 50 + "b")("a/" * 500 + "c")
    assert time.process_time() - started < 2


def test_too_many_alternatives_are_refused() -> None:
    with pytest.raises(InputError):
        globbing.matcher("{a,b}" * 20)
