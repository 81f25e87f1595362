"""Answers of a frontend: its page, its files, and files of earlier bundles."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from plugins.frontend.assets import StoredAsset
from plugins.frontend.bundle import BundleFile, EntryPoint
from plugins.frontend.media_types import is_text, media_type

NO_CACHE: Final = "no-store, max-age=0"
MAX_CACHE: Final = "public, max-age=1209600"
"""Two weeks: the names of such files change with what is in them."""
REVALIDATE: Final = "no-cache"
_LEVEL: Final = 6
_BUDGET: Final = 32 * 1024 * 1024
"""Bytes of compressed files that are kept in memory, for bundles that bring none along."""
_FRAME: Final = {"x-frame-options": "DENY"}


class Answers:
    """Makes answers; files are read and compressed off the event loop."""

    def __init__(self) -> None:
        self._compressed: dict[Path, bytes] = {}
        self._held = 0
        self._working = asyncio.Lock()

    def page(self, entry: EntryPoint, *, headers: Mapping[str, str] | None = None) -> Response:
        return Response(
            entry.page,
            headers={**_FRAME, "cache-control": NO_CACHE, **(headers or {})},
            media_type="text/html; charset=utf-8",
        )

    async def file(self, request: Request, file: BundleFile, *, cache: str | None) -> Response:
        """A file as the client can take it; `cache` None is what the kind of file wants."""
        cache = cache or (NO_CACHE if file.media_type.startswith("text/html") else "public, max-age=0")
        headers = {
            **_FRAME,
            "cache-control": REVALIDATE if file.content is not None else cache,
            "etag": file.etag,
            "last-modified": formatdate(file.modified, usegmt=True),
            "content-type": file.media_type,
        }
        if _matches(request.headers.get("if-none-match"), file.etag):
            return Response(status_code=304, headers={k: v for k, v in headers.items() if k != "content-type"})
        body, encoding = await self._body(file, request.headers.get("accept-encoding", ""))
        if encoding:
            headers["content-encoding"] = encoding
        return Response(body, headers=headers)

    def stored(self, request: Request, path: str, asset: StoredAsset) -> Response:
        headers = {
            **_FRAME,
            "cache-control": MAX_CACHE,
            "last-modified": formatdate(asset.modified.timestamp(), usegmt=True),
            "content-type": media_type(path),
        }
        if not asset.compressed:
            return Response(asset.content, headers=headers)
        if _takes(request.headers.get("accept-encoding", ""), "gzip"):
            return Response(asset.content, headers={**headers, "content-encoding": "gzip"})
        return Response(gzip.decompress(asset.content), headers=headers)

    def nothing(self) -> Response:
        return Response(status_code=404, headers=_FRAME)

    async def _body(self, file: BundleFile, accept: str) -> tuple[bytes, str | None]:
        if file.content is None and file.encoded:
            for encoding, path in file.encoded.items():
                if _takes(accept, encoding):
                    return await asyncio.to_thread(path.read_bytes), encoding
        if is_text(file.media_type) and not file.path.name.endswith(".map") and _takes(accept, "gzip"):
            return await self._gzipped(file), "gzip"
        return file.content if file.content is not None else await asyncio.to_thread(file.path.read_bytes), None

    async def _gzipped(self, file: BundleFile) -> bytes:
        if (kept := self._compressed.get(file.path)) is not None:
            return kept
        # One at a time: a page asks for thirty files at once, and other requests want the processor too.
        async with self._working:
            if (kept := self._compressed.get(file.path)) is not None:
                return kept
            made = await asyncio.to_thread(_compress, file)
            if self._held + len(made) <= _BUDGET:
                self._compressed[file.path] = made
                self._held += len(made)
            return made


def _compress(file: BundleFile) -> bytes:
    return gzip.compress(file.content if file.content is not None else file.path.read_bytes(), _LEVEL, mtime=0)


def _takes(accept: str, encoding: str) -> bool:
    for part in accept.lower().split(","):
        name, _, parameters = part.partition(";")
        if name.strip() == encoding:
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _matches(given: str | None, etag: str) -> bool:
    if given is None:
        return False
    known = {part.strip().removeprefix("W/") for part in given.split(",")}
    return "*" in known or etag.removeprefix("W/") in known
