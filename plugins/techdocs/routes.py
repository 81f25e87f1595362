"""`/api/techdocs`: metadata of sites, and their building. Source: spec/ui-backends.md §7."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.errors import CallboardError, InputError, NotFoundError
from app.interfaces import JsonBytes, Reading, caller
from catalog.model.refs import EntityRef
from plugins.techdocs.interfaces import Publisher, Site
from plugins.techdocs.publishing.cached import CachedPublisher
from plugins.techdocs.readers import DocsReader
from plugins.techdocs.references import location_of
from plugins.techdocs.services import TechdocsServices
from plugins.techdocs.synchronizer import Message


def docs_routes(reader: DocsReader, services: TechdocsServices, reading: Reading) -> APIRouter:
    routes = APIRouter(tags=["TechDocs"])

    @routes.get("/metadata/techdocs/{namespace}/{kind}/{name}")
    async def techdocs_metadata(request: Request) -> Response:
        """What the build wrote: `{site_name, site_description, etag?, build_timestamp, files}`."""
        ref = _ref(request)
        entity = await reader.entity(ref, caller(request))
        if entity is None:
            raise _no_metadata(ref)
        try:
            docs = await reader.docs_of(entity, caller(request))
            if docs is None:
                raise _no_metadata(ref)
            metadata = await services.publisher.metadata(docs.site)
        except InputError as error:
            raise _no_metadata(ref) from error
        except NotFoundError as error:
            # Where the file would have been is nobody's business.
            raise _no_metadata(ref) from error
        return JsonBytes(orjson.dumps(metadata))

    @routes.get("/metadata/entity/{namespace}/{kind}/{name}")
    async def entity_metadata(request: Request) -> Response:
        """The entity with `locationMetadata: {type, target}`, where its documentation lies."""
        ref = _ref(request)
        entity = await reader.entity(ref, caller(request))
        if entity is None:
            raise _no_metadata(ref)
        try:
            location = location_of(entity, reading)
        except CallboardError as error:
            raise NotFoundError(f"Unable to get metadata for '{ref}'", cause=error) from error
        return JsonBytes(
            orjson.dumps({**entity, "locationMetadata": {"type": location.type, "target": location.target}})
        )

    @routes.get("/sync/{namespace}/{kind}/{name}")
    async def sync(request: Request) -> Response:
        """Server-sent events: `log` lines, then `finish` with `{"updated": …}` or `error` with a text."""
        entity = await reader.entity(_ref(request), caller(request))
        docs = await reader.docs_of(entity, caller(request)) if entity is not None else None
        if docs is None or not docs.entity["metadata"].get("uid"):
            raise NotFoundError("Entity metadata UID missing")
        messages: AsyncIterator[Message]
        synchronizer = services.synchronizer
        if synchronizer is not None:
            messages = synchronizer.sync(docs.entity, docs.site)
        else:
            messages = _published_elsewhere(services.publisher, docs.site)
        headers = {"cache-control": "no-cache", "connection": "keep-alive"}
        answer = StreamingResponse(_events(messages), headers=headers)
        # Given as a header: the class would add a charset, which clients of event streams trip over.
        answer.raw_headers.append((b"content-type", b"text/event-stream"))
        return answer

    return routes


def _ref(request: Request) -> EntityRef:
    values = request.path_params
    return EntityRef(values["kind"], values["namespace"], values["name"])


def _no_metadata(ref: EntityRef) -> NotFoundError:
    return NotFoundError(f"Unable to get metadata for '{ref}'")


async def _published_elsewhere(publisher: Publisher, site: Site) -> AsyncIterator[Message]:
    updated = False
    if isinstance(publisher, CachedPublisher):
        try:
            updated = await publisher.refreshed(site)
        except CallboardError:
            updated = False
    yield "finish", {"updated": updated}


async def _events(messages: AsyncIterator[Message]) -> AsyncIterator[bytes]:
    async for kind, data in messages:
        yield b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps(data))
