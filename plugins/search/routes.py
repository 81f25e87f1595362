"""`GET /api/search/query`. Source: spec/ui-backends.md §6."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request, Response

from app.errors import CallboardError
from app.interfaces import JsonBytes, caller
from plugins.search import metrics
from plugins.search.answers import wire
from plugins.search.querystring import parse
from plugins.search.requests import RequestParser
from plugins.search.searching import Search


def search_api(search: Search, parser: RequestParser) -> APIRouter:
    routes = APIRouter(tags=["Search"])

    @routes.get("/query")
    async def query(request: Request) -> Response:
        began = time.perf_counter()
        result = "failed"
        try:
            asked = parser.of_query(parse(request.scope["query_string"]))
            answer = await search.query(asked, caller(request))
            result = "completed"
        except CallboardError:
            result = "refused"
            raise
        finally:
            metrics.queries.labels(result).observe(time.perf_counter() - began)
        return JsonBytes(wire(answer, asked, (search.pre_tag, search.post_tag)))

    @routes.get("/health")
    async def health(request: Request) -> Response:
        """Fails where the index cannot be reached."""
        await search.check()
        return JsonBytes(b'{"status":"ok"}')

    return routes
