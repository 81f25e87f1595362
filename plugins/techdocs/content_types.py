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
        "text/x-python",
    }
)
_KNOWN: Final = {
    ".7z": "application/x-7z-compressed",
    ".aac": "audio/x-aac",
    ".ai": "application/postscript",
    ".apk": "application/vnd.android.package-archive",
    ".avi": "video/x-msvideo",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".bz2": "application/x-bzip2",
    ".css": "text/css",
    ".csv": "text/csv",
    ".dmg": "application/x-apple-diskimage",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".eot": "application/vnd.ms-fontobject",
    ".eps": "application/postscript",
    ".epub": "application/epub+zip",
    ".exe": "application/x-msdos-program",
    ".flac": "audio/x-flac",
    ".geojson": "application/geo+json",
    ".gif": "image/gif",
    ".gz": "application/gzip",
    ".ico": "image/vnd.microsoft.icon",
    ".ics": "text/calendar",
    ".iso": "application/x-iso9660-image",
    ".jar": "application/java-archive",
    ".java": "text/x-java-source",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "application/javascript",
    ".json": "application/json",
    ".json5": "application/json5",
    ".jsonld": "application/ld+json",
    ".jsx": "text/jsx",
    ".m4a": "audio/mp4",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "application/javascript",
    ".mobi": "application/x-mobipocket-ebook",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".mpeg": "video/mpeg",
    ".mpg": "video/mpeg",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ogg": "audio/ogg",
    ".otf": "font/otf",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".psd": "image/vnd.adobe.photoshop",
    ".rar": "application/vnd.rar",
    ".rtf": "application/rtf",
    ".sh": "application/x-sh",
    ".sql": "application/x-sql",
    ".swf": "application/x-shockwave-flash",
    ".tar": "application/x-tar",
    ".tex": "application/x-tex",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".toml": "application/toml",
    ".ts": "video/mp2t",
    ".tsv": "text/tab-separated-values",
    ".ttf": "font/ttf",
    ".vcf": "text/x-vcard",
    ".wasm": "application/wasm",
    ".wav": "audio/wave",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xz": "application/x-xz",
    ".yaml": "text/yaml",
    ".yml": "text/yaml",
    ".zip": "application/zip",
}
"""What the reference's table says of files that documentation holds."""
# The table that comes with Python, and not the machine's: the answer must not depend on where we run.
_TYPES: Final = mimetypes.MimeTypes(())
_TEXTUAL: Final = frozenset({"application/json", "application/javascript"})


def content_type(name: str) -> str:
    """By the extension of a file's name, with a charset where there is text in it."""
    extension = _extension(name)
    if not extension or _ACTIVE.search(extension):
        return PLAIN
    found = _KNOWN.get(extension) or _TYPES.types_map[True].get(extension)
    if found is None or found in _EXCLUDED or found.endswith("+xml") or found.startswith("message/"):
        return PLAIN
    return f"{found}; charset=utf-8" if found.startswith("text/") or found in _TEXTUAL else found


def _extension(name: str) -> str:
    """With its dot; a name that begins with its only dot has none."""
    base = name.rpartition("/")[2]
    dot = base.rfind(".")
    return base[dot:].lower() if dot > 0 else ""
