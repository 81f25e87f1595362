"""Small frontends, as the build of a Backstage app leaves them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

MAIN = "main.0123456789ab.js"
TEMPLATE = """<!doctype html>
<html><head>
<link rel="icon" href="<%= publicPath %>/favicon.ico" />
<title><%= config.getOptionalString('app.title') ?? 'Backstage' %></title>
<script defer src="<%= publicPath %>/static/main.js"></script></head>
<body>the main page</body></html>
"""
BUILT = """<html><head><script type="backstage.io/config">
[{"context": "build", "data": {"app": {"title": "of the build"}}}]
</script></head><body>the page as it was built</body></html>
"""
SCHEMAS: list[dict[str, Any]] = [
    {
        "packageName": "stage",
        "value": {
            "type": "object",
            "properties": {
                "app": {
                    "type": "object",
                    "properties": {
                        "title": {"type": "string", "visibility": "frontend"},
                        "baseUrl": {"type": "string", "visibility": "frontend"},
                    },
                },
                "backend": {"type": "object", "properties": {"baseUrl": {"type": "string", "visibility": "frontend"}}},
            },
        },
    }
]


def write_bundle(
    folder: Path,
    *,
    template: str | None = TEMPLATE,
    built: str | None = BUILT,
    schemas: list[dict[str, Any]] | None = SCHEMAS,
    script: str = "console.log('main');" + "/* long */" * 200,
    name: str = MAIN,
) -> Path:
    """A bundle in a folder, which is made."""
    static = folder / "static"
    static.mkdir(parents=True)
    for file, content in (("index.html.tmpl", template), ("index.html", built)):
        if content is not None:
            (folder / file).write_text(content)
    if schemas is not None:
        (folder / ".config-schema.json").write_text(json.dumps({"backstageConfigSchemaVersion": 1, "schemas": schemas}))
    (static / name).write_text(script)
    (static / f"{name}.map").write_text("{}")
    (static / "font.woff2").write_bytes(b"\0\1font")
    (folder / "favicon.ico").write_bytes(b"icon")
    (folder / "offline.html").write_text("<p>offline")
    return folder


def compressed(path: Path) -> None:
    """Puts compressed forms beside a file; the one that stands for Brotli is told by its text."""
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.with_name(f"{path.name}.br").write_bytes(b"brotli")
