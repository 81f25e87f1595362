"""What Callboard adds to the catalog's API: the graph, what somebody owns, and why something is or is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.errors import InputError, NotFoundError
from app.interfaces import JsonBytes, caller, parsed
from catalog.graph.dot import dot
from catalog.graph.explanation import as_text
from catalog.graph.mermaid import mermaid
from catalog.graph.model import Graph, GraphRequest, canonical
from catalog.graph.owned import open_cursor, owned_query, seal_cursor
from catalog.graph.svg import svg
from catalog.graph.wire import graph_document
from catalog.interfaces import Order, PageRequest
from catalog.json_numbers import dumps
from catalog.permissions.permissions import ENTITY_READ
from catalog.query.projection import Projector, parse_fields
from catalog.routes.answers import array, fresh, json_answer, page_info
from catalog.routes.ports import CatalogPorts
from catalog.service import audit

DRAWINGS: Final[Mapping[str, tuple[str, Callable[[Graph], str]]]] = {
    "mermaid": ("text/vnd.mermaid; charset=utf-8", mermaid),
    "dot": ("text/vnd.graphviz; charset=utf-8", dot),
    "svg": ("image/svg+xml; charset=utf-8", svg),
}
PICTURE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A picture opened on its own runs nothing and fetches nothing, whatever it holds."""


def graph_routes(ports: CatalogPorts, projector: Projector) -> APIRouter:
    routes = APIRouter(tags=["Callboard"])

    @routes.get("/graph")
    async def graph(request: Request) -> Response:
        query = parsed(request).query
        asked = GraphRequest(
            roots=tuple(dict.fromkeys(canonical(ref) for ref in query["ref"] if ref)),
            depth=query.get("depth", 1),
            direction=query.get("direction", "outgoing"),
            relations=_names(query, "relations"),
            kinds=tuple(kind.lower() for kind in _names(query, "kinds")),
            limit=query.get("limit", 200),
        )
        if not asked.roots:
            raise InputError("Missing or empty ref parameter")
        if len(asked.roots) > asked.limit:
            raise InputError("There are more refs than limit allows entities")
        who = caller(request)
        sight = await ports.gate.sight(ENTITY_READ, who)
        audit.fetched("entity-fetch", who, queryType="graph", entityRefs=asked.roots)
        etag = await ports.freshness.etag(sight)
        if sight.denied:
            raise NotFoundError(f"No such entity {', '.join(asked.roots)}")
        if (unchanged := fresh(request, etag)) is not None:
            return unchanged
        found = await ports.walker.walk(asked, visible=sight.query)
        form = query.get("format", "json")
        if form == "json":
            return json_answer(graph_document(found), headers={"etag": etag})
        media_type, draw = DRAWINGS[form]
        headers = {"etag": etag}
        if form == "svg":
            headers["content-security-policy"] = PICTURE_POLICY
        return Response(draw(found), media_type=media_type, headers=headers)

    # `group:default/team-a` is one segment when its slash is encoded, and two when it is not.
    @routes.get("/owners/{ref:path}")
    async def owners(request: Request) -> Response:
        query = parsed(request).query
        ref = canonical(request.path_params["ref"])
        fields = parse_fields(query.get("fields"))
        who = caller(request)
        sight = await ports.gate.sight(ENTITY_READ, who)
        audit.fetched("entity-fetch", who, queryType="owned", entityRef=ref)
        etag = await ports.freshness.etag(sight)
        if (await ports.entities.by_refs([ref], None, sight))[0] is None:
            raise NotFoundError(f"No such entity {ref}")
        if (unchanged := fresh(request, etag)) is not None:
            return unchanged
        through, complete = await ports.ownership.owners(ref, query.get("depth", 20), visible=sight.query)
        wanted = owned_query([owner.ref for owner in through], _names(query, "kinds"))
        limit, cursor = query.get("limit", 100), query.get("cursor")
        asked = (
            PageRequest(limit, query=wanted, order=(Order("metadata.name"),))
            if cursor is None
            else PageRequest(limit, cursor=open_cursor(cursor, wanted))
        )
        page = await ports.entities.page(asked, sight)
        head = dumps(
            {
                "owner": ref,
                "owners": [{"ref": owner.ref, "path": list(owner.path)} for owner in through],
                "ownersTruncated": not complete,
                "totalItems": page.total,
                "pageInfo": page_info(seal_cursor(page.next_cursor), seal_cursor(page.prev_cursor)),
            }
        )
        items = array(projector.project(page.items, fields))
        return JsonBytes(b'%b,"items":%b}' % (head[:-1], items), headers={"etag": etag})

    @routes.get("/explain")
    async def explain(request: Request) -> Response:
        query = parsed(request).query
        ref, url = query.get("ref"), query.get("url")
        if (ref is None) == (url is None):
            raise InputError("Exactly one of the parameters 'ref' and 'url' is to be given")
        found = await ports.explainer.explain(caller(request), ref=None if ref is None else canonical(ref), url=url)
        if query.get("format", "json") == "text":
            return Response(as_text(found), media_type="text/plain; charset=utf-8")
        return json_answer(found)

    return routes


def _names(query: Mapping[str, Any], parameter: str) -> tuple[str, ...]:
    names = (name.strip() for text in query.get(parameter, ()) for name in text.split(","))
    return tuple(dict.fromkeys(name for name in names if name))
