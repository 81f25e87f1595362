"""Proofs that a delivery comes from whom it should: over the raw bytes, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence

from pydantic import SecretStr

Headers = Mapping[str, str]
"""By lower-case name."""

Check = Callable[[Headers, bytes], bool]


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())


def signed(header: str, secrets: Sequence[SecretStr], *, prefix: str = "sha256=") -> Check:
    """HMAC-SHA256 of the body, in hex, by any of the secrets. All are tried: how many there are stays untold."""
    keys = [secret.get_secret_value().encode() for secret in secrets]

    def check(headers: Headers, body: bytes) -> bool:
        given = headers.get(header, "")
        results = [_equal(given, prefix + hmac.new(key, body, hashlib.sha256).hexdigest()) for key in keys]
        return any(results)

    return check


def shared(header: str, secret: SecretStr) -> Check:
    """The secret itself, in a header."""
    wanted = secret.get_secret_value()
    return lambda headers, _body: _equal(headers.get(header, ""), wanted)


def either(*checks: Check) -> Check:
    """At least one of the proofs."""

    def check_all(headers: Headers, body: bytes) -> bool:
        results = [check(headers, body) for check in checks]
        return any(results)

    return check_all
