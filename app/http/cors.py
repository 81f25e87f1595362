"""CORS as the reference answers it. Source: spec/catalog.md §8; recorded in the conformance group catalog-10.

Only origins that match a pattern are talked to at all: any other request is served as if there were no CORS, so its
preflight meets the credentials barrier like every OPTIONS.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from app.http.body import header
from app.http.settings import CorsSettings

Headers = list[tuple[bytes, bytes]]
_GLOB: Final = re.compile(r"\*+|\?|\{[^{}]*\}|[^*?{]+|.")


def origin_pattern(pattern: str) -> re.Pattern[str]:
    """A glob over an origin: `*` and `?` stand for anything but slashes and no leading dot, `{a,b}` for either."""

    def translated(part: str) -> str:
        if part.startswith("*"):
            return r"(?!\.)[^/]*?"
        if part == "?":
            return r"[^/]"
        if part.startswith("{") and part.endswith("}"):
            return "(?:" + "|".join(re.escape(option) for option in part[1:-1].split(",")) + ")"
        return re.escape(part)

    return re.compile("".join(translated(part) for part in _GLOB.findall(pattern)), re.IGNORECASE)


class Cors:
    """The headers of one configuration."""

    def __init__(self, settings: CorsSettings) -> None:
        patterns = [origin_pattern(pattern) for pattern in settings.origin]

        @lru_cache(maxsize=256)
        def allowed(origin: bytes) -> bool:
            text = origin.decode("latin-1")
            return any(pattern.fullmatch(text) for pattern in patterns)

        self._allowed = allowed
        self._settings = settings
        self._every: Headers = [(b"access-control-allow-credentials", b"true")] if settings.credentials else []
        if settings.exposed_headers:
            self._exposed: Headers = [(b"access-control-expose-headers", ",".join(settings.exposed_headers).encode())]
        else:
            self._exposed = []
        self._methods = ",".join(settings.methods).encode()
        self.status = settings.options_success_status

    def allows(self, origin: bytes) -> bool:
        return self._allowed(origin)

    def simple(self, origin: bytes) -> Headers:
        """For the answer to a request of an allowed origin; `Vary: Origin` goes with it."""
        return [(b"access-control-allow-origin", origin), *self._every, *self._exposed]

    def preflight(self, origin: bytes, headers: Headers) -> Headers:
        """The whole answer to an OPTIONS request of an allowed origin."""
        answer: Headers = [(b"access-control-allow-origin", origin), *self._every]
        answer.append((b"access-control-allow-methods", self._methods))
        vary = b"Origin"
        if self._settings.allowed_headers is not None:
            answer.append((b"access-control-allow-headers", ",".join(self._settings.allowed_headers).encode()))
        else:
            vary += b", Access-Control-Request-Headers"
            if (asked := header(headers, b"access-control-request-headers")) is not None:
                answer.append((b"access-control-allow-headers", asked))
        if self._settings.max_age is not None:
            answer.append((b"access-control-max-age", str(self._settings.max_age).encode()))
        return [*answer, *self._exposed, (b"vary", vary), (b"content-length", b"0")]
