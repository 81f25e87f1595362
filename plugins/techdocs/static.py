"""`/api/techdocs/static/docs`: the files of sites. Source: spec/ui-backends.md §7; CVE-2024-45816, CVE-2021-32660."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse

from app.errors import CallboardError, NotAllowedError, NotFoundError
from app.interfaces import caller
from catalog.model.refs import EntityRef
from plugins.techdocs import metrics
from plugins.techdocs.content_types import content_type
from plugins.techdocs.interfaces import INDEX, Publisher, Site, StoredFile
from plugins.techdocs.readers import DocsReader
from plugins.techdocs.references import forwarded_to, site_of
from plugins.techdocs.services import TechdocsServices

SANDBOX: Final = "default-src 'none'; sandbox"
"""Opened by itself, a file of a site can do nothing: it is somebody else's, and in our origin."""
_DEPTH: Final = 7
"""Segments of the path up to and with the name: api, techdocs, static, docs, namespace, kind, name."""


def static_routes(reader: DocsReader, services: TechdocsServices, *, guarded: bool) -> APIRouter:
    """`guarded`: an entity's files are for those who may read the entity."""
    routes = APIRouter(tags=["TechDocs"])

    @routes.get("/static/docs/{namespace}/{kind}/{name}/{path:path}")
    async def file(request: Request) -> Response:
        values = request.path_params
        ref, path = EntityRef(values["kind"], values["namespace"], values["name"]), values["path"]
        confined = _is_confined(path)
        if guarded or caller(request).restrictions is not None:
            if not confined:
                raise NotFoundError(f"Content not found for {ref}")
            if await reader.entity(ref, caller(request)) is None:
                raise NotFoundError(f"Entity not found for {ref}")
        try:
            site = site_of(ref, keep_case=reader.keep_case)
        except NotAllowedError:
            confined = False
        if not confined:
            return _missing(services.publisher)
        written = Site(values["namespace"], values["kind"], values["name"])
        if services.publisher.redirects_case and not reader.keep_case and written != site:
            return RedirectResponse(_lower_case(request), 301)
        return await _answer(request, site, path, ref)

    async def _answer(request: Request, site: Site, path: str, ref: EntityRef) -> Response:
        publisher = services.publisher
        path = posixpath.normpath(path).lstrip("/") if path else "."
        found = await publisher.open(site, path)
        if found is None and publisher.redirects_case and await publisher.is_folder(site, path):
            if not _raw(request).endswith("/"):
                return RedirectResponse(f"{_raw(request)}/", 301)
            path = posixpath.normpath(posixpath.join(path, INDEX))
            found = await publisher.open(site, path)
        if found is None:
            other = await _stand_in(request, ref)
            found = await publisher.open(other, path) if other is not None else None
        metrics.files.labels("missing" if found is None else "served").inc()
        return _missing(publisher) if found is None else _sent(found, path)

    async def _stand_in(request: Request, ref: EntityRef) -> Site | None:
        """The site of the entity whose documentation this one shows."""
        entity = await reader.entity(ref, caller(request))
        if entity is None:
            return None
        try:
            if forwarded_to(entity) is None:
                return None
            docs = await reader.docs_of(entity, caller(request))
        except CallboardError:
            return None
        return docs.site if docs is not None else None

    return routes


def _is_confined(path: str) -> bool:
    """Whether a decoded path stays below the site, however it was encoded."""
    return "\\" not in path and "\0" not in path and ".." not in path.split("/")


def _raw(request: Request) -> str:
    raw: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    return raw.partition(b"?")[0].decode("latin-1")


def _lower_case(request: Request) -> str:
    """The path with namespace, kind and name in lower case, and the rest as it was sent."""
    parts, seen = _raw(request).split("/"), 0
    for index, part in enumerate(parts):
        if part:
            seen += 1
            if _DEPTH - 3 < seen <= _DEPTH:
                parts[index] = part.lower()
    # Never two slashes in front: that would be another host.
    return "/" + "/".join(parts).lstrip("/")


def _missing(publisher: Publisher) -> Response:
    headers = {"content-security-policy": SANDBOX}
    if not publisher.missing:
        return Response(status_code=404, headers=headers)
    return Response(publisher.missing, 404, headers, "text/html; charset=utf-8")


def _headers(path: str) -> Mapping[str, str]:
    # Not "public": what is behind a login must not be answered by a shared cache.
    headers = {"cache-control": "private, max-age=0"}
    # A browser's own viewer does not work in a sandbox, and runs nothing of the file's in our origin.
    return headers if path.lower().endswith(".pdf") else {**headers, "content-security-policy": SANDBOX}


def _sent(found: StoredFile, path: str) -> Response:
    headers, kind = dict(_headers(path)), content_type(path)
    if found.path is not None:
        try:
            status = os.stat(found.path)  # noqa: PTH116 - as the response takes it
        except FileNotFoundError:
            # Published anew since we looked.
            raise NotFoundError("File Not Found") from None
        return FileResponse(found.path, headers=headers, media_type=kind, stat_result=status)
    assert found.chunks is not None
    if found.size is not None:
        headers["content-length"] = str(found.size)
    if found.etag is not None:
        headers["etag"] = found.etag
    if found.modified is not None:
        headers["last-modified"] = format_datetime(found.modified, usegmt=True)
    return StreamingResponse(found.chunks, headers=headers, media_type=kind)
