"""Links in notifications: a click on one must never run anything. Source: spec/ui-backends.md §8."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from app.errors import CallboardError, InputError

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)


def check_link(link: str) -> None:
    """Paths within the portal and http(s) URLs pass, as browsers read them. Raises InputError."""
    # Browsers drop tabs and line breaks anywhere, and control characters and spaces around it.
    seen = re.sub(r"[\t\r\n]", "", link.removeprefix("/")).strip("".join(map(chr, range(33))))
    found = _SCHEME.match(seen)
    if found is None:
        return
    if found[1].lower() not in ("http", "https"):
        raise InputError("Invalid link provided", cause=CallboardError("Only HTTP/HTTPS links are allowed"))
    try:
        host = urlsplit(seen).hostname
    except ValueError:
        host = None
    if not host:
        raise InputError("Invalid link provided", cause=CallboardError("Invalid URL"))
