from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catalog.validation import fields

LONG = "n" * 63


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (
            fields.is_object_name,
            ["a", "9", "dots.and_underscores-9", LONG],
            ["", "-a", "a-", "a b", LONG + "n", "a\n", 5],
        ),
        (fields.is_dns_label, ["a", "a--b", "0", LONG], ["", "A", "a.b", "a-", LONG + "n", "a\n", None]),
        (fields.is_dns_subdomain, ["a.b-c.d", "a"], ["a..b", "A.b", ".".join([LONG] * 4), 5]),
        (fields.is_kind, ["Component", "a1"], ["", "1a", "a-b", "a" * 64, "a\n"]),
        (fields.is_api_version, ["backstage.io/v1alpha1", "v1", "1"], ["a/b/c", "A.b/v1", "a/", "/a", "a.b/v-1", 5]),
        (fields.is_qualified_name, ["a", "a.b/c.d_e-f", "example.com/A"], ["Example.com/a", "a/b/c", "a/", "/a", ""]),
        (fields.is_label_value, ["", "a", "A.b"], ["-", "a b", 5]),
        (fields.is_tag, ["c++", "c#", "a:b", "0-1"], ["Upper", "a.b", "a--b", "-a", "t" * 64, "", 1]),
        (fields.is_filled, ["a", " a "], ["", " ", "\ufeff\u2003\n", 5]),
        (fields.is_text, ["", "a"], [5, None]),
        (fields.is_url, ["https://x", "mailto:a@b", "ftp://x.example/a"], ["x", "/a", "", "http://", 5]),
    ],
)
def test_formats(check: Callable[[Any], bool], right: list[Any], wrong: list[Any]) -> None:
    assert [value for value in right if not check(value)] == []
    assert [value for value in wrong if check(value)] == []
