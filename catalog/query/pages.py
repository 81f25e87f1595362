"""Pages of `by-query`: sorted or not, forth and back. Source: spec/catalog.md §2.5."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice

from pyroaring import BitMap

from app.errors import InputError
from catalog.interfaces import Page, PageRequest
from catalog.query.cursor import Cursor, decode_cursor, encode_cursor
from catalog.query.documents import Documents
from catalog.query.filters import parse_legacy_filter
from catalog.query.needs import Need
from catalog.query.selection import Asked, Selection, View, asked_of
from catalog.query.text import TextSearch, text_search
from catalog.query.uids import place_of_uid, uid_of

LAST_ID = 2**32 - 1
"""The largest number a set of entities can hold."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a page, and whether more follow. Sort values of its ends are None when unsorted."""

    ids: list[int]
    first: bytes | None = None
    last: bytes | None = None
    more: bool = False


class Pages:
    def __init__(self, selection: Selection, documents: Documents) -> None:
        self._selection = selection
        self._documents = documents

    async def page(self, request: PageRequest, visible: Asked) -> Page:
        """Raises InputError for a malformed cursor or query."""
        cursor, asked = self._start(request, visible)
        sort = cursor.orders[0].field.lower() if cursor.orders else None
        text = text_search(cursor.full_text, sort)
        needs = [Need("order", sort)] if sort is not None else []
        while True:
            epoch, matching = (None, None) if text is None else await self._selection.search(text)
            view = await self._selection.view(asked, needs)
            if epoch is None or epoch == self._selection.epoch:
                break
        if matching is not None:
            view = View(view.among & matching, view.have)
        skip = request.offset if request.cursor is None else 0
        if sort is None:
            total, rows = len(view.among), _unsorted(view.among, cursor, request.limit, skip)
        else:
            order = view.order(needs[0])
            total = view.among.intersection_cardinality(order.members)
            rows = _sorted(view, needs[0], cursor, request.limit, skip, text)
        counted = total if request.total else 0
        return await self._answer(cursor, rows, counted if request.cursor is None else cursor.total or 0)

    def _start(self, request: PageRequest, visible: Asked) -> tuple[Cursor, Asked]:
        if request.cursor is None:
            asked = self._selection.asked(request.query)
            return Cursor(request.order, (), query=request.query, full_text=request.full_text), asked & visible
        cursor = decode_cursor(request.cursor)
        asked = self._selection.asked(cursor.query, prefix="Malformed cursor: ")
        if cursor.legacy_filter is not None:
            try:
                legacy = parse_legacy_filter(cursor.legacy_filter)
            except ValueError as error:
                raise InputError(f"Malformed cursor: {error}") from None
            asked = asked & asked_of(legacy, b"legacy" + repr(legacy).encode("utf-8", "replace"))
        return cursor, asked & visible

    async def _answer(self, cursor: Cursor, rows: _Rows, counted: float) -> Page:
        documents = await self._documents.of(rows.ids)
        items = [document for document in documents if document is not None]
        total = int(counted)
        if not rows.ids:
            return Page(items, total)
        head = _position(rows.first, uid_of(rows.ids[0], documents[0]))
        first = cursor.first if cursor.first is not None else head
        forth = back = None
        if rows.more:
            tail = _position(rows.last, uid_of(rows.ids[-1], documents[-1]))
            forth = encode_cursor(cursor, after=tail, first=first, backwards=False, total=counted)
        if cursor.first is not None and head != cursor.first:
            back = encode_cursor(cursor, after=head, backwards=True, total=counted)
        return Page(items, total, forth, back)


def _position(value: bytes | None, uid: str) -> tuple[str, ...]:
    return (uid,) if value is None else (value.decode(), uid)


def _sorted(view: View, need: Need, cursor: Cursor, limit: int, skip: int, text: TextSearch | None) -> _Rows:
    descending = (cursor.orders[0].direction == "desc") != cursor.backwards
    among, after = view.among, None
    if len(cursor.after) in (1, 2):
        *values, uid = cursor.after
        if uid is None or None in values:
            return _Rows([])
        place = place_of_uid(uid)
        if values and values[0] is not None:
            after = (values[0].encode("utf-8", "replace"), place)
        else:
            among = among & _beyond(among, place, descending)
    if limit <= 0:
        return _Rows([])
    # Where the field that is sorted by is the one that is searched, only the rows that match are shown.
    needle = text.needle.encode("utf-8", "replace") if text is not None and text.fields == (need.key,) else None
    taken = view.order(need).take(among, limit, skip=skip, descending=descending, after=after, needle=needle)
    if taken.first is None or taken.last is None:
        return _Rows([])
    if cursor.backwards:
        return _Rows(taken.ids[::-1], taken.last[0], taken.first[0], more=True)
    return _Rows(taken.ids, taken.first[0], taken.last[0], taken.more)


def _beyond(among: BitMap, place: float, descending: bool) -> BitMap:
    """Those whose uid comes after a place in the direction of a walk."""
    place = min(place, LAST_ID)
    if descending:
        return among[: among.rank(math.ceil(place) - 1)] if place > 0 else BitMap()
    return among[among.rank(math.floor(place)) :] if place >= 0 else among


def _unsorted(among: BitMap, cursor: Cursor, limit: int, skip: int) -> _Rows:
    """By uid, ascending."""
    if len(cursor.after) == 1:
        if cursor.after[0] is None:
            return _Rows([])
        among = _beyond(among, place_of_uid(cursor.after[0]), cursor.backwards)
    if limit <= 0:
        return _Rows([])
    if cursor.backwards:
        size = len(among)
        return _Rows(_some(among, max(size - limit, 0), size), more=True)
    return _Rows(_some(among, skip, skip + limit), more=len(among) > skip + limit)


def _some(among: BitMap, start: int, stop: int) -> list[int]:
    """The entities from one rank to another."""
    if start >= min(stop, len(among)):
        return []
    return list(islice(among.iter_equal_or_larger(among[start]), stop - start))
