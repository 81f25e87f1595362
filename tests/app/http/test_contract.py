"""Requests against a contract. Source: spec/catalog.md §1.1."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.http.contract import Contract, merged
from app.http.parameters import QueryParameters
from app.http.querystring import parse
from tests.app.http.site import CONTRACT, Site


def parameters() -> QueryParameters:
    [operation] = [o for o in Contract(CONTRACT).operations() if (o.method, o.path) == ("GET", "/books")]
    return operation.query


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("bogus=1", "Unknown query parameter 'bogus'"),
        ("bogus=1&other=2", "Unknown query parameter 'bogus'"),
        ("bogus[a]=1", "Unknown query parameter 'bogus'"),
        ("filter=", "Empty value found for query parameter 'filter'"),
        ("limit=", "Empty value found for query parameter 'limit'"),
        ("after=", "Empty value found for query parameter 'after'"),
        ("fields=", "Empty value found for query parameter 'fields'"),
        ("limit=abc", "request/query/limit must be integer"),
        ("limit=1.5", "request/query/limit must be integer"),
        ("limit=-1", "request/query/limit must be >= 0"),
        ("limit=1&limit=2", "request/query/limit must be integer"),
        ("limit[]=1", "request/query/limit must be integer"),
        ("limit=Infinity", "request/query/limit must be integer"),
        ("limit=1e999", "request/query/limit must be integer"),
        ("limit=1_0", "request/query/limit must be integer"),
        ("limit=٣", "request/query/limit must be integer"),
        ("after=1&after=2", "request/query/after must be string"),
        ("filter[a]=x", "request/query/filter/0 must be string"),
        ("total=maybe", "request/query/total must be equal to one of the allowed values: include, exclude"),
        ("deep=maybe", "request/query/deep must be boolean"),
        ("score=x", "request/query/score must be number"),
        ("short=long", "request/query/short must NOT have more than 3 characters"),
        ("limit=x&bogus=1", "Unknown query parameter 'bogus'"),
        ("after=a&after=b&limit=x", "request/query/limit must be integer"),
    ],
)
async def test_a_wrong_parameter_is_told_in_the_references_words(site: Site, query: str, message: str) -> None:
    assert await site.message(f"/api/shelf/books?{query}") == message


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("", {}),
        ("limit=5", {"limit": 5}),
        ("limit=1e2", {"limit": 100}),
        ("limit=%205", {"limit": 5}),
        ("limit=0x10", {"limit": 16}),
        ("score=1.5", {"score": 1.5}),
        ("score=2.0", {"score": 2}),
        ("deep=true", {"deep": True}),
        ("filter=a", {"filter": ["a"]}),
        ("filter=a,b", {"filter": ["a,b"]}),
        ("filter=a&filter=b", {"filter": ["a", "b"]}),
        ("filter[]=a&filter[]=b", {"filter": ["a", "b"]}),
        ("filter%5B%5D=a", {"filter": ["a"]}),
        ("filter[0]=a&filter[1]=b", {"filter": ["a", "b"]}),
        ("filter=a&filter=", {"filter": ["a", ""]}),
        ("fields=a,b", {"fields": ["a", "b"]}),
        ("fields=a&fields=b,c", {"fields": ["a", "b", "c"]}),
        ("after=a%2Fb+c", {"after": "a/b c"}),
        ("after=%zz%ff", {"after": "%zz%ff"}),
        ("&&limit=1&", {"limit": 1}),
        ("after=a=b", {"after": "a=b"}),
    ],
)
async def test_right_parameters_arrive_typed(site: Site, query: str, values: dict[str, Any]) -> None:
    answer = await site.get(f"/api/shelf/books?{query}")
    assert answer.json() == {"query": {"deep": False, **values}, "caller": "external:full"}


async def test_more_than_twenty_repeats_are_a_list_still(site: Site) -> None:
    answer = await site.get("/api/shelf/books?" + "&".join(f"filter=f{n}" for n in range(30)))
    assert answer.json()["query"]["filter"] == [f"f{n}" for n in range(30)]


async def test_a_required_parameter_must_be_there(site: Site) -> None:
    assert await site.message("/api/shelf/facets") == "request/query must have required property 'facet'"
    assert (await site.get("/api/shelf/facets?facet=a&facet=b")).json() == {"facet": ["a", "b"]}


async def test_an_operation_without_parameters_takes_none(site: Site) -> None:
    assert await site.message("/api/shelf/books/one?fields=kind") == "Unknown query parameter 'fields'"


async def test_head_is_validated_like_get(site: Site) -> None:
    assert (await site.get("/api/shelf/books?bogus=1", method="HEAD")).status_code == 400


async def test_a_route_the_contract_does_not_name_is_not_validated(site: Site) -> None:
    assert (await site.get("/api/shelf/books/a/pages/3?bogus=1")).json() == {"name": "a", "number": 3}


async def test_a_path_parameter_of_another_type_is_a_400(site: Site) -> None:
    assert "number" in await site.message("/api/shelf/books/a/pages/x")


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        (b"{}", {"content-type": "text/plain"}, "unsupported media type text/plain"),
        (b"{}", {"content-type": "application/vnd.x+json"}, "unsupported media type application/vnd.x+json"),
        (
            b"a=1",
            {"content-type": "application/x-www-form-urlencoded"},
            "unsupported media type application/x-www-form-urlencoded",
        ),
        (b"{}", {}, "unsupported media type undefined"),
        (b'{"a":', JSON, "malformed JSON: "),
        (b'"x"', JSON, "malformed JSON: "),
        (b"1", JSON, "malformed JSON: "),
        (b"null", JSON, "malformed JSON: "),
        (b"[" * 100_000, JSON, "malformed JSON: "),
        (b'{"limit": "1"}', JSON, "request/body/limit must be number"),
        (b'{"order": [{"field": "a"}]}', JSON, "request/body/order/0 must have required property 'order'"),
        (
            b'{"order": [{"field": "a", "order": "up"}]}',
            JSON,
            "request/body/order/0/order must be equal to one of the allowed values: asc, desc",
        ),
        (b'{"order": {"field": "a"}}', JSON, "request/body/order must be array"),
        (b"[]", JSON, "request/body must be object"),
        (b'{"note": 5}', JSON, "request/body/note must be string,null"),
    ],
)
async def test_a_wrong_body_is_told_in_the_references_words(
    site: Site, body: bytes, headers: dict[str, str], message: str
) -> None:
    told = await site.message("/api/shelf/search", method="POST", content=body, headers=headers)
    assert told.startswith(message) if message.endswith(": ") else told == message


@pytest.mark.parametrize(
    ("body", "headers", "read"),
    [
        (b"", {}, {}),
        (b"", {"content-type": ""}, {}),
        (b"", JSON, {}),
        (b"{}", {"content-type": "application/json; charset=UTF-8"}, {}),
        (b"{}", {"content-type": "Application/JSON"}, {}),
        (b'{"unknown": 1, "note": null}', JSON, {"unknown": 1, "note": None}),
    ],
)
async def test_an_optional_body_may_be_absent_and_extra_keys_are_kept(
    site: Site, body: bytes, headers: dict[str, str], read: Any
) -> None:
    answer = await site.post("/api/shelf/search", content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, read)


async def test_a_required_body_must_be_there(site: Site) -> None:
    assert await site.message("/api/shelf/refs", method="POST") == "unsupported media type undefined"
    told = await site.message("/api/shelf/refs", method="POST", headers=JSON)
    assert told == "request/body must have required property 'refs'"


async def test_the_raw_body_can_be_read_again(site: Site) -> None:
    body = b'{ "refs": ["a", "b"] }'
    assert (await site.post("/api/shelf/refs", content=body, headers=JSON)).content == body


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_may_have_100_kib_and_not_a_byte_more(site: Site, chunked: bool) -> None:
    async def parts(body: bytes) -> Any:
        for start in range(0, len(body), 10_000):
            yield body[start : start + 10_000]

    def of(size: int) -> Any:
        body = b'{"x":"' + b"a" * (size - 8) + b'"}'
        return parts(body) if chunked else body

    assert (await site.post("/api/shelf/search", content=of(102_400), headers=JSON)).status_code == 200
    told = await site.message("/api/shelf/search", method="POST", content=of(102_401), headers=JSON)
    assert told == "request entity too large"


async def test_an_operation_may_allow_larger_bodies(site: Site) -> None:
    body = orjson.dumps({"x": "a" * 200_000})
    assert (await site.post("/api/shelf/large", content=body, headers=JSON)).json() == 200_000


async def test_a_wrong_parameter_is_told_before_a_wrong_body_and_after_a_malformed_one(site: Site) -> None:
    path = "/api/shelf/search?filter=a"
    assert await site.message(path, method="POST", content=b"[]", headers=JSON) == "Unknown query parameter 'filter'"
    assert (await site.message(path, method="POST", content=b"{", headers=JSON)).startswith("malformed JSON")


async def test_the_openapi_document_is_served_with_prefixed_paths_to_those_who_may_come_in(site: Site) -> None:
    answer = await site.get("/api/shelf/openapi.json")
    assert (answer.json()["openapi"], next(iter(answer.json()["paths"]))) == ("3.0.3", "/api/shelf/books")
    assert (await site.get("/api/shelf/openapi.json", token=None)).status_code == 401
    assert (await site.get("/api/other/openapi.json")).json()["paths"] == {}


def test_two_contracts_of_a_plugin_are_served_as_one() -> None:
    one = Contract(
        {"openapi": "3.0.3", "info": {"title": "one"}, "paths": {"/a": {}}, "components": {"schemas": {"A": {}}}}
    )
    two = Contract(
        {"openapi": "3.0.3", "info": {"title": "two"}, "paths": {"/b": {}}, "components": {"schemas": {"B": {}}}}
    )
    both = merged([one, two], "/api/x")
    assert (both["info"]["title"], set(both["paths"])) == ("one", {"/api/x/a", "/api/x/b"})
    assert set(both["components"]["schemas"]) == {"A", "B"}


def test_an_unknown_contract_is_told() -> None:
    with pytest.raises(FileNotFoundError, match="there is no contract"):
        Contract.load("no-such.yaml")


@given(st.binary(max_size=60))
def test_any_query_string_is_read_or_refused_with_an_input_error(raw: bytes) -> None:
    assert isinstance(parse(raw), dict)
    with suppress(InputError):
        parameters().read(raw)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(TEXTS, min_size=2, max_size=5))
def test_a_list_survives_the_url(values: list[str]) -> None:
    assert parameters().read(urlencode([("filter", value) for value in values]).encode())["filter"] == values
    assert parameters().read(urlencode([("filter[]", value) for value in values]).encode())["filter"] == values


@given(st.integers(0, 10**15))
def test_an_integer_survives_the_url(value: int) -> None:
    assert parameters().read(b"limit=%d" % value)["limit"] == value
