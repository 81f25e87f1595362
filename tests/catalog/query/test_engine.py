from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.interfaces import Database
from catalog.interfaces import FullText, Order, PageRequest
from catalog.query import blocks, order_index
from catalog.query.engine import CatalogIndex
from catalog.query.results import MOST_CHANGED, UNASKED
from tests.catalog.query import naive
from tests.catalog.query.store import Store, Stored

KINDS = ("Component", "API", "Group")
NAMES = ("a", "A-b", "ab", "b", "ba", "Bo", "c_d", "\u00e5ke", "\U0001f6a2")
KEYS = ("spec.owner", "spec.Type", "metadata.tags", "relations.ownedBy", "metadata.title")
VALUES = (None, "", "a", "A", "b", "ab", "AB", "true", "7", "\u00c5", "c_d", "\U0001f6a2x")
FIELDS = ("kind", "KIND", "metadata.name", "metadata.namespace", "spec.none", "relations", *KEYS)

prefixes = st.sampled_from(("", "a", "A", "b", "_", "\u00e5", "\U0001f6a2", "compo"))
primitives = st.sampled_from((*(value for value in VALUES if value is not None), "component", "default", 7, True))
conditions = st.one_of(
    primitives,
    st.booleans().map(lambda yes: {"$exists": yes}),
    st.lists(primitives, max_size=3).map(lambda those: {"$in": those}),
    prefixes.map(lambda prefix: {"$hasPrefix": prefix}),
    primitives.map(lambda value: {"$contains": value}),
)
relation = st.fixed_dictionaries(
    {"type": st.sampled_from(("ownedBy", "OWNEDBY", "other"))},
    optional={"targetRef": st.sampled_from(("a", "AB")) | st.just({"$in": ["a", "b"]})},
)
leaves: st.SearchStrategy[dict[str, Any]] = st.dictionaries(st.sampled_from(FIELDS), conditions, max_size=2) | (
    relation.map(lambda given: {"relations": {"$contains": given}})
)
queries = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"$all": parts}),
        st.lists(inner, max_size=3).map(lambda parts: {"$any": parts}),
        inner.map(lambda part: {"$not": part}),
    ),
    max_leaves=5,
)
orders = st.builds(Order, st.sampled_from((*FIELDS, "metadata.uid")), st.sampled_from(("asc", "desc")))
full_texts = st.builds(
    FullText,
    st.sampled_from(("a", " B ", "", "_", "\u00c5", "\U0001f6a2", "0000-", "zz")),
    st.none() | st.lists(st.sampled_from(FIELDS), max_size=2).map(tuple),
)


def entities(entity_id: int) -> st.SearchStrategy[Stored]:
    # One name per id: refs are unique.
    name = f"{NAMES[entity_id % len(NAMES)]}{entity_id // len(NAMES)}"
    return st.builds(
        Stored,
        st.just(entity_id),
        st.sampled_from(KINDS).map(lambda kind: kind if entity_id % 2 else kind.upper()),
        st.sampled_from(("default", "other")),
        st.just(name),
        st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES)), max_size=6).map(tuple),
    )


@dataclass(frozen=True)
class Commit:
    put: Sequence[Stored]
    delete: Sequence[int]


ids = st.integers(1, 24)
commits = st.builds(
    Commit,
    st.lists(ids, max_size=8, unique=True).flatmap(lambda those: st.tuples(*map(entities, those))),
    st.lists(ids, max_size=3, unique=True),
)
requests = st.builds(
    PageRequest,
    limit=st.integers(0, 7),
    query=st.none() | queries,
    order=st.lists(orders, max_size=2).map(tuple),
    full_text=st.none() | full_texts,
    offset=st.integers(0, 3),
    total=st.booleans(),
)
visibles = st.none() | st.none() | leaves


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_index, "BLOCK", 4)
    monkeypatch.setattr(blocks, "FEW", 1)
    monkeypatch.setattr(blocks, "MANY", 2)
    monkeypatch.setattr(order_index, "SORT_COST", 2)
    monkeypatch.setattr(order_index, "SLICE", 1)


@pytest.fixture
async def store(database: Database) -> Store:
    return await Store(database).create()


def both(first: Any, second: Any) -> Any:
    return {"$all": [one for one in (first, second) if one is not None]}


def refs_of(documents: Sequence[bytes | None]) -> list[str | None]:
    return [None if one is None else ref_of(one) for one in documents]


def ref_of(document: bytes) -> str:
    entity = orjson.loads(document)
    return f"{entity['kind']}:{entity['metadata']['namespace']}/{entity['metadata']['name']}".lower()


async def agrees_on_a_page(index: CatalogIndex, store: Store, request: PageRequest, visible: Any) -> None:
    """The page, the walk to the end from it, and the way back."""
    rows, total = naive.rows(store.entities.values(), both(request.query, visible), request.order, request.full_text)
    rows = rows[request.offset :]
    expected = [entity.document for _, entity in rows]
    page = await index.page(request, visible=visible)
    assert page.total == (total if request.total else 0)
    assert page.items == expected[: request.limit]
    assert page.prev_cursor is None
    if request.limit == 0:
        assert page.next_cursor is None
        return
    pages = [page]
    while page.next_cursor is not None:
        page = await index.page(PageRequest(request.limit, page.next_cursor), visible=visible)
        assert page.total == pages[0].total
        assert (page.prev_cursor is not None) == bool(page.items)
        pages.append(page)
    assert [item for page in pages for item in page.items] == expected
    assert len(pages) == max(-(-len(rows) // request.limit), 1)
    for earlier in pages[-2::-1]:
        assert page.prev_cursor is not None
        page = await index.page(PageRequest(request.limit, page.prev_cursor), visible=visible)
        assert list(page.items) == list(earlier.items)
        assert page.next_cursor is not None
    assert page.prev_cursor is None


async def agrees(index: CatalogIndex, store: Store, data: st.DataObject) -> None:
    """Every sort of answer is the naive one."""
    everybody = list(store.entities.values())
    query, visible = data.draw(st.none() | queries), data.draw(visibles)
    wanted = [entity for entity in everybody if naive.matches(entity, both(query, visible))]
    assert await index.count(query, visible=visible) == len(wanted)

    facet = data.draw(st.sampled_from(FIELDS))
    counted = (await index.facets([facet], query, visible=visible))[facet]
    assert [(one.value, one.count) for one in counted] == naive.facet(everybody, both(query, visible), facet)

    given_orders = data.draw(st.lists(orders, max_size=3))
    offset, limit = data.draw(st.integers(0, 30)), data.draw(st.none() | st.integers(1, 9))
    expected = [e.document for e in naive.listing(everybody, both(query, visible), given_orders)]
    documents, more = await index.listing(query, given_orders, limit=limit, offset=offset, visible=visible)
    assert documents == expected[offset : None if limit is None else offset + limit]
    assert more == (limit is not None and len(expected) > offset + limit)

    order = data.draw(st.none() | orders)
    rows, _ = naive.rows(everybody, both(query, visible), [order] if order else [], None)
    streamed = [one async for batch in index.everything(query, order, visible=visible) for one in batch]
    assert streamed == [entity.document for _, entity in rows]

    refs = [e.ref for e in everybody[:5]] + ["component:default/none", "Component:default/a", "", "a\0b", "\ud800"]
    refs += refs[:2]
    by_ref = {entity.ref: entity.document for entity in wanted}
    assert await index.by_refs(refs, query, visible=visible) == [by_ref.get(ref) for ref in refs]
    if query is not None:
        assert await index.matching(refs, query) == {
            e.ref for e in everybody if e.ref in refs and naive.matches(e, query)
        }
    for entity in everybody[:2]:
        found = await index.by_uid(entity.uid.upper(), visible=visible)
        assert found == (entity.document if naive.matches(entity, visible) else None)

    await agrees_on_a_page(index, store, data.draw(requests), visible)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(commits, min_size=1, max_size=4), st.integers(0, 3), st.sampled_from((2, 1000)), st.data())
async def test_the_engine_answers_like_a_naive_evaluator_while_the_catalog_changes(
    store: Store, database: Database, changes: list[Commit], most: int, many: int, data: st.DataObject
) -> None:
    await store.clear()
    index = CatalogIndex(database, budget=data.draw(st.sampled_from((0, 10_000_000))), many_spellings=many)
    index._freshness._most = 0 if most == 0 else 1000
    for change in changes:
        index.advance(await store.write(change.put, change.delete))
        assert await index.revision() == store.revision
        for _ in range(2):
            await agrees(index, store, data)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(commits, min_size=2, max_size=6), st.sampled_from((2, 1000)), st.data())
async def test_what_is_asked_again_and_again_is_right_after_every_commit(
    store: Store, database: Database, changes: list[Commit], many: int, data: st.DataObject
) -> None:
    """Results are brought along with changes instead of being computed anew: `results.py`."""
    await store.clear()
    index = CatalogIndex(database, many_spellings=many)
    asked = data.draw(
        st.lists(st.tuples(st.none() | queries, visibles, st.sampled_from(FIELDS)), min_size=1, max_size=4)
    )
    texts = [(FullText(data.draw(st.sampled_from(("a", "b", "-", "x"))), (field,)), query) for query, _, field in asked]
    for change in changes:
        index.advance(await store.write(change.put, change.delete))
        everybody = list(store.entities.values())
        for query, visible, facet in asked:
            wanted = [entity for entity in everybody if naive.matches(entity, both(query, visible))]
            assert await index.count(query, visible=visible) == len(wanted)
            counted = (await index.facets([facet], query, visible=visible))[facet]
            assert [(one.value, one.count) for one in counted] == naive.facet(everybody, both(query, visible), facet)
        for text, query in texts:
            rows, total = naive.rows(everybody, query, [], text)
            page = await index.page(PageRequest(5, query=query, full_text=text))
            assert (page.total, page.items) == (total, [entity.document for _, entity in rows[:5]])


@pytest.mark.parametrize("many", [2, 1000])
async def test_a_small_commit_leaves_nothing_to_be_computed_anew(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    await store.clear()
    index = CatalogIndex(database, many_spellings=many)
    query, text = {"kind": "component"}, FullText("a", ("metadata.name",))

    def named(name: str, number: int) -> Stored:
        return Stored(number, "Component", "default", name)

    async def ask() -> tuple[int, int, int]:
        found = await index.page(PageRequest(5, query=query, full_text=text))
        facet = (await index.facets(["metadata.name"], query))["metadata.name"]
        return await index.count(query), len(facet), found.total

    index.advance(await store.write([named(f"a{n}", n) for n in range(1, 21)], []))
    assert await ask() == (20, 20, 20)

    def anew(*_: Any) -> Any:
        raise AssertionError("computed anew")

    with monkeypatch.context() as patched:
        patched.setattr("catalog.query.selection.evaluate", anew)
        patched.setattr("catalog.query.selection.Selection.sliced", anew)
        index.advance(await store.write([named("b", 3), named("a21", 21), named("b22", 22)], [7]))
        assert await ask() == (21, 21, 19)
    many_more = [named(f"c{n}", 30 + n) for n in range(MOST_CHANGED + 1)]
    index.advance(await store.write(many_more, []))
    assert await ask() == (22 + MOST_CHANGED, 22 + MOST_CHANGED, 19)


async def test_what_nobody_asks_for_is_forgotten_after_some_commits(store: Store, database: Database) -> None:
    await store.clear()
    index = CatalogIndex(database)
    index.advance(await store.write([Stored(1, "Component", "default", "a")], []))
    await index.count({"kind": "component"})
    kept = index._selection._results._kept
    for number in range(UNASKED + 1):
        assert len(kept) == 1
        index.advance(await store.write([Stored(2, "API", "default", f"b{number}")], []))
        await index.revision()
    assert len(kept) == 0
