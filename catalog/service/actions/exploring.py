"""The actions that Callboard adds: the graph around entities, what somebody owns, and why something is not there."""

from __future__ import annotations

from typing import Any, Final

import orjson

from app.errors import InputError, NotFoundError
from app.interfaces import ActionInvocation, RegisteredAction
from catalog.graph.model import GraphRequest, canonical
from catalog.graph.owned import owned_query
from catalog.graph.ownership import Ownership
from catalog.graph.walk import GraphWalker
from catalog.graph.wire import graph_document
from catalog.interfaces import Order, PageRequest
from catalog.permissions.permissions import ENTITY_READ
from catalog.query.projection import parse_fields
from catalog.service import audit
from catalog.service.actions import schemas
from catalog.service.authorized import Gate
from catalog.service.entities import AuthorizedEntities
from catalog.service.explaining import Explainer

Json = dict[str, Any]
PLUGIN: Final = "callboard"
"""Beside the catalog's: those are Backstage's, no more and no fewer."""
_DEPTH: Final[Json] = {"type": "integer", "minimum": 0, "maximum": 20}
_REF: Final = "The ref of an entity, such as component:default/website"


class ExploringActions:
    def __init__(
        self, gate: Gate, entities: AuthorizedEntities, walker: GraphWalker, ownership: Ownership, explainer: Explainer
    ) -> None:
        self._gate, self._entities = gate, entities
        self._walker, self._ownership, self._explainer = walker, ownership, explainer

    async def _graph(self, call: ActionInvocation) -> Json:
        given = call.input
        asked = GraphRequest(
            roots=tuple(dict.fromkeys(canonical(ref) for ref in given["entityRefs"])),
            depth=given.get("depth", 1),
            direction=given.get("direction", "outgoing"),
            relations=tuple(given.get("relations", ())),
            kinds=tuple(kind.lower() for kind in given.get("kinds", ())),
            limit=given.get("limit", 200),
        )
        sight = await self._gate.sight(ENTITY_READ, call.caller)
        audit.fetched("entity-fetch", call.caller, queryType="action-graph", entityRefs=asked.roots)
        if sight.denied:
            raise NotFoundError(f"No such entity {', '.join(asked.roots)}")
        return graph_document(await self._walker.walk(asked, visible=sight.query))

    async def _owned(self, call: ActionInvocation) -> Json:
        given, ref = call.input, canonical(call.input["entityRef"])
        sight = await self._gate.sight(ENTITY_READ, call.caller)
        audit.fetched("entity-fetch", call.caller, queryType="action-owned", entityRef=ref)
        if (await self._entities.by_refs([ref], None, sight))[0] is None:
            raise NotFoundError(f"No such entity {ref}")
        through, complete = await self._ownership.owners(ref, given.get("depth", 20), visible=sight.query)
        wanted = owned_query([owner.ref for owner in through], tuple(given.get("kinds", ())))
        page = await self._entities.page(
            PageRequest(
                given.get("limit", 100),
                query=wanted,
                order=(Order("metadata.name"),),
                offset=given.get("offset", 0),
            ),
            sight,
        )
        fields = parse_fields(given.get("fields"))
        items = [orjson.loads(item) for item in page.items]
        return {
            "owner": ref,
            "owners": [{"ref": owner.ref, "path": list(owner.path)} for owner in through],
            "ownersTruncated": not complete,
            "items": items if fields is None else [fields.of(item) for item in items],
            "totalItems": page.total,
        }

    async def _explain(self, call: ActionInvocation) -> Json:
        ref, url = call.input.get("entityRef"), call.input.get("url")
        if (ref is None) == (url is None):
            raise InputError("Exactly one of 'entityRef' and 'url' is to be given")
        return await self._explainer.explain(call.caller, ref=None if ref is None else canonical(ref), url=url)

    def actions(self) -> list[RegisteredAction]:
        return [
            RegisteredAction(
                PLUGIN,
                "get-entity-graph",
                "Get Entity Graph",
                "Finds what entities are related to, several relations deep: dependencies, parts, owners. Gives nodes "
                "and edges.",
                schemas.of(
                    {
                        "entityRefs": {
                            "type": "array",
                            "items": {"type": "string", "minLength": 1},
                            "minItems": 1,
                            "maxItems": 100,
                            "description": "Where to start",
                        },
                        "depth": {**_DEPTH, "description": "How many relations away; 1 unless given"},
                        "direction": {
                            "type": "string",
                            "enum": ["outgoing", "incoming", "both"],
                            "description": "Follow relations from the entities (the default), to them, or both",
                        },
                        "relations": schemas.texts("Only these relations, such as dependsOn"),
                        "kinds": schemas.texts("Only entities of these kinds"),
                        "limit": {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": 1000,
                            "description": "How many entities at most; 200 unless given",
                        },
                    },
                    ["entityRefs"],
                ),
                schemas.of({"nodes": {"type": "array"}, "edges": {"type": "array"}}, ["nodes", "edges"]),
                self._graph,
                read_only=True,
                idempotent=True,
            ),
            RegisteredAction(
                PLUGIN,
                "get-owned-entities",
                "Get Owned Entities",
                "Finds what a user or group owns: in their own name, through the user's groups, and through the groups "
                "below a group.",
                schemas.of(
                    {
                        "entityRef": {"type": "string", "minLength": 1, "description": "The ref of a user or group"},
                        "kinds": schemas.texts("Only entities of these kinds"),
                        "depth": {**_DEPTH, "description": "How many steps through groups; 20 unless given"},
                        "fields": schemas.texts("Only these dotted paths of each entity"),
                        "limit": {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": 1000,
                            "description": "How many entities at most; 100 unless given",
                        },
                        "offset": {"type": "integer", "minimum": 0, "description": "How many to pass over"},
                    },
                    ["entityRef"],
                ),
                schemas.of(
                    {
                        "owner": schemas.text("The ref that was asked for"),
                        "owners": {"type": "array", "items": {"type": "object"}},
                        "items": {"type": "array", "items": {"type": "object"}},
                        "totalItems": {"type": "integer"},
                    },
                    ["owner", "owners", "items", "totalItems"],
                ),
                self._owned,
                read_only=True,
                idempotent=True,
            ),
            RegisteredAction(
                PLUGIN,
                "explain-entity",
                "Explain Entity",
                "Says where an entity comes from, why it is as it is, what is wrong with it, or why it is not in the "
                "catalog. Ask with a ref, or with the URL of a descriptor.",
                schemas.of({"entityRef": schemas.text(_REF), "url": schemas.text("The URL of a descriptor")}),
                schemas.ENTITY,
                self._explain,
                read_only=True,
                idempotent=True,
            ),
        ]
