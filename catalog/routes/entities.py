"""Reads of entities. Source: spec/catalog.md §1.3."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.errors import InputError
from app.interfaces import JsonBytes, caller, parsed
from catalog.interfaces import FullText, Order, PageRequest
from catalog.json_numbers import dumps
from catalog.model.refs import canonical
from catalog.permissions.permissions import ENTITY_READ
from catalog.query.filters import parse_filters
from catalog.query.ordering import parse_order, parse_order_fields
from catalog.query.predicates import and_queries, check_query
from catalog.query.projection import Fields, Projector, parse_fields
from catalog.routes.answers import array, array_answer, fresh, gaps_body, page_body
from catalog.routes.paging import LARGEST, link_header, paging_of
from catalog.routes.ports import CatalogPorts
from catalog.service import audit
from catalog.service.authorized import Sight

DEFAULT_LIMIT: Final = 200
"""Of `by-query`. The reference's own documentation says 20; this is what it does."""
MALFORMED_BODY: Final = "Malformed request body (did you remember to specify an application/json content type?), "


def entity_routes(ports: CatalogPorts, projector: Projector) -> APIRouter:
    routes = APIRouter(tags=["Entity"])

    async def begin(request: Request, event: str) -> tuple[Sight, str]:
        """What the caller may see, and the ETag of what follows."""
        who = caller(request)
        sight = await ports.gate.sight(ENTITY_READ, who)
        audit.fetched("entity-fetch", who, queryType=event)
        return sight, await ports.freshness.etag(sight)

    @routes.get("/entities")
    async def entities(request: Request) -> Response:
        query = parsed(request).query
        predicate, fields = parse_filters(query.get("filter")), parse_fields(query.get("fields"))
        order, paging = parse_order(query.get("order")), paging_of(query)
        sight, etag = await begin(request, "all")
        if (unchanged := fresh(request, etag)) is not None:
            return unchanged
        if paging is None:
            # The reference streams this list without an ETag. One from elsewhere is honoured all the same.
            batches = ports.entities.everything(predicate, order[0] if order else None, sight)
            return await array_answer(_projected(batches, projector, fields))
        found, more = await ports.entities.listing(predicate, order, paging.limit, paging.offset, sight)
        headers = {"etag": etag}
        if more and paging.limit is not None:
            headers["link"] = link_header(request.scope["query_string"], paging.following())
        return JsonBytes(array(projector.project(found, fields)), headers=headers)

    @routes.get("/entities/by-query")
    async def by_query(request: Request) -> Response:
        query = parsed(request).query
        asked, fields = _page_of_parameters(query), parse_fields(query.get("fields"))
        sight, etag = await begin(request, "by-query")
        if (unchanged := fresh(request, etag)) is not None:
            return unchanged
        page = await ports.entities.page(asked, sight)
        return JsonBytes(page_body(projector.project(page.items, fields), page), headers={"etag": etag})

    @routes.post("/entities/by-query")
    async def by_predicate(request: Request) -> Response:
        body = parsed(request).body
        asked, fields = _page_of_body(body), parse_fields(body.get("fields"))
        sight, _ = await begin(request, "by-query")
        page = await ports.entities.page(asked, sight)
        return JsonBytes(page_body(projector.project(page.items, fields), page), etag=False)

    @routes.post("/entities/by-refs")
    async def by_refs(request: Request) -> Response:
        given = parsed(request)
        body: Mapping[str, Any] = given.body
        if "entityRefs" not in body:
            # An absent body passes the contract.
            raise InputError(f'{MALFORMED_BODY}Validation error: Required at "entityRefs"')
        query = body.get("query")
        if query is not None:
            check_query(query, prefix=MALFORMED_BODY)
        predicate = and_queries([parse_filters(given.query.get("filter")), query])
        fields = parse_fields(body.get("fields"))
        sight, _ = await begin(request, "by-refs")
        found = await ports.entities.by_refs(body["entityRefs"], predicate, sight)
        return JsonBytes(gaps_body(projector.project_some(found, fields)), etag=False)

    @routes.get("/entities/by-uid/{uid}")
    async def by_uid(request: Request) -> Response:
        sight, etag = await begin(request, "by-uid")
        document = await ports.entities.by_uid(request.path_params["uid"], sight)
        return fresh(request, etag) or JsonBytes(document, headers={"etag": etag})

    @routes.get("/entities/by-name/{kind}/{namespace}/{name}")
    async def by_name(request: Request) -> Response:
        name = request.path_params
        sight, etag = await begin(request, "by-name")
        document = await ports.entities.by_name(name["kind"], name["namespace"], name["name"], sight)
        return fresh(request, etag) or JsonBytes(document, headers={"etag": etag})

    @routes.get("/entities/by-name/{kind}/{namespace}/{name}/ancestry")
    async def ancestry(request: Request) -> Response:
        name = request.path_params
        ref = canonical(name["kind"], name["namespace"], name["name"])
        sight, _ = await begin(request, "ancestry")
        found = await ports.entities.ancestry(ref, sight)
        items = [b'{"entity":%b,"parentEntityRefs":%b}' % (one.document, dumps(list(one.parents))) for one in found]
        return JsonBytes(b'{"rootEntityRef":%b,"items":%b}' % (dumps(ref), array(items)))

    return routes


async def _projected(
    batches: AsyncIterator[Sequence[bytes]], projector: Projector, fields: Fields | None
) -> AsyncIterator[Sequence[bytes]]:
    async for batch in batches:
        yield projector.project(batch, fields)


def _page_of_parameters(query: Mapping[str, Any]) -> PageRequest:
    limit = min(query.get("limit", DEFAULT_LIMIT), LARGEST)
    if "cursor" in query:
        return PageRequest(limit, cursor=query["cursor"])
    fields = tuple(name for text in query.get("fullTextFilterFields", ()) if (name := text.strip()))
    return PageRequest(
        limit,
        query=parse_filters(query.get("filter")),
        order=parse_order_fields(query.get("orderField")),
        full_text=FullText(query.get("fullTextFilterTerm", ""), fields or None),
        offset=min(query.get("offset", 0), LARGEST),
        total=query.get("totalItems") != "exclude",
    )


def _page_of_body(body: Mapping[str, Any]) -> PageRequest:
    limit = _whole(body.get("limit", DEFAULT_LIMIT), "limit")
    if "cursor" in body:
        if not body["cursor"]:
            raise InputError("Cursor cannot be empty")
        return PageRequest(limit, cursor=body["cursor"])
    text = body.get("fullTextFilter")
    fields = None if text is None else text.get("fields")
    return PageRequest(
        limit,
        query=body.get("query"),
        order=tuple(Order(one["field"], one["order"]) for one in body.get("orderBy", ())),
        full_text=None if text is None else FullText(text.get("term", ""), None if fields is None else tuple(fields)),
        offset=_whole(body.get("offset", 0), "offset"),
        total=body.get("totalItems") != "exclude",
    )


def _whole(number: int | float, name: str) -> int:
    """The reference fails on negative numbers and takes fractions; both are the client's mistake."""
    if number % 1:
        raise InputError(f"request/body/{name} must be integer")
    if number < 0:
        raise InputError(f"request/body/{name} must be >= 0")
    return min(int(number), LARGEST)
