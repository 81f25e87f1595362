"""Pages of what somebody owns. Their cursors leave the query out: it is put together anew for each page.

A query names every owner, and of a large group there may be thousands; a cursor has to fit into a URL.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

import orjson

from app.errors import InputError
from catalog.interfaces import Query


def owned_query(owners: Sequence[str], kinds: Sequence[str]) -> Query:
    """What matches everything that one of the owners owns, of these kinds or of all."""
    query: dict[str, Any] = {"relations.ownedBy": {"$in": list(owners)}}
    if kinds:
        query["kind"] = {"$in": list(kinds)}
    return query


def seal_cursor(cursor: str | None) -> str | None:
    """A cursor of the catalog without the query it carries."""
    if cursor is None:
        return None
    return b64encode(
        orjson.dumps({key: value for key, value in orjson.loads(b64decode(cursor)).items() if key != "query"})
    ).decode()


def open_cursor(sealed: str, query: Query) -> str:
    """A cursor of the catalog that asks for the query. Raises InputError for what no answer of ours held."""
    try:
        wire = orjson.loads(b64decode(sealed))
    except ValueError as error:
        raise InputError(f"Malformed cursor: {error}") from None
    if not isinstance(wire, dict):
        raise InputError("Malformed cursor: expected an object")
    return b64encode(orjson.dumps({**wire, "query": query})).decode()
