"""Orders as requests spell them. Source: spec/catalog.md §1.3."""

from __future__ import annotations

from collections.abc import Sequence

from app.errors import InputError
from catalog.interfaces import Order


def parse_order(parameters: Sequence[str] | None) -> tuple[Order, ...]:
    """`order=asc:metadata.name` of `GET /entities`.

    Raises:
        InputError: a parameter is not `<asc or desc>:<field name>`.
    """
    orders = []
    for text in parameters or ():
        direction, _, field = text.partition(":")
        if not field or direction not in ("asc", "desc"):
            raise InputError(f'Invalid order parameter "{text}", expected "<asc or desc>:<field name>"')
        orders.append(Order(field, "asc" if direction == "asc" else "desc"))
    return tuple(orders)


def parse_order_fields(parameters: Sequence[str] | None) -> tuple[Order, ...]:
    """`orderField=metadata.name,desc` of `by-query`; without a direction ascending. More parts are ignored.

    Raises:
        InputError: the direction is neither `asc` nor `desc`.
    """
    orders = []
    for text in parameters or ():
        field, *rest = text.split(",")
        direction = rest[0] if rest else "asc"
        if direction not in ("asc", "desc"):
            raise InputError("Invalid order field order, must be asc or desc")
        orders.append(Order(field, "asc" if direction == "asc" else "desc"))
    return tuple(orders)
