"""Which frontends may sign in here: the app's own origin and what the configuration adds. Source: §3.5."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from app.errors import InputError, NotAllowedError
from app.interfaces import origin_pattern

_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """`scheme://host[:port]` of an http(s) URL, as browsers write it. Raises ValueError for anything else, and for what
    a browser may read differently: a backslash is a slash to it, and blanks and control characters are nothing."""
    if any(character == "\\" or character <= " " or character == "\x7f" for character in url):
        raise ValueError(f"{url!r} has no origin")
    parts = urlsplit(url)
    scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    if scheme not in _PORTS or not host or any(character in host for character in "%@"):
        raise ValueError(f"'{url}' has no origin")
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}" if port in (None, _PORTS[scheme]) else f"{scheme}://{host}:{port}"


class AllowedOrigins:
    """`app.baseUrl`'s origin, and patterns over whole origins, in which `*` stands for no slash."""

    def __init__(self, app_url: str, extra: Iterable[str] = ()) -> None:
        self.app = origin_of(app_url)
        self._patterns = [origin_pattern(pattern) for pattern in extra]

    def __contains__(self, origin: str) -> bool:
        return origin == self.app or any(pattern.fullmatch(origin) for pattern in self._patterns)

    def require(self, url: str) -> str:
        """The URL's origin. Raises InputError for what has none, NotAllowedError for one that may not sign in here."""
        try:
            origin = origin_of(url)
        except ValueError:
            raise InputError("App origin is invalid, failed to parse") from None
        if origin not in self:
            raise NotAllowedError(f"Origin '{origin}' is not allowed")
        return origin
