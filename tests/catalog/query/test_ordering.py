from __future__ import annotations

import pytest

from app.errors import InputError
from catalog.interfaces import FullText, Order
from catalog.query.ordering import parse_order, parse_order_fields
from catalog.query.text import TextSearch, text_search


def test_orders_of_a_list_name_direction_and_field() -> None:
    assert parse_order(None) == ()
    assert parse_order(["asc:metadata.name", "desc:a:b"]) == (Order("metadata.name"), Order("a:b", "desc"))


@pytest.mark.parametrize("text", ["metadata.name", "up:metadata.name", "asc", "asc:", ":x", ""])
def test_other_orders_of_a_list_are_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_order([text])
    assert caught.value.message == f'Invalid order parameter "{text}", expected "<asc or desc>:<field name>"'


def test_order_fields_ascend_unless_they_say_otherwise() -> None:
    assert parse_order_fields(["metadata.name", "kind,desc", "a,asc,b"]) == (
        Order("metadata.name"),
        Order("kind", "desc"),
        Order("a"),
    )


@pytest.mark.parametrize("text", ["metadata.name,up", ",", "metadata.name,"])
def test_order_fields_know_two_directions(text: str) -> None:
    with pytest.raises(InputError, match=r"^Invalid order field order, must be asc or desc$"):
        parse_order_fields([text])


def test_text_is_searched_trimmed_and_lower_cased_in_the_given_or_the_sort_field() -> None:
    assert text_search(None, "kind") is None
    assert text_search(FullText("  "), None) is None
    assert text_search(FullText(" X "), None) == TextSearch("x", ("metadata.uid",))
    assert text_search(FullText("X"), "Metadata.Name") == TextSearch("x", ("metadata.name",))
    assert text_search(FullText("x", ("A", "a", "b")), "kind") == TextSearch("x", ("a", "b"))
