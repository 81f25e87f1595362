"""Cursors as clients hold them. Walks are tried at random in test_engine."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import orjson
import pytest

from app.errors import InputError
from app.interfaces import Database
from catalog.interfaces import FullText, Order, Page, PageRequest
from catalog.query.engine import CatalogIndex
from catalog.query.lists import MAX_ORDERS
from catalog.query.predicates import MAX_CLAUSES
from catalog.query.uids import id_of_uid, place_of_uid, uid_of, uid_prefix
from tests.catalog.query.store import Store, Stored, named

NOBODY = "00000000-0000-4000-8000-000000000000"
BY_NAME = {"field": "metadata.name", "order": "asc"}
HAND_MADE: dict[str, Any] = {
    "orderFields": [BY_NAME],
    "isPrevious": False,
    "query": {"kind": "group"},
    "orderFieldValues": ["c", NOBODY],
}


@pytest.fixture
async def index(database: Database) -> CatalogIndex:
    """Groups a, b, c, d (ids 1 to 4) and a component of the name b."""
    store = await Store(database).create()
    index = CatalogIndex(database)
    index.advance(await store.write([*named("a", "B", "c", "d", kind="Group"), Stored(5, "Component", "x", "b")]))
    return index


def packed(cursor: dict[str, Any]) -> str:
    return b64encode(orjson.dumps(cursor)).decode()


def unpacked(cursor: str | None) -> Any:
    return None if cursor is None else orjson.loads(b64decode(cursor))


def names(page: Page) -> list[str]:
    return [orjson.loads(item)["metadata"]["name"] for item in page.items]


async def turned(index: CatalogIndex, limit: int = 10, **change: Any) -> Page:
    return await index.page(PageRequest(limit, packed(HAND_MADE | change)))


async def test_a_cursor_made_by_hand_needs_no_memory_of_a_first_page(index: CatalogIndex) -> None:
    page = await turned(index, 1)
    assert (names(page), page.total, page.prev_cursor) == (["c"], 0, None)
    uid = uid_of(3, page.items[0])
    assert unpacked(page.next_cursor) == HAND_MADE | {
        "orderFieldValues": ["c", uid],
        "firstSortFieldValues": ["c", uid],
        "totalItems": 0,
    }


async def test_backwards_gives_the_rows_before_in_order_and_always_a_next_cursor(index: CatalogIndex) -> None:
    page = await turned(index, 2, isPrevious=True)
    assert names(page) == ["a", "B"]
    assert unpacked(page.next_cursor)["orderFieldValues"][0] == "b"
    assert unpacked(page.next_cursor)["isPrevious"] is False
    assert names(await turned(index, 1, isPrevious=True)) == ["B"]
    nothing = await turned(index, 1, isPrevious=True, orderFieldValues=["a", NOBODY])
    assert nothing == Page([], 0)


async def test_descending_cursors_go_the_other_way(index: CatalogIndex) -> None:
    descending = [BY_NAME | {"order": "desc"}]
    assert names(await turned(index, orderFields=descending)) == ["B", "a"]
    assert names(await turned(index, orderFields=descending, isPrevious=True)) == ["d", "c"]


async def test_the_filter_of_old_cursors_is_added_to_the_query_and_kept(index: CatalogIndex) -> None:
    old = {"allOf": [{"not": {"key": "metadata.name", "values": ["d"]}}, {"key": "kind"}]}
    page = await turned(index, 1, filter=old, orderFieldValues=["a", NOBODY])
    assert names(page) == ["a"]
    assert unpacked(page.next_cursor)["filter"] == old
    assert names(await turned(index, filter=old, orderFieldValues=["a", NOBODY])) == ["a", "B", "c"]
    del (without := dict(HAND_MADE))["query"]
    page = await index.page(PageRequest(9, packed(without | {"filter": {"key": "kind", "values": ["Component"]}})))
    assert names(page) == []
    with pytest.raises(InputError, match=r"^Malformed cursor: "):
        await turned(index, filter={"key": 5})


async def test_a_total_in_the_cursor_is_carried_on(index: CatalogIndex) -> None:
    page = await turned(index, 1, totalItems=77)
    assert page.total == unpacked(page.next_cursor)["totalItems"] == 77


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["b", NOBODY], ["B", "c", "d"]),
        (["b", "zzz"], ["c", "d"]),
        (["b", ""], ["B", "c", "d"]),
        (["\u00e5", NOBODY], []),
        ([None, NOBODY], []),
        (["b", None], []),
        ([], ["a", "B", "c", "d"]),
        (["a", "b", "c"], ["a", "B", "c", "d"]),
        ([uid_prefix(2)], ["c", "d"]),
        ([None], []),
        (["ffffffff-ffff-4000-8000-000000000000"], []),
    ],
)
async def test_positions_may_be_anything_a_client_makes_up(
    index: CatalogIndex, values: list[str | None], expected: list[str]
) -> None:
    assert names(await turned(index, orderFieldValues=values)) == expected


@pytest.mark.parametrize(
    ("values", "forth", "back"),
    [
        ([NOBODY], ["a", "B", "c", "d"], []),
        ([uid_prefix(2)], ["c", "d"], ["a"]),
        (["zzz"], [], ["a", "B", "c", "d"]),
        ([None], [], []),
        (["b", NOBODY], ["a", "B", "c", "d"], ["a", "B", "c", "d"]),
        (["ffffffff-ffff-4000-8000-000000000000"], [], ["a", "B", "c", "d"]),
    ],
)
async def test_unsorted_positions_too(
    index: CatalogIndex, values: list[str | None], forth: list[str], back: list[str]
) -> None:
    assert names(await turned(index, orderFields=[], orderFieldValues=values)) == forth
    assert names(await turned(index, orderFields=[], orderFieldValues=values, isPrevious=True)) == back


async def test_what_a_request_says_beside_a_cursor_is_ignored(index: CatalogIndex) -> None:
    request = PageRequest(
        10, packed(HAND_MADE), {"kind": "component"}, (Order("kind"),), FullText("zzz"), offset=5, total=True
    )
    assert names(await index.page(request)) == ["c", "d"]


async def test_the_query_of_a_cursor_is_checked_like_any_other(index: CatalogIndex) -> None:
    with pytest.raises(InputError, match=r"^Malformed cursor: Validation error"):
        await turned(index, query={"kind": None})


async def test_further_orders_stay_in_the_cursor(index: CatalogIndex) -> None:
    orders = (Order("metadata.name", "desc"), Order("kind"))
    page = await index.page(PageRequest(2, order=orders, query={"kind": "group"}))
    assert unpacked(page.next_cursor)["orderFields"] == [
        {"field": "metadata.name", "order": "desc"},
        {"field": "kind", "order": "asc"},
    ]


async def test_a_page_without_total_says_none_on_every_page(index: CatalogIndex) -> None:
    page = await index.page(PageRequest(1, order=(Order("metadata.name"),), total=False))
    page = await index.page(PageRequest(1, page.next_cursor))
    assert (page.total, unpacked(page.next_cursor)["totalItems"]) == (0, 0)


async def test_visible_stays_out_of_cursors(index: CatalogIndex) -> None:
    page = await index.page(PageRequest(1, order=(Order("metadata.name"),)), visible={"kind": "group"})
    assert (page.total, "query" in unpacked(page.next_cursor)) == (4, False)
    assert names(await index.page(PageRequest(9, page.next_cursor), visible={"metadata.name": "d"})) == ["d"]


async def test_hostile_queries_are_refused_or_answered(index: CatalogIndex) -> None:
    too_many = {"$any": [{f"key{n}": "x"} for n in range(MAX_CLAUSES)]}
    with pytest.raises(InputError, match="more than"):
        await index.count(too_many)
    deep: dict[str, Any] = {"kind": "group"}
    for _ in range(3000):
        deep = {"$not": deep}
    with pytest.raises(InputError):
        await index.count(deep)
    with pytest.raises(InputError):
        await index.count({"kind": "\ud800", "a": {"$in": [b"x"]}})
    half = MAX_CLAUSES // 2 - 2
    assert await index.count({"$any": [{f"key{n}": {"$exists": True}} for n in range(half)] + [{"kind": "group"}]}) == 4
    assert await index.count({"$any": [{f"key{n}": "x"} for n in range(half)]}) == 0
    assert await index.count({"kind": {"$in": [f"value {n}" for n in range(5000)]}}) == 0
    assert await index.count({"metadata.name": {"$hasPrefix": "a\0"}}) == 0
    assert await index.count({"__proto__": "x", "constructor": {"$exists": False}}) == 0
    with pytest.raises(InputError, match="order parameters"):
        await index.listing(None, [Order(f"a{n}") for n in range(MAX_ORDERS + 1)], limit=1)


def test_uids_and_ids_have_one_order() -> None:
    assert id_of_uid("00000001-0002-4000-8000-000000000000") == 0x10002
    assert id_of_uid("nothing") is id_of_uid("00000001x0002") is None
    assert place_of_uid("00000001-0002-4000") == 0x10002
    assert place_of_uid("00000001") == 0x10000 - 0.5
    assert place_of_uid("") == -0.5
    assert place_of_uid("zzz") == 2**48 - 0.5
    assert place_of_uid("0000000A-0000-4") == 0xA0000


def test_a_uid_is_read_out_of_a_document_even_where_it_is_not_ours() -> None:
    assert uid_of(5, b'{"metadata":{"name":"a","uid":"00000000-0005-4000-8000-000000000001"}}')[-1] == "1"
    assert uid_of(5, b'{"metadata":{"uid":"other"}}') == "other"
    assert uid_of(5, None) == uid_of(5, b"{}") == "00000000-0005-4000-8000-000000000000"
