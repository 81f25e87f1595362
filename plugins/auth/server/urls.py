"""Which client ids and redirect URIs are let in. URLs are compared part by part, never as texts: a `*` in a pattern
stands for any text within its part and cannot reach into another (CVE-2026-32235, CVE-2026-73563)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from app.errors import InputError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
LOOPBACK_PATTERNS = tuple(
    f"http://{host}{port}/*" for host in ("localhost", "127.0.0.1", "[::1]") for port in (":*", "")
)
CLIENT_ID_PATTERNS = (
    "https://claude.ai/*",
    "https://vscode.dev/*",
    "https://chatgpt.com/oauth/codex/*/client.json",
)
REGISTERED_PATTERNS = ("cursor://*", "https://www.cursor.com/*", *LOOPBACK_PATTERNS)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_DOTS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)


def parsed(url: str) -> SplitResult:
    """An absolute URL's parts. Raises ValueError for what browsers might read differently, or not at all."""
    if any(character <= " " or character in "\\\x7f" for character in url):
        raise ValueError(f"{url!r} is not a URL")
    parts = urlsplit(url)
    if not _SCHEME.fullmatch(parts.scheme) or parts.scheme.lower() in (
        "javascript",
        "data",
        "vbscript",
        "file",
        "blob",
    ):
        raise ValueError(f"{url!r} is not a URL")
    if parts.scheme in ("http", "https") and not parts.hostname:
        raise ValueError(f"{url!r} has no host")
    _ = parts.port  # raises ValueError for a number that is none
    return parts


@dataclass(frozen=True, slots=True)
class UrlPattern:
    scheme: str
    host: re.Pattern[str]
    port: int | None
    any_port: bool
    path: re.Pattern[str]

    @classmethod
    def parse(cls, pattern: str) -> UrlPattern:
        """Raises InputError. Without a path, or a host, it means any."""
        found = re.fullmatch(r"([a-z][a-z0-9+.-]*)://(\[[^\]]*\]|[^/:]*)(?::(\*|\d+))?(/.*)?", pattern, re.IGNORECASE)
        if found is None:
            raise InputError(f"Invalid URL pattern '{pattern}', an explicit protocol is required")
        scheme, host, port, path = found.groups()
        return cls(
            scheme.lower(),
            _glob(host.strip("[]").lower() or "*"),
            int(port) if port and port != "*" else None,
            port == "*",
            _glob(path or "*"),
        )

    def matches(self, url: SplitResult) -> bool:
        return (
            url.scheme.lower() == self.scheme
            and self.host.fullmatch(url.hostname or "") is not None
            and (self.any_port or url.port == self.port)
            and self.path.fullmatch(url.path or "/") is not None
        )


def matches_any(url: SplitResult, patterns: Iterable[str]) -> bool:
    return any(UrlPattern.parse(pattern).matches(url) for pattern in patterns)


def require_redirect_uri(uri: str, patterns: Iterable[str]) -> None:
    """Raises InputError for a redirect URI that no pattern lets in."""
    try:
        url = parsed(uri)
    except ValueError:
        raise InputError(f"Invalid redirect_uri {uri!r}") from None
    if url.username is not None or url.password is not None or url.fragment or not matches_any(url, patterns):
        raise InputError(f"Invalid redirect_uri '{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}'")


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Whether a client has named this redirect URI; on loopback any port will do (RFC 8252 §7.3)."""
    url = parsed(uri)
    if url.hostname not in LOOPBACK:
        return uri in registered
    for one in registered:
        try:
            known = parsed(one)
        except ValueError:
            continue
        if (known.scheme, known.hostname, known.path) == (url.scheme, url.hostname, url.path):
            return True
    return False


def metadata_url(client_id: str, *, development: bool) -> SplitResult | None:
    """A client id that is the URL of its own metadata document; None for any other."""
    try:
        url = parsed(client_id)
    except ValueError:
        return None
    local = development and url.scheme == "http" and url.hostname in ("localhost", "127.0.0.1")
    plain = not (url.query or url.fragment or "?" in client_id or "#" in client_id or "@" in url.netloc)
    if not (url.scheme == "https" or local) or not plain or url.path in ("", "/") or _DOTS.search(url.path):
        return None
    return url


def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
