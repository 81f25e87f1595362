"""Media types by the end of a file's name, as the reference's static files have them."""

from __future__ import annotations

from typing import Final

_TYPES: Final = {
    "html": "text/html; charset=UTF-8",
    "js": "application/javascript; charset=UTF-8",
    "mjs": "application/javascript; charset=UTF-8",
    "css": "text/css; charset=UTF-8",
    "json": "application/json; charset=UTF-8",
    "map": "application/json; charset=UTF-8",
    "webmanifest": "application/manifest+json",
    "txt": "text/plain; charset=UTF-8",
    "md": "text/markdown; charset=UTF-8",
    "xml": "application/xml",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "ico": "image/x-icon",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "ttf": "font/ttf",
    "otf": "font/otf",
    "wasm": "application/wasm",
    "pdf": "application/pdf",
    "mp4": "video/mp4",
    "webm": "video/webm",
}


def media_type(path: str) -> str:
    return _TYPES.get(path.rpartition("/")[2].rpartition(".")[2].lower(), "application/octet-stream")


def is_text(media: str) -> bool:
    """Whether compressing such a file pays. The host says in `Vary` that such answers depend on what a client takes."""
    return media.startswith(("text/", "application/javascript", "application/json", "image/svg+xml"))
