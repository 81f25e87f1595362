"""The `link` header, character by character: clients follow it blindly."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from catalog.routes.paging import Paging, link_header, paging_of


@pytest.mark.parametrize(
    ("sent", "link"),
    [
        (b"limit=1", "limit=1&after=X%3D"),
        (b"limit=1&offset=2&filter=kind=user,a%3Db", "limit=1&filter=kind%3Duser%2Ca%3Db&after=X%3D"),
        (b"limit=5&after=old&filter=x", "limit=5&after=X%3D&filter=x"),
        (b"limit=%205&fields=a+b", "limit=+5&fields=a+b&after=X%3D"),
        ("filter=ü~*-._".encode(), "filter=%C3%BC%7E*-._&after=X%3D"),
        (b"filter=%E0%A4%A&limit=1", "filter=%EF%BF%BD%25A&limit=1&after=X%3D"),
        (b"limit=1&filter", "limit=1&filter=&after=X%3D"),
    ],
)
def test_a_link_repeats_the_request_as_a_browser_would_spell_it(sent: bytes, link: str) -> None:
    assert link_header(sent, "X=") == f'</entities?{link}>; rel="next"'


@given(st.integers(1, 2**53), st.integers(0, 2**53))
def test_the_next_page_begins_where_this_one_ends(limit: int, offset: int) -> None:
    after = Paging(limit, offset).following()
    assert json.loads(b64decode(after)) == {"limit": limit, "offset": offset + limit}
    again = paging_of({"after": after, "limit": 7, "offset": 3})
    assert again == Paging(limit, min(offset + limit, 2**53))


@given(st.text(max_size=60))
def test_any_after_is_either_understood_or_refused(after: str) -> None:
    try:
        paging = paging_of({"after": after})
    except InputError as error:
        assert "after" in str(error) or "limit" in str(error) or "offset" in str(error)
    else:
        assert paging is not None
        assert paging.offset >= 0
