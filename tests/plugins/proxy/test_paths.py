"""Paths and headers on their way. Source: spec/ui-backends.md §12."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from plugins.proxy.headers import HeaderRules
from plugins.proxy.paths import Rewriting, belongs, joined, leads_out
from plugins.proxy.settings import ProxySettings, endpoints_of


@pytest.mark.parametrize(
    ("path", "endpoint", "expected"),
    [
        ("/jenkins", "/jenkins", True),
        ("/jenkins/", "/jenkins", True),
        ("/Jenkins/job/x", "/jenkins", True),
        ("/jenkins/api/x", "/jenkins/API", True),
        ("/jenkinsx", "/jenkins", False),
        ("/jenkins%2fx", "/jenkins", False),
        ("/other/jenkins", "/jenkins", False),
        ("/", "/jenkins", False),
    ],
)
def test_an_endpoint_is_found_segment_by_segment(path: str, endpoint: str, expected: bool) -> None:
    assert belongs(path, endpoint) == expected


@pytest.mark.parametrize(
    "path", ["/../x", "/a/..", "/%2e%2e/x", "/a%2f..%2fx", "/..\\x", "/a%5C..%5cx", "/%", "/%zz", "/%ff"]
)
def test_paths_that_lead_out_are_known(path: str) -> None:
    assert leads_out(path)


@pytest.mark.parametrize("path", ["/a/b", "/..a/b..", "/a%20b", "/%E2%82%AC", "", "/.../x"])
def test_other_paths_do_not_lead_out(path: str) -> None:
    assert not leads_out(path)


@given(st.text(alphabet="./\\%2eE5cCfF", max_size=20))
def test_no_spelling_of_two_dots_gets_through(path: str) -> None:
    from urllib.parse import unquote

    decoded = unquote(path, errors="replace").replace("\\", "/")
    if ".." in decoded.split("/"):
        assert leads_out(path)


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        (None, "/api/proxy/ci", "/"),
        (None, "/api/proxy/ci/", "/"),
        (None, "/api/proxy/ci/job/x?a=/b", "/job/x?a=/b"),
        (None, "/api/proxy/ci?x=1", "/?x=1"),
        ({"^/api/proxy/ci": "/base"}, "/api/proxy/ci/x", "/base/x"),
        ({"^/nothing": "/a", "/x$": "/y", "/ci": "/z"}, "/api/proxy/ci/x", "/api/proxy/ci/y"),
        ({"/(\\w+)/(\\w+)$": "/$2/$1"}, "/api/proxy/ci/x", "/api/proxy/x/ci"),
        ({}, "/api/proxy/ci/x", "/api/proxy/ci/x"),
    ],
)
def test_paths_are_rewritten_by_the_first_pattern_that_matches(
    rules: dict[str, str] | None, path: str, expected: str
) -> None:
    assert Rewriting(rules, "/ci")(path) == expected


def test_a_path_is_no_pattern() -> None:
    assert Rewriting(None, "/c.i")("/api/proxy/cxi/y") == "/api/proxy/cxi/y"
    with pytest.raises(InputError, match="no regular expression"):
        Rewriting({"(": ""}, "/ci")


@pytest.mark.parametrize(
    ("base", "path", "expected"),
    [
        ("/", "/x", "/x"),
        ("", "/x?y=//z", "/x?y=//z"),
        ("/base", "/x//y", "/base/x/y"),
        ("/base/", "/", "/base/"),
        ("/base", "", "/base"),
        ("/", "//evil.example/x", "/evil.example/x"),
        ("/", "/x?a?b", "/x?a?b"),
    ],
)
def test_paths_are_joined_with_single_slashes(base: str, path: str, expected: str) -> None:
    assert joined(base, path) == expected


SENT = [
    (b"host", b"portal.example"),
    (b"authorization", b"Bearer users"),
    (b"cookie", b"backstage-auth=x"),
    (b"accept", b"*/*"),
    (b"x-trace", b"1"),
    (b"x-forwarded-for", b"10.0.0.1"),
    (b"connection", b"upgrade"),
    (b"x-api-key", b"guess"),
]


def test_only_harmless_headers_and_those_allowed_are_passed_on() -> None:
    rules = HeaderRules(["X-Trace", "Connection"], {"X-Api-Key": "ours"}, forward=False)
    assert rules.to_target(SENT, host="ci.internal") == [
        ("host", "ci.internal"),
        ("accept", "*/*"),
        ("x-trace", "1"),
        ("x-api-key", "ours"),
    ]
    answer = [("Content-Type", "text/x"), ("Set-Cookie", "a=b"), ("X-Trace", "2"), ("X-Api-Key", "ours"), ("ETag", "x")]
    assert rules.to_client(answer) == [(b"content-type", b"text/x"), (b"x-trace", b"2")]


def test_credentials_and_host_are_passed_on_where_told() -> None:
    rules = HeaderRules([], {}, forward=True)
    assert rules.to_target(SENT, host=None) == [
        ("host", "portal.example"),
        ("authorization", "Bearer users"),
        ("accept", "*/*"),
    ]
    listed = HeaderRules(["Authorization"], {"authorization": "Basic ours"}, forward=False)
    assert ("authorization", "Basic ours") in listed.to_target(SENT, host=None)
    assert ("authorization", "Bearer users") not in listed.to_target(SENT, host=None)


def read(whole: Any) -> dict[str, Any]:
    return {one.path: one.settings for one in endpoints_of(whole, ProxySettings.model_validate(whole))}


def test_endpoints_are_read_in_both_forms(caplog: pytest.LogCaptureFixture) -> None:
    both = read(
        {"endpoints": {"/ci": "https://ci.example", "wiki/": {"target": "https://wiki.example", "secure": False}}}
    )
    assert list(both) == ["/ci", "/wiki"]
    assert (both["/ci"].target, both["/ci"].secure, both["/wiki"].secure) == ("https://ci.example", True, False)
    with caplog.at_level(logging.WARNING):
        assert list(read({"/old": {"target": "https://x.example"}, "skipInvalidProxies": True})) == ["/old"]
    assert "deprecated" in caplog.text


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"target": 5}, r"proxy\.endpoints\./ci\.target"),
        ({}, r"proxy\.endpoints\./ci\.target"),
        (5, "must be a target or an object"),
        ({"target": "https://x", "credentials": "canary"}, r"/ci\.credentials"),
        ({"target": "https://x", "headers": {"a": ["canary"]}}, r"/ci\.headers"),
    ],
)
def test_what_makes_no_sense_is_named_and_no_value_shown(
    value: Any, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        read({"endpoints": {"/ci": value}})
    assert "canary" not in str(caught.value)
    with caplog.at_level(logging.WARNING):
        assert list(read({"endpoints": {"/ci": value, "/a": "https://x"}, "skipInvalidProxies": True})) == ["/a"]
    assert "skipped configuring /ci" in caplog.text and "canary" not in caplog.text
