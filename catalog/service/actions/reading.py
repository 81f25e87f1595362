"""The actions that read: one entity, a query, and what there is to ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from app.errors import ConflictError, InputError
from app.interfaces import ActionInvocation, Principal, RegisteredAction
from catalog.interfaces import Entity, FullText, Order, PageRequest
from catalog.model.refs import ref_of
from catalog.permissions.permissions import ENTITY_READ
from catalog.query.projection import parse_fields
from catalog.service import audit
from catalog.service.actions import schemas
from catalog.service.actions.model_description import MODEL_DESCRIPTION
from catalog.service.authorized import Gate
from catalog.service.entities import AuthorizedEntities

Json = dict[str, Any]
Given = Mapping[str, Any]
AMBIGUOUS: Final = 20
"""Most entities that an answer about an ambiguous name lists."""
DEFAULT_LIMIT: Final = 50

_ORDER: Final[Json] = {
    "type": "object",
    "properties": {"field": {"type": "string"}, "order": {"type": "string", "enum": ["asc", "desc"]}},
    "required": ["field", "order"],
}


class ReadingActions:
    def __init__(self, gate: Gate, entities: AuthorizedEntities) -> None:
        self._gate = gate
        self._entities = entities

    async def one(self, given: Given, caller: Principal) -> Entity:
        """The one entity of a name.

        Raises:
            InputError: there is none. ConflictError: there are several.
        """
        query: Json = {"metadata.name": given["name"]}
        if given.get("kind"):
            query["kind"] = given["kind"]
        if given.get("namespace"):
            query["metadata.namespace"] = given["namespace"]
        sight = await self._gate.sight(ENTITY_READ, caller)
        audit.fetched("entity-fetch", caller, queryType="action", name=given["name"])
        page = await self._entities.page(PageRequest(AMBIGUOUS, query=query), sight)
        found: list[Entity] = [orjson.loads(item) for item in page.items]
        if not found:
            raise InputError(f'No entity found with name "{given["name"]}"')
        if len(found) > 1:
            refs = ", ".join(sorted(ref_of(entity) for entity in found))
            raise ConflictError(
                f'Multiple entities found with name "{given["name"]}", please provide more specific filters. '
                f"Entities found: {refs}"
            )
        return found[0]

    async def _one(self, call: ActionInvocation) -> Entity:
        return await self.one(call.input, call.caller)

    async def _query(self, call: ActionInvocation) -> Json:
        given, caller = call.input, call.caller
        sight = await self._gate.sight(ENTITY_READ, caller)
        audit.fetched("entity-fetch", caller, queryType="action-query")
        fields = parse_fields(given.get("fields"))
        page = await self._entities.page(_page_request(given), sight)
        items = [orjson.loads(item) for item in page.items]
        output: Json = {
            "items": items if fields is None else [fields.of(item) for item in items],
            "totalItems": page.total,
            "hasMoreEntities": page.next_cursor is not None,
        }
        if page.next_cursor is not None:
            output["nextPageCursor"] = page.next_cursor
        return output

    async def _describe(self, call: ActionInvocation) -> Json:
        return {"description": MODEL_DESCRIPTION}

    def actions(self) -> list[RegisteredAction]:
        return [
            RegisteredAction(
                "catalog",
                "get-catalog-model-description",
                "Get Catalog Model Description",
                "Describes the kinds of entities, their relations, and how to query them, as Markdown.",
                schemas.of({}),
                schemas.of({"description": schemas.text("The description as Markdown")}, ["description"]),
                self._describe,
                read_only=True,
                idempotent=True,
            ),
            RegisteredAction(
                "catalog",
                "get-catalog-entity",
                "Get Catalog Entity",
                "Finds the one entity of a name. Give kind and namespace too where a name is used more than once.",
                schemas.of(schemas.NAMED, ["name"]),
                schemas.ENTITY,
                self._one,
                read_only=True,
                idempotent=True,
            ),
            RegisteredAction(
                "catalog",
                "query-catalog-entities",
                "Query Catalog Entities",
                "Finds entities by a predicate, such as "
                '{"kind": "component", "spec.type": {"$in": ["service", "website"]}}.',
                schemas.of(
                    {
                        "query": {"type": "object", "description": "A predicate over entity fields"},
                        "fields": schemas.texts("Only these dotted paths of each entity"),
                        "limit": schemas.NUMBER,
                        "offset": schemas.NUMBER,
                        "orderFields": {"anyOf": [_ORDER, {"type": "array", "items": _ORDER}]},
                        "fullTextFilter": {
                            "type": "object",
                            "properties": {"term": {"type": "string"}, "fields": schemas.texts("Where to look")},
                            "required": ["term"],
                        },
                        "cursor": schemas.text("The nextPageCursor of an earlier answer"),
                    }
                ),
                schemas.of(
                    {
                        "items": {"type": "array", "items": {"type": "object"}},
                        "totalItems": {"type": "integer"},
                        "hasMoreEntities": schemas.truth("Whether there is a next page"),
                        "nextPageCursor": schemas.text("Gets the next page"),
                    },
                    ["items", "totalItems", "hasMoreEntities"],
                ),
                self._query,
                read_only=True,
                idempotent=True,
            ),
        ]


def _page_request(given: Given) -> PageRequest:
    limit = int(given.get("limit", DEFAULT_LIMIT))
    if given.get("cursor"):
        return PageRequest(limit, cursor=given["cursor"])
    orders = given.get("orderFields", ())
    text = given.get("fullTextFilter")
    fields = None if text is None else text.get("fields")
    return PageRequest(
        limit,
        query=given.get("query"),
        order=tuple(Order(one["field"], one["order"]) for one in ([orders] if isinstance(orders, dict) else orders)),
        full_text=None if text is None else FullText(text["term"], tuple(fields) if fields else None),
        offset=int(given.get("offset", 0)),
    )
