"""The security headers every answer has. Source: spec/catalog.md §8, spec/ui-backends.md §1.2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CSP: Final = b"content-security-policy"
OVERRIDABLE: Final = frozenset({CSP, b"x-frame-options"})
"""What a route may set for itself."""

_DIRECTIVES: Final[Mapping[str, tuple[str, ...]]] = {
    "default-src": ("'self'",),
    "base-uri": ("'self'",),
    "font-src": ("'self'", "https:", "data:"),
    "frame-ancestors": ("'self'",),
    "img-src": ("'self'", "data:"),
    "object-src": ("'none'",),
    "script-src": ("'self'", "'unsafe-eval'"),
    "script-src-attr": ("'none'",),
    "style-src": ("'self'", "https:", "'unsafe-inline'"),
    "upgrade-insecure-requests": (),
}

_FIXED: Final = (
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=15552000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-dns-prefetch-control", b"off"),
    (b"x-download-options", b"noopen"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-permitted-cross-domain-policies", b"none"),
    (b"x-xss-protection", b"0"),
)


def content_security_policy(configured: Mapping[str, list[str] | bool]) -> bytes:
    """The default policy with `backend.csp` over it: a list replaces a directive, false removes it."""
    directives: dict[str, tuple[str, ...] | None] = dict(_DIRECTIVES)
    for name, values in configured.items():
        directives[name] = tuple(values) if isinstance(values, list) else (() if values else None)
    written = (" ".join((name, *values)) for name, values in directives.items() if values is not None)
    return ";".join(written).encode()


def security_headers(configured: Mapping[str, list[str] | bool]) -> list[tuple[bytes, bytes]]:
    """One of each; `OVERRIDABLE` ones give way to a route's own."""
    return [(CSP, content_security_policy(configured)), *_FIXED]
