"""The ways a secret is written: plain, base64, URL-encoded, escaped, or line by line."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus

SHORTEST: Final = 2
"""Characters; a shorter secret hides nothing. Source: spec/scaffolder.md §3.6."""
SHORTEST_ENCODED: Final = 6
"""Bytes; the base64 of less is found in ordinary words."""
SHORTEST_LINE: Final = 8


def spellings(secret: str) -> Iterator[str]:
    """Every text under which a secret is to be masked; none for one that is too short."""
    plain = secret.strip()
    if len(plain) < SHORTEST:
        return
    for text in (secret, plain):
        yield text
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield quote(text, safe="")
        yield quote(text)
        yield quote_plus(text)
        # Lower-case escapes are just as valid.
        yield quote(text, safe="").replace("%2F", "%2f").replace("%3A", "%3a")
        yield repr(text)[1:-1]
    for line in plain.splitlines():
        if len(line.strip()) >= SHORTEST_LINE:
            yield line.strip()
    raw = plain.encode("utf-8", "surrogatepass")
    if len(raw) >= SHORTEST_ENCODED:
        yield raw.hex()
        yield raw.hex().upper()
        yield from _base64(raw)


def _base64(raw: bytes) -> Iterator[str]:
    """Base64 of the secret alone and as part of a longer text, where it may start at any of three offsets."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        # Characters that also depend on the neighbours are not part of what is looked for.
        start = (0, 2, 3)[offset]
        rest = (offset + len(raw)) % 3
        core = encoded[start : -1 if rest else None]
        for text in (core, core.replace("+", "-").replace("/", "_")):
            if len(text) >= SHORTEST_ENCODED:
                yield text
    whole = base64.b64encode(raw).decode()
    yield whole
    yield whole.rstrip("=")
    yield base64.urlsafe_b64encode(raw).decode()
    yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
