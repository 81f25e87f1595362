"""`search:query`, the action. Source: spec/ui-backends.md §4.2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson

from app.interfaces import ActionInvocation, RegisteredAction
from plugins.search.answers import cursors
from plugins.search.requests import RequestParser
from plugins.search.searching import Search

Json = dict[str, Any]
LIMIT: Final = 10
_DRAFT: Final = "http://json-schema.org/draft-07/schema#"


def query_action(search: Search, parser: RequestParser, types: Sequence[str]) -> RegisteredAction:
    async def run(call: ActionInvocation) -> Json:
        given = call.input
        request = parser.checked(
            given["term"],
            given.get("types"),
            given.get("filters") or {},
            given.get("pageCursor") or "",
            int(given.get("pageLimit", LIMIT)),
        )
        answer = await search.query(request, call.caller)
        more = cursors(answer, request)
        output: Json = {
            "results": [
                {
                    "type": one.type,
                    "document": orjson.loads(one.document),
                    "highlight": {"preTag": search.pre_tag, "postTag": search.post_tag, "fields": one.fields or {}},
                    "rank": one.rank,
                }
                for one in answer.results
            ],
            "hasMoreResults": answer.has_more,
        }
        if "nextPageCursor" in more:
            output["nextPageCursor"] = more["nextPageCursor"]
        if answer.total is not None:
            output["totalItems"] = answer.total
        return output

    return RegisteredAction(
        "search",
        "query",
        "Query Search Engine",
        "Finds documents by words: all types of documents, or those named.\n"
        f"The types are: {', '.join(types)}. Results come in pages: give `nextPageCursor` back as `pageCursor`.",
        input=_object(
            {
                "term": {"type": "string", "description": "What to look for; empty for everything"},
                "types": {
                    "type": "array",
                    "items": {"type": "string", "enum": list(types)},
                    "description": "Only documents of these types",
                },
                "filters": {
                    "type": "object",
                    "additionalProperties": True,
                    "description": 'What documents must have, such as {"kind": "Component"}; a list names several',
                },
                "pageLimit": {"type": "number", "default": LIMIT, "description": "Results of a page"},
                "pageCursor": {"type": "string", "description": "The nextPageCursor of an earlier answer"},
            },
            "term",
        ),
        output=_object(
            {
                "results": {"type": "array", "items": _RESULT, "description": "The results, best first"},
                "nextPageCursor": {"type": "string", "description": "Gets the next page, if there is one"},
                "totalItems": {"type": "number", "description": "How many results there are in all"},
                "hasMoreResults": {"type": "boolean", "description": "Whether there is a next page"},
            },
            "results",
            "hasMoreResults",
        ),
        run=run,
        read_only=True,
    )


def _object(properties: Json, *required: str) -> Json:
    return {"$schema": _DRAFT, "type": "object", "properties": properties, "required": list(required)}


_RESULT: Final[Json] = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "document": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("title", "text", "location")},
            "required": ["title", "text", "location"],
            "additionalProperties": True,
        },
        "highlight": {
            "type": "object",
            "properties": {
                "preTag": {"type": "string"},
                "postTag": {"type": "string"},
                "fields": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "required": ["preTag", "postTag", "fields"],
        },
        "rank": {"type": "number"},
    },
    "required": ["type", "document"],
}
