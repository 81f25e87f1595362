"""URLs from outside, made into one unambiguous form before anything is decided about them. Pure.

What checks a URL and what sends the request must read it alike: both use `WebUrl`, and whatever two parsers could read
differently (backslashes, control characters, credentials, hidden dot segments) is refused, not repaired.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

import httpx

from app.errors import InputError

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
MAX_URL_LENGTH: Final = 8192
MAX_DECODINGS: Final = 8
"""Rounds of percent-decoding; honest URLs settle after one or two."""

_REFUSED = re.compile(r"[\x00-\x20\x7f\\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class WebUrl:
    """An http or https URL. `host` is lower-case ASCII without brackets; `path` and `query` are as on the wire."""

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def netloc(self) -> str:
        """As in a URL or a Host header: the port only if it is not the scheme's own."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.target}"


def settled(text: str) -> str:
    """Percent-decode until nothing changes any more.

    Raises:
        InputError: it is still changing after `MAX_DECODINGS` rounds, or is not UTF-8.
    """
    for _ in range(MAX_DECODINGS):
        try:
            decoded = unquote(text, errors="strict")
        except UnicodeDecodeError as error:
            raise InputError("The URL holds bytes that are not UTF-8") from error
        if decoded == text:
            return text
        text = decoded
    raise InputError("The URL is percent-encoded over and over")


def check_no_traversal(path: str) -> None:
    """Raises InputError when a path, however encoded, holds a dot segment, a backslash or a control character."""
    plain = settled(path)
    if _CONTROL.search(plain) or "\\" in plain:
        raise InputError("The URL's path holds characters that are not allowed")
    if any(segment in (".", "..") for segment in plain.split("/")):
        raise InputError("The URL's path holds dot segments")


def parse_web_url(url: str) -> WebUrl:
    """Make a URL unambiguous. Plain dot segments are resolved, hidden ones refused.

    Raises:
        InputError: not an absolute http(s) URL, or one that parsers could disagree about.
    """
    if len(url) > MAX_URL_LENGTH:
        raise InputError(f"The URL is longer than {MAX_URL_LENGTH} characters")
    if _REFUSED.search(url):
        raise InputError("The URL holds spaces, control characters or backslashes")
    try:
        parsed = httpx.URL(url)
        host, port = parsed.host, parsed.port
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise InputError(f"Not a valid URL: {error}") from error
    if parsed.scheme not in DEFAULT_PORTS or not host:
        raise InputError("Not an absolute http or https URL")
    if parsed.userinfo:
        raise InputError("URLs with credentials in them are not allowed")
    name = parsed.raw_host.decode("ascii").lower().strip("[]").rstrip(".")
    if not name or "%" in name:
        raise InputError("Not a valid host name")
    raw_path, _, query = parsed.raw_path.decode("ascii").partition("?")
    check_no_traversal(raw_path)
    return WebUrl(parsed.scheme, name, port or DEFAULT_PORTS[parsed.scheme], raw_path or "/", query)


def on_host(host: str) -> Callable[[str], bool]:
    """Whether a URL is one of a host (`name` or `name:port`), exactly. A URL that cannot be understood is not."""
    wanted = host.lower()

    def matches(url: str) -> bool:
        try:
            return parse_web_url(url).netloc == wanted
        except InputError:
            return False

    return matches


def path_segments(path: str) -> list[str]:
    """The segments of a URL's path, each decoded once and safe to quote into another URL.

    Raises:
        InputError: decoding a segment, once or often, would yield a slash, a dot segment or a control character. Such a
            URL says one thing to us and another to whoever decodes it next (CVE-2026-29185).
    """
    segments = []
    for raw in path.split("/"):
        plain = settled(raw)
        if "/" in plain or "\\" in plain or _CONTROL.search(plain) or plain in (".", ".."):
            raise InputError("The URL's path is encoded in a way that is not allowed")
        segments.append(unquote(raw))
    return segments


def quoted(text: str) -> str:
    """One path segment or query value for a URL: nothing in it can end the segment."""
    return quote(text, safe="")


def quoted_path(path: str) -> str:
    """A path for a URL: segments are quoted, slashes and globs stay."""
    return quote(path, safe="/*!$'(),:;=@~")
