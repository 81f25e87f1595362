from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import parse_qs, urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from catalog.interfaces import FullText, Order
from catalog.query.cursor import Cursor, decode_cursor, encode_cursor

texts = st.text(max_size=20)
rows = st.lists(texts, min_size=1, max_size=2).map(tuple)
queries = st.dictionaries(texts, texts | st.dictionaries(texts, texts, max_size=2), max_size=3)
full_texts = st.builds(FullText, texts, st.none() | st.lists(texts, max_size=3).map(tuple))
cursors = st.builds(
    Cursor,
    orders=st.lists(st.builds(Order, texts, st.sampled_from(("asc", "desc"))), max_size=2).map(tuple),
    after=rows,
    backwards=st.booleans(),
    query=st.none() | queries,
    legacy_filter=st.none() | queries,
    full_text=st.none() | full_texts,
    first=st.none() | rows,
    total=st.none() | st.integers(0, 2**40),
)


@given(cursors)
def test_a_cursor_survives_the_url(cursor: Cursor) -> None:
    sent = urlencode({"cursor": encode_cursor(cursor)})
    assert decode_cursor(parse_qs(sent)["cursor"][0]) == cursor


@given(cursors)
def test_a_cursor_survives_a_client_that_forgets_to_encode_it(cursor: Cursor) -> None:
    text = encode_cursor(cursor)
    assert decode_cursor(text.replace("+", " ").rstrip("=")) == cursor
    assert decode_cursor(text.replace("+", "-").replace("/", "_")) == cursor


def test_a_cursor_has_the_references_members() -> None:
    cursor = Cursor(
        orders=(Order("metadata.name"),),
        after=("narcissus", "u2"),
        query={"kind": "group"},
        full_text=FullText(""),
        first=("harbour", "u1"),
        total=9,
    )
    assert b64decode(encode_cursor(cursor)) == (
        b'{"orderFields":[{"field":"metadata.name","order":"asc"}],"isPrevious":false,"query":{"kind":"group"},'
        b'"fullTextFilter":{"term":""},"orderFieldValues":["narcissus","u2"],"firstSortFieldValues":["harbour","u1"],'
        b'"totalItems":9}'
    )


def test_members_that_were_not_given_are_absent() -> None:
    assert b64decode(encode_cursor(Cursor(orders=(), after=("u",)))) == (
        b'{"orderFields":[],"isPrevious":false,"orderFieldValues":["u"]}'
    )


VALID: dict[str, Any] = {"orderFields": [], "orderFieldValues": ["u"], "isPrevious": False}


@pytest.mark.parametrize(
    "change",
    [
        {"isPrevious": "no"},
        {"orderFields": {}},
        {"orderFields": [{"field": "a"}]},
        {"orderFields": [{"order": "asc"}]},
        {"orderFields": [5]},
        {"orderFieldValues": None},
        {"orderFieldValues": [5]},
        {"firstSortFieldValues": "a"},
        {"totalItems": "9"},
        {"totalItems": True},
        {"query": []},
        {"filter": 5},
        {"fullTextFilter": {}},
        {"fullTextFilter": {"term": "a", "fields": "b"}},
        {"fullTextFilter": []},
    ],
)
def test_a_member_of_the_wrong_type_is_named(change: dict[str, Any]) -> None:
    assert decode_cursor(b64encode(orjson.dumps(VALID)).decode())
    text = b64encode(orjson.dumps(VALID | change)).decode()
    with pytest.raises(InputError, match=f"^Malformed cursor: .*{next(iter(change))}"):
        decode_cursor(text)


@pytest.mark.parametrize("text", ["abc", "e30=", "W10=", "Ingi", "%%%", "zzz", "bnVsbA==", "A", "x" * 300_000])
def test_junk_is_no_cursor(text: str) -> None:
    with pytest.raises(InputError, match=r"^Malformed cursor: "):
        decode_cursor(text)


def test_an_empty_cursor_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"^Cursor cannot be empty$"):
        decode_cursor("")
