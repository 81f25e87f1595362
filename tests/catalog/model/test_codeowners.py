"""The owner of last resort. Source: spec/catalog.md §4.5."""

from __future__ import annotations

import pytest

from catalog.model.codeowners import codeowner_for, normalized

FILE = """
# A comment
*           @org/everybody
/services/  @org/backend another@mail.example
*.md        @writer
docs        docs@mail.example
/services/free/
"""


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("catalog-info.yaml", "everybody"),
        ("services/a/catalog-info.yaml", "backend"),
        ("lib/services/catalog-info.yaml", "everybody"),
        ("services/readme.md", "User:writer"),
        ("a/docs/catalog-info.yaml", "docs"),
        ("services/free/catalog-info.yaml", None),
    ],
)
def test_the_last_pattern_that_matches_decides(path: str, owner: str | None) -> None:
    assert codeowner_for(FILE, path) == owner


def test_nobody_owns_a_path_without_a_line() -> None:
    assert codeowner_for("/a @x", "b") is None
    assert codeowner_for("", "b") is None


def test_owners_are_written_as_refs() -> None:
    assert [normalized(one) for one in ("@org/team", "@user", "a@b.c", "plain")] == ["team", "User:user", "a", "plain"]
