"""Which type a file of a site is served as.

Whatever a browser might run in our origin is text (CVE-2021-32660): the portal reads it as such, sanitises it and shows
it in a shadow DOM. Source: spec/ui-backends.md §7.
"""

from __future__ import annotations

import mimetypes
import re
from typing import Final

PLAIN: Final = "text/plain; charset=utf-8"
_ACTIVE: Final = re.compile("htm|xml|svg|appcache|manifest|mathml|owl|rdf|rng|vtt|xht|xsd|xsl", re.IGNORECASE)
_EXCLUDED: Final = frozenset(
    {
        "text/html",
        "text/xml",
        "image/svg+xml",
        "text/xsl",
        "application/vnd.wap.xhtml+xml",
        "multipart/x-mixed-replace",
        "text/rdf",
        "application/mathml+xml",
        "application/octet-stream",
        "application/rdf+xml",
        "application/xhtml+xml",
        "application/xml",
        "text/cache-manifest",
        "text/vtt",
    }
)
_KNOWN: Final = {
    ".avif": "image/avif",
    ".eot": "application/vnd.ms-fontobject",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".otf": "font/otf",
    ".ttf": "font/ttf",
    ".wasm": "application/wasm",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "text/yaml",
    ".yml": "text/yaml",
}
# The table that comes with Python, and not the machine's: the answer must not depend on where we run.
_TYPES: Final = mimetypes.MimeTypes(())
_TEXTUAL: Final = frozenset({"application/json", "application/javascript"})


def content_type(name: str) -> str:
    """By the extension of a file's name, with a charset where there is text in it."""
    extension = _extension(name)
    if not extension or _ACTIVE.search(extension):
        return PLAIN
    found = _KNOWN.get(extension) or _TYPES.types_map[True].get(extension)
    if found is None or found in _EXCLUDED:
        return PLAIN
    return f"{found}; charset=utf-8" if found.startswith("text/") or found in _TEXTUAL else found


def _extension(name: str) -> str:
    """With its dot; a name that begins with its only dot has none."""
    base = name.rpartition("/")[2]
    dot = base.rfind(".")
    return base[dot:].lower() if dot > 0 else ""
