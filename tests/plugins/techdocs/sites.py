"""Built sites and entities for tests that are not about building."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from plugins.techdocs.interfaces import METADATA, Site

SITE = Site("lines", "component", "night-train")
STAMP = 1_700_000_000_000


def built_site(folder: Path, *, stamp: int = STAMP, etag: str | None = None, **files: str) -> Path:
    """What mkdocs leaves behind, in short. `__` in names stands for `/`, `_0_` for a dot."""
    contents: dict[str, str | bytes] = {
        "index.html": "<h1>Night train</h1><script>steal()</script>",
        "stops/index.html": "<h1>Stops</h1>",
        "assets/main.css": "h1 { color: navy }",
        "assets/map.svg": "<svg onload='steal()'/>",
        "assets/logo.png": b"\x89PNG",
        "search/search_index.json": json.dumps(
            {"docs": [{"location": "stops/#dover", "title": "Dover &amp; Calais", "text": "By &lt;boat&gt;"}]}
        ),
        "odd & names/+a b.txt": "plus",
    }
    contents |= {name.replace("__", "/").replace("_0_", "."): text for name, text in files.items()}
    metadata: dict[str, Any] = {
        "site_name": "Night train",
        "site_description": "None",
        "build_timestamp": stamp,
        "files": sorted([*contents, METADATA]),
    }
    contents[METADATA] = json.dumps(metadata if etag is None else {**metadata, "etag": etag})
    for path, content in contents.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def entity(name: str = "night-train", *, namespace: str = "lines", **annotations: str) -> dict[str, Any]:
    known = {f"backstage.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-of-{name}", "annotations": known},
        "spec": {"type": "service", "lifecycle": "production", "owner": "group:default/sleepers"},
    }
