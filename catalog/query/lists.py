"""`GET /entities`: parts of a list by rank, and all of it in a stream. Source: spec/catalog.md §1.3."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice

from pyroaring import BitMap

from app.errors import InputError
from catalog.interfaces import Order
from catalog.query.documents import Documents
from catalog.query.needs import REFS, Need
from catalog.query.selection import Asked, Selection, View

MAX_ORDERS = 5
"""Each takes an index over all its rows; people sort by one or two fields."""
BATCH = 200
"""Entities of one batch of a stream."""


class Lists:
    def __init__(self, selection: Selection, documents: Documents) -> None:
        self._selection = selection
        self._documents = documents

    async def listing(
        self, asked: Asked, orders: Sequence[Order], limit: int | None, offset: int
    ) -> tuple[list[bytes], bool]:
        """Documents from a rank on, and whether more follow. Raises InputError for too many orders.

        A field that is named twice orders once.
        """
        distinct: dict[str, Order] = {}
        for order in orders:
            distinct.setdefault(order.field.lower(), order)
        orders = list(distinct.values())
        if len(orders) > MAX_ORDERS:
            raise InputError(f"More than {MAX_ORDERS} order parameters")
        needs = [Need("order", order.field.lower()) for order in orders] or [REFS]
        view = await self._selection.view(asked, needs)
        ids, more = _part(view, orders, limit, offset)
        documents = await self._documents.of(ids)
        return [document for document in documents if document is not None], more

    async def everything(self, asked: Asked, order: Order | None) -> AsyncIterator[list[bytes]]:
        """All documents in batches: by uid, or by the rows of a field, entities without it left out.

        Each batch goes on where the one before it ended, so it may show what has changed since the first.
        """
        batches = self._by_uid(asked) if order is None else self._by_field(asked, order)
        first = True
        async for ids in batches:
            # Passing through a million documents must not push out those that people look at.
            documents = await self._documents.of(ids, keep=first)
            first = False
            yield [document for document in documents if document is not None]

    async def _by_uid(self, asked: Asked) -> AsyncIterator[list[int]]:
        last = 0
        while True:
            view = await self._selection.view(asked)
            start = view.among.rank(last)
            ids = view.among[start : start + BATCH].to_array().tolist()
            if not ids:
                return
            yield ids
            last = ids[-1]

    async def _by_field(self, asked: Asked, order: Order) -> AsyncIterator[list[int]]:
        need = Need("order", order.field.lower())
        place = None
        while True:
            view = await self._selection.view(asked, [need])
            taken = view.order(need).take(view.among, BATCH, descending=order.direction == "desc", after=place)
            if not taken.ids:
                return
            yield taken.ids
            place = taken.last


def _part(view: View, orders: Sequence[Order], limit: int | None, offset: int) -> tuple[list[int], bool]:
    if len(orders) > 1 or (orders and orders[0].direction == "desc"):
        ids = list(islice(_ordered(view, view.among, orders), offset, None if limit is None else offset + limit + 1))
        return ids[:limit], limit is not None and len(ids) > limit
    order = view.order(Need("order", orders[0].field.lower()) if orders else REFS)
    limit = order.rows + len(view.among) if limit is None else limit
    taken = order.take(view.among, limit, skip=offset)
    if taken.more or not orders:
        return taken.ids, taken.more
    # The rows of the field end here; behind them come the entities that have none.
    rest = view.among - order.members
    start = 0 if taken.ids else offset - order.count(view.among)
    missing = limit - len(taken.ids)
    return taken.ids + rest[start : start + missing].to_array().tolist(), len(rest) > start + missing


def _ordered(view: View, among: BitMap, orders: Sequence[Order]) -> Iterator[int]:
    """By each field in turn, ids ascending at last; entities without a value stand behind the others."""
    if not orders:
        yield from among
        return
    order, *others = [view.order(Need("order", one.field.lower())) for one in orders]
    for _, ids in order.runs(among, descending=orders[0].direction == "desc"):
        if not others or (len(ids) == 1 and not any(ids[0] in other.repeated for other in others)):
            yield from ids
        else:
            yield from _ordered(view, BitMap(ids), orders[1:])
    yield from _ordered(view, among - order.members, orders[1:])
