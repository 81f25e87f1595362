"""The cursors of `by-query`: a wire contract that clients take apart and put together. Source: spec/catalog.md §2.5."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any

import orjson

from app.errors import InputError
from catalog.interfaces import FullText, Order, Query

Json = Any

MAX_LENGTH = 256 * 1024
"""Characters of a cursor; the body that may carry one is smaller."""

_URL_ALPHABET = str.maketrans("-_ ", "+/+")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a walk stands. `after` and `first` are `(sort value, uid)` of a row, or `(uid,)` when unsorted."""

    orders: tuple[Order, ...]
    after: tuple[str | None, ...]
    backwards: bool = False
    query: Query | None = None
    legacy_filter: Json = None
    full_text: FullText | None = None
    first: tuple[str | None, ...] | None = None
    """First row of the very first page; None in cursors that others made."""
    total: int | float | None = None


def encode_cursor(
    cursor: Cursor,
    *,
    after: tuple[str | None, ...] | None = None,
    first: tuple[str | None, ...] | None = None,
    backwards: bool | None = None,
    total: float | None = None,
) -> str:
    """Base64 (standard alphabet) of compact JSON, members in the reference's order.

    What is given beside the cursor stands for the cursor's own.
    """
    wire: dict[str, Json] = {
        "orderFields": [{"field": order.field, "order": order.direction} for order in cursor.orders],
        "isPrevious": cursor.backwards if backwards is None else backwards,
    }
    if cursor.query is not None:
        wire["query"] = cursor.query
    if cursor.legacy_filter is not None:
        wire["filter"] = cursor.legacy_filter
    if cursor.full_text is not None:
        wire["fullTextFilter"] = {"term": cursor.full_text.term}
        if cursor.full_text.fields is not None:
            wire["fullTextFilter"]["fields"] = cursor.full_text.fields
    wire["orderFieldValues"] = cursor.after if after is None else after
    if (beginning := cursor.first if first is None else first) is not None:
        wire["firstSortFieldValues"] = beginning
    if (counted := cursor.total if total is None else total) is not None:
        wire["totalItems"] = counted
    return b64encode(orjson.dumps(wire)).decode()


def decode_cursor(text: str) -> Cursor:
    """Read a cursor, whoever made it. Base64 is read as leniently as the reference does.

    `query` and `legacy_filter` are taken as they are: whoever evaluates them checks them.

    Raises:
        InputError: it is empty, or lacks a member, or one has the wrong type.
    """
    if not text:
        raise InputError("Cursor cannot be empty")
    try:
        return _decode(text)
    except ValueError as error:
        raise InputError(f"Malformed cursor: {error}") from None


def _decode(text: str) -> Cursor:
    if len(text) > MAX_LENGTH:
        raise ValueError("too long")
    packed = _NOT_BASE64.sub("", text.translate(_URL_ALPHABET))
    if len(packed) % 4 == 1:
        packed = packed[:-1]
    wire = orjson.loads(b64decode(packed + "=" * (-len(packed) % 4)))
    if not isinstance(wire, dict):
        raise ValueError("expected an object")
    backwards = wire.get("isPrevious")
    if not isinstance(backwards, bool):
        raise ValueError("isPrevious must be true or false")
    query = wire.get("query")
    if "query" in wire and not isinstance(query, dict):
        raise ValueError("query must be an object")
    total = wire.get("totalItems")
    if "totalItems" in wire and (isinstance(total, bool) or not isinstance(total, int | float)):
        raise ValueError("totalItems must be a number")
    if "filter" in wire and not isinstance(wire["filter"], dict):
        raise ValueError("filter must be an object")
    return Cursor(
        orders=_orders(wire.get("orderFields")),
        after=_row(wire.get("orderFieldValues"), "orderFieldValues"),
        backwards=backwards,
        query=query,
        legacy_filter=wire.get("filter"),
        full_text=_full_text(wire["fullTextFilter"]) if "fullTextFilter" in wire else None,
        first=_row(wire["firstSortFieldValues"], "firstSortFieldValues") if "firstSortFieldValues" in wire else None,
        total=total,
    )


def _orders(given: Json) -> tuple[Order, ...]:
    if not isinstance(given, list):
        raise ValueError("orderFields must be a list")
    orders = []
    for one in given:
        if not isinstance(one, dict) or not isinstance(one.get("field"), str):
            raise ValueError("orderFields must have a field each")
        if one.get("order") not in ("asc", "desc"):
            raise ValueError("orderFields must have an order each, asc or desc")
        orders.append(Order(one["field"], one["order"]))
    return tuple(orders)


def _row(given: Json, name: str) -> tuple[str | None, ...]:
    if not isinstance(given, list) or not all(one is None or isinstance(one, str) for one in given):
        raise ValueError(f"{name} must be a list of texts")
    return tuple(given)


def _full_text(given: Json) -> FullText:
    if not isinstance(given, dict) or not isinstance(given.get("term"), str):
        raise ValueError("fullTextFilter must have a term")
    fields = given.get("fields")
    if "fields" in given and (not isinstance(fields, list) or not all(isinstance(one, str) for one in fields)):
        raise ValueError("fullTextFilter.fields must be a list of texts")
    return FullText(given["term"], None if fields is None else tuple(fields))
