"""Globs of rules and locations."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.model.glob import compile_glob


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("a/*.yaml", ["a/b.yaml", "a/.yaml", "A/B.YAML"], ["a/b/c.yaml", "a/b.yml"]),
        ("a/**/c.yaml", ["a/c.yaml", "a/b/c.yaml", "a/b/b/c.yaml", "a/.b/c.yaml"], ["b/a/c.yaml", "a/bc.yaml"]),
        ("a/**", ["a/b", "a/b/c"], ["b/a"]),
        ("a?c", ["abc"], ["ac", "a/c"]),
        ("{a,b}/{c,d}", ["a/c", "b/d"], ["a/b", "{a,b}/c"]),
        ("[ab]c", ["ac", "bc"], ["cc"]),
        ("[!ab]c", ["cc"], ["ac"]),
        ("a.c", ["a.c"], ["abc"]),
        ("a[b", ["a[b"], ["ab"]),
    ],
)
def test_a_glob_matches_what_it_says(pattern: str, matching: list[str], others: list[str]) -> None:
    matches = compile_glob(pattern)
    assert [text for text in matching if not matches(text)] == []
    assert [text for text in others if matches(text)] == []


@given(st.text(alphabet="abc/.-_", max_size=30))
def test_a_plain_text_matches_itself_alone(text: str) -> None:
    assert compile_glob(text)(text)
    assert not compile_glob(text)(text + "x")


def test_alternatives_do_not_multiply_without_end() -> None:
    started = time.process_time()
    compile_glob("{a,b}" * 40)("a" * 40)
    assert time.process_time() - started < 2


def test_a_pattern_longer_than_any_real_one_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        compile_glob("a" * 3000)
