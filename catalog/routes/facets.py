"""How many entities have each value of some fields. Source: spec/catalog.md §1.3."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.errors import InputError
from app.interfaces import JsonBytes, caller, parsed
from catalog.interfaces import Query
from catalog.permissions.permissions import ENTITY_READ
from catalog.query.filters import parse_filters
from catalog.query.predicates import check_query
from catalog.routes.answers import fresh
from catalog.routes.ports import CatalogPorts
from catalog.service import audit


def facet_routes(ports: CatalogPorts) -> APIRouter:
    routes = APIRouter(tags=["Entity"])

    async def answer(request: Request, facets: Sequence[str], query: Query | None, *, cached: bool) -> Response:
        wanted = list(dict.fromkeys(facet for facet in facets if facet))
        if not wanted:
            raise InputError("Missing or empty facets parameter")
        who = caller(request)
        sight = await ports.gate.sight(ENTITY_READ, who)
        audit.fetched("entity-facets", who, facets=wanted)
        etag = await ports.freshness.etag(sight)
        if cached and (unchanged := fresh(request, etag)) is not None:
            return unchanged
        found = await ports.entities.facets(wanted, query, sight)
        # orjson writes the values, which are dataclasses, as they are.
        body = orjson.dumps({"facets": {facet: found[facet] for facet in wanted}})
        return JsonBytes(body, headers={"etag": etag} if cached else None, etag=cached)

    @routes.get("/entity-facets")
    async def facets(request: Request) -> Response:
        query = parsed(request).query
        return await answer(request, query["facet"], parse_filters(query.get("filter")), cached=True)

    @routes.post("/entity-facets")
    async def facets_by_predicate(request: Request) -> Response:
        body = parsed(request).body
        if (query := body.get("query")) is not None:
            check_query(query)
        return await answer(request, body["facets"], query, cached=False)

    return routes
