"""What is asked for, checked as the reference checks it. The cases were put to a stock backend, release 1.55."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from plugins.search.querystring import parse
from plugins.search.requests import RequestParser, SearchRequest, page_cursor, page_of

PARSER = RequestParser(types={"software-catalog", "techdocs"}, max_term=100, max_limit=100)


def asked(query: str) -> SearchRequest:
    return PARSER.of_query(parse(query.encode()))


def refused(query: str) -> str:
    with pytest.raises(InputError) as caught:
        asked(query)
    return str(caught.value)


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("filters[kind]=API", {"kind": "API"}),
        ("filters[kind][0]=API&filters[kind][1]=User", {"kind": ["API", "User"]}),
        ("filters[kind][]=API&filters%5Bkind%5D%5B%5D=User", {"kind": ["API", "User"]}),
        ("filters[kind]=API&filters[kind]=User&filters[kind]=Group", {"kind": ["API", "User", "Group"]}),
        ("filters[kind][1]=User&filters[kind][0]=API", {"kind": ["API", "User"]}),
        ("filters[a][b][c]=1", {"a": {"b": {"c": "1"}}}),
        ("filters[a.b]=%20x+y", {"a.b": " x y"}),
        ("filters[kind]=", {"kind": ""}),
        ("filters[a]=1&filters[a][b]=2", {"a": {"1": "true", "b": "2"}}),
        ("filters[a][0]=1&filters[a][b]=2", {"a": {"0": "1", "b": "2"}}),
        ("filters[a][0]=1&filters[a]=2", {"a": ["1", "2"]}),
        ("filters[a][b]=2&filters[a]=c", {"a": {"b": "2", "c": "true"}}),
        ("filters=", {}),
        ("filters[x=1", {}),
    ],
)
def test_filters_are_read_with_their_brackets(query: str, value: dict[str, Any]) -> None:
    assert asked(query).filters == value


@pytest.mark.parametrize("count", [1, 25, 300])
def test_lists_are_lists_whatever_their_length(count: int) -> None:
    query = "&".join(f"filters[kind][{n}]=k{n}" for n in range(count))
    assert asked(query).filters == {"kind": [f"k{n}" for n in range(count)]}


def test_what_is_absent_has_its_default() -> None:
    assert asked("") == SearchRequest("", None, {}, 0, 25)
    assert asked("other=1&other[a]=2&term=x&pageCursor=").term == "x"
    assert [asked(f"pageLimit={limit}").limit for limit in ("0", "-1", "%205", "1e1", "100")] == [25, 25, 5, 10, 100]


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("types=techdocs", ("techdocs",)),
        ("types[]=techdocs", ("techdocs",)),
        ("types=software-catalog&types=techdocs", ("software-catalog", "techdocs")),
        ("types[0]=techdocs&types[1]=techdocs", ("techdocs",)),
    ],
)
def test_types_are_a_list_however_they_are_spelled(query: str, types: tuple[str, ...]) -> None:
    assert asked(query).types == types


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("pageLimit=a", "request/query/pageLimit must be integer"),
        ("pageLimit=", "request/query/pageLimit must be integer"),
        ("pageLimit=1.5", "request/query/pageLimit must be integer"),
        ("pageLimit[]=1", "request/query/pageLimit must be integer"),
        ("types=", "request/query/types must be array"),
        ("types[a]=techdocs", "request/query/types/0 must be string"),
        ("term=a&term=b", "request/query/term must be string"),
        ("term[]=pet", "request/query/term must be string"),
        ("term[a]=pet", "request/query/term must be string"),
        ("filters=x", "request/query/filters must be object"),
        ("pageCursor[]=MQ==", "request/query/pageCursor must be string"),
        ("term[]=a&pageLimit=b", "request/query/term must be string, request/query/pageLimit must be integer"),
    ],
)
def test_what_is_of_a_wrong_sort_is_told(query: str, message: str) -> None:
    assert refused(query) == message


def test_what_is_too_much_or_unknown_is_told_as_zod_does() -> None:
    message = refused("types[0]=techdocs&types[1]=nope&pageLimit=101&term=" + "%F0%9F%9A%A2" * 51)
    prefix = "Invalid query string: "
    assert message.startswith(prefix + '[\n  {\n    "code": "custom",')
    assert json.loads(message.removeprefix(prefix)) == [
        {"code": "custom", "message": 'The term length "102" is greater than "100"', "path": ["term"]},
        {"code": "custom", "message": "Invalid input", "path": ["types", 1]},
        {"code": "custom", "message": 'The page limit "101" is greater than "100"', "path": ["pageLimit"]},
    ]


def test_cursors_are_pages_and_what_is_none_is_the_first() -> None:
    assert (page_cursor(0), page_cursor(1), page_cursor(12)) == ("MA==", "MQ==", "MTI=")
    assert [page_of(cursor) for cursor in ("MTI=", "", "!!", "YWJj", "LTE=", "MS41", "é", "MQ")] == [12] + [0] * 6 + [1]
    assert (asked("pageCursor=MQ==").previous_cursor, asked("").previous_cursor) == ("MA==", None)


@pytest.mark.parametrize(
    ("term", "everything"), [("", True), (" *:& ", True), ("\0", True), ('"', False), ("a", False)]
)
def test_operators_alone_are_nothing_typed(term: str, everything: bool) -> None:
    assert PARSER.checked(term, None, {}, "", None).means_everything is everything


@given(st.binary(max_size=300))
def test_no_query_string_is_more_than_refused(raw: bytes) -> None:
    try:
        PARSER.of_query(parse(raw))
    except InputError:
        return
