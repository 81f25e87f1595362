"""`backend.reading.allow`. Sources: spec/catalog.md §5.3; CVE-2026-32235, CVE-2026-73563."""

from __future__ import annotations

import pytest

from app.errors import InputError
from app.reading.allow import AllowList, AllowSettings


def covers(url: str, host: str, *paths: str) -> bool:
    return AllowList([AllowSettings(host=host, paths=paths or None)]).covers(url)


@pytest.mark.parametrize(
    ("url", "host", "expected"),
    [
        ("https://example.com/x", "example.com", True),
        ("https://EXAMPLE.com./x", "example.com", True),
        ("https://example.com:443/x", "example.com", True),
        ("https://example.com:8443/x", "example.com", False),
        ("https://example.com:8443/x", "example.com:8443", True),
        ("https://example.com:8443/x", "example.com:8000-9000", True),
        ("https://example.com:9001/x", "example.com:8000-9000", False),
        ("https://a.example.com/x", "*.example.com", True),
        ("https://a.b.example.com/x", "*.example.com", True),
        ("https://example.com/x", "*.example.com", False),
        ("https://evilexample.com/x", "*.example.com", False),
        ("https://evil.test/.example.com", "*.example.com", False),
        ("https://evil.test/x?a=.example.com", "*.example.com", False),
        ("https://evil.test/#.example.com", "*.example.com", False),
        ("https://evil.test\\.example.com/x", "*.example.com", False),
        ("https://.example.com@evil.test/x", "*.example.com", False),
        ("https://example.com@evil.test/x", "example.com", False),
        ("https://example.com.evil.test/x", "example.com", False),
        ("ftp://example.com/x", "example.com", False),
        ("file:///etc/passwd", "example.com", False),
        ("http://127.0.0.1:8790/x", "127.0.0.1:8790", True),
        ("http://[::1]:80/x", "[::1]", True),
        ("nonsense", "example.com", False),
    ],
)
def test_hosts_are_compared_part_by_part(url: str, host: str, expected: bool) -> None:
    assert covers(url, host) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/docs", True),
        ("/docs/", True),
        ("/docs/x", True),
        ("/docs%2Fx", True),
        ("/docsx", False),
        ("/other/../docs", True),
        ("/docs/../secret", False),
        ("/docs/%2e%2e/secret", False),
        ("/docs/%252e%252e/secret", False),
        ("/docs%5c..%5csecret", False),
        ("/", False),
    ],
)
def test_paths_match_at_their_slashes_after_decoding(path: str, expected: bool) -> None:
    assert covers(f"https://example.com{path}", "example.com", "/docs") is expected


@pytest.mark.parametrize(
    "host", ["", "*", "*.*", "a*.example.com", "example.com/path", "user@example.com", "a:0", "a:9-1"]
)
def test_a_malformed_entry_is_told_at_the_start(host: str) -> None:
    with pytest.raises(InputError):
        AllowList([AllowSettings(host=host)])
