"""Answers, and how they go on the wire. Source: spec/ui-backends.md §6. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from plugins.search.requests import SearchRequest


@dataclass(frozen=True, slots=True)
class Result:
    """`document` is JSON as it goes on the wire; `fields` are its highlighted texts, None where nothing was typed."""

    type: str
    document: str
    rank: int
    fields: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Results:
    """`total` None: nothing that may be searched."""

    results: Sequence[Result]
    total: int | None
    has_more: bool = False


def wire(answer: Results, request: SearchRequest, tags: tuple[str, str]) -> bytes:
    """The answer as it goes on the wire; documents are passed on as they are stored."""
    parts: list[bytes] = []
    for one in answer.results:
        highlight = {"preTag": tags[0], "postTag": tags[1], "fields": one.fields or {}}
        parts.append(
            b'{"type":%b,"document":%b,"rank":%d,"highlight":%b}'
            % (orjson.dumps(one.type), one.document.encode(), one.rank, orjson.dumps(highlight))
        )
    more = cursors(answer, request)
    if answer.total is not None:
        more["numberOfResults"] = answer.total
    rest = orjson.dumps(more)[1:]
    return b'{"results":[%b]%b' % (b",".join(parts), b"," + rest if more else rest)


def cursors(answer: Results, request: SearchRequest) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if answer.total is None:
        return found
    if answer.has_more:
        found["nextPageCursor"] = request.next_cursor
    if request.previous_cursor is not None:
        found["previousPageCursor"] = request.previous_cursor
    return found
