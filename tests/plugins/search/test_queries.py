"""What is found, in which order, and what is no trouble. On both engines."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from app.interfaces import SearchChange, SearchDocument
from plugins.search.matching import terms_of
from plugins.search.ranking import RANKED
from plugins.search.requests import SearchRequest
from plugins.search.searching import wire
from plugins.search.words import indexed, joined, singular
from tests.catalog.world import component, group, user
from tests.plugins.search.world import ANYBODY, CATALOG, SearchWorld, Shelf, document

HOSTILE = [
    '"',
    "'",
    "''; DROP TABLE search_document; --",
    "a AND",
    "AND OR NOT",
    "NEAR(a b, 2)",
    "title : pay",
    "{title text} : pay",
    "^pay",
    "pay*",
    "*",
    "-pay",
    "pay:*B",
    "pay & ! | <-> ()",
    "<2>",
    "\\",
    "\\'",
    "%_%",
    "$1 ? :x @y",
    "\0pay\0",
    "\ud7ff\ue000\uffff",
    "🚢" * 50,
    "ﷺ" * 200,
    "ŉŉŉ",
    "a " * 5000,
    "x" * 10_000,
    " ".join(f"w{n}" for n in range(2500)),
    "(" * 3000,
    '"' * 9999,
]


async def shelf(world: SearchWorld, *documents: SearchDocument) -> Shelf:
    found = world.add(Shelf("shelf"))
    found.documents = list(documents)
    await world.indexer.collate(found)
    return found


async def test_an_entity_is_found_as_the_reference_shows_it(world: SearchWorld) -> None:
    await world.put(
        component("payments-api", type="service", lifecycle="production", owner="team-a"),
        {**group("harbour", profile={"displayName": "The Harbour", "email": "h@x.example"})},
        {**user("zoe"), "spec": {"memberOf": [], "profile": {"displayName": "Zoë", "email": "zoe@x.example"}}},
    )
    await world.settle()
    assert await world.documents("payments-api") == [
        {
            "title": "payments-api",
            "text": "",
            "location": "/catalog/default/component/payments-api",
            "componentType": "service",
            "type": "service",
            "namespace": "default",
            "kind": "Component",
            "lifecycle": "production",
            "owner": "team-a",
        }
    ]
    (harbour,) = await world.documents("harbour", filters={"kind": "Group"})
    assert (harbour["text"], harbour["owner"], harbour["lifecycle"], harbour["type"]) == ("The Harbour", "", "", "team")
    (zoe,) = await world.documents("ZOE")
    assert (zoe["text"], zoe["type"], zoe["title"]) == ("Zoë : zoe@x.example", "other", "zoe")


async def test_what_is_called_so_comes_first_then_what_begins_so_then_the_rest(world: SearchWorld) -> None:
    await shelf(
        world,
        document("1", "A story", "of payments and of nothing else"),
        document("2", "The payments of others"),
        document("3", "Payments gateway"),
        document("4", "Payments"),
        document("5", "paymentsdb"),
        document("6", "Something", names=("payments",)),
        document("7", "No relation"),
    )
    assert await world.titles("payments") == [
        "Payments",
        "Something",
        "Payments gateway",
        "paymentsdb",
        "The payments of others",
        "A story",
    ]
    assert (await world.titles("paym"))[0] == "Payments"
    assert await world.titles("payments other") == ["The payments of others"]
    assert await world.titles("payments-gateway") == ["Payments gateway"]
    assert await world.titles("PaymentsGateway") == ["Payments gateway"]


async def test_of_very_many_the_named_one_is_still_first(world: SearchWorld) -> None:
    documents = [document(f"{n}", f"fern cedar {n:04}", "fern") for n in range(450)]
    documents += [document(f"x{n}", f"story {n:04}", "about fern cedars") for n in range(450)]
    documents += [document("a", "Fern"), document("b", "cedar fern"), document("c", "Fernando")]
    await shelf(world, *documents)
    titles = await world.titles("fern", limit=500)
    assert titles[0] == "Fern"
    assert titles.index("Fernando") < RANKED
    assert "cedar fern" in await world.titles("fern cedar", limit=1000)
    assert (await world.query("fern")).total == 903
    pages = [await world.titles("fern", limit=400, cursor=cursor) for cursor in ("MA==", "MQ==", "Mg==")]
    assert [len(page) for page in pages] == [400, 400, 103]
    assert len({title for page in pages for title in page}) == 903
    everything = await world.titles("fern", limit=1000)
    assert sorted(everything) == sorted(one.title for one in documents)
    assert all("story" in title for title in everything[-450:])


async def test_words_are_found_by_their_beginnings_plurals_and_stems(world: SearchWorld) -> None:
    await shelf(world, document("a", "Payment service"), document("b", "Documentation of libraries"))
    assert await world.titles("pay serv") == ["Payment service"]
    assert await world.titles("services") == ["Payment service"]
    assert await world.titles("library") == []
    assert await world.titles("libraries") == ["Documentation of libraries"]
    assert await world.titles("documented") == ["Documentation of libraries"]
    marked = (await world.query("documented")).results[0].fields
    pre, post = world.search.pre_tag, world.search.post_tag
    assert marked is not None
    assert marked["title"] == f"{pre}Documentation{post} of libraries"
    assert await world.titles("ment") == []


async def test_filters_are_exact_and_lists_are_alternatives(world: SearchWorld) -> None:
    await shelf(
        world,
        document("a", fields={"kind": "Book", "tags": ["red", "blue"], "pages": 3, "out": True}),
        document("b", fields={"kind": "Map", "tags": []}),
        document("c", fields={"kind": "book", "title": "forged", "authorization": {"resourceRef": "x"}}),
    )

    async def found(**filters: Any) -> list[str]:
        return sorted(await world.titles(filters=filters))

    assert await found(kind="Book") == ["a"]
    assert await found(kind=["Book", "Map"]) == ["a", "b"]
    assert await found(tags="red") == ["a"]
    assert await found(pages=3) == ["a"]
    assert await found(pages="3") == []
    assert await found(out=True, kind="Book") == ["a"]
    assert await found(kind=[]) == []
    assert await found(nothing="x") == []
    assert await found(title="c") == ["c"]
    assert await found(kind=[f"k{n}" for n in range(2000)] + ["Map"]) == ["b"]
    (c,) = await world.documents(filters={"kind": "book"})
    assert c == {"title": "c", "text": "", "location": "/shelf/c", "kind": "book"}


async def test_types_narrow_and_everything_is_everything(world: SearchWorld) -> None:
    await world.put(component("a"))
    await world.settle()
    await shelf(world, document("b", "a b"))
    assert sorted(await world.titles("a")) == ["a", "a b"]
    assert await world.titles("a", types=["shelf"]) == ["a b"]
    assert await world.titles("a", types=[CATALOG]) == ["a"]
    assert sorted(await world.titles()) == ["a", "a b"]
    assert (await world.query("...")).total == 0
    assert (await world.query("* & !")).total == 2
    assert (await world.query("", types=[])).total is None


async def test_locations_come_last_where_nothing_was_typed(world: SearchWorld) -> None:
    world.catalog.sources.put("https://git.example/a.yaml", component("svc"))
    await world.catalog.register("https://git.example/a.yaml")
    await world.settle()
    first, last = await world.documents()
    assert (first["kind"], last["kind"]) == ("Component", "Location")


async def test_the_answer_has_the_reference_s_shape(world: SearchWorld) -> None:
    await shelf(world, *(document(f"d{n}", f"Lamp {n}", "of the rig") for n in range(5)))
    request = SearchRequest("lamp", None, {}, 1, 2)
    answer = await world.search.query(request, ANYBODY)
    body = orjson.loads(wire(answer, request, ("<", ">")))
    assert {key: value for key, value in body.items() if key != "results"} == {
        "numberOfResults": 5,
        "nextPageCursor": "Mg==",
        "previousPageCursor": "MA==",
    }
    fields = body["results"][0]["highlight"]["fields"]
    assert fields.keys() == {"text", "title", "location", "path"}
    assert [one["rank"] for one in body["results"]] == [3, 4]
    assert body["results"][0]["document"] == {"title": "Lamp 2", "text": "of the rig", "location": "/shelf/d2"}
    nothing = SearchRequest("", None, {}, 0, 25)
    body = orjson.loads(wire(await world.search.query(nothing, ANYBODY), nothing, ("<", ">")))
    assert body["results"][0]["highlight"] == {"preTag": "<", "postTag": ">", "fields": {}}
    beyond = SearchRequest("", None, {}, 7, 25)
    body = orjson.loads(wire(await world.search.query(beyond, ANYBODY), beyond, ("<", ">")))
    assert body == {"results": [], "previousPageCursor": "Ng==", "numberOfResults": 5}


@pytest.mark.parametrize("how", ["terms", "filters"])
async def test_nothing_that_is_typed_is_syntax(world: SearchWorld, how: str) -> None:
    await shelf(world, document("pay", "Pay \"day\" 'x'", 'a AND NEAR \\ "pay"', fields={"kind": 'it\'s "x" \\'}))
    for text in HOSTILE:
        if how == "terms":
            found = await world.query(text)
            assert found.total in (0, 1)
        else:
            assert (await world.query("", filters={"kind": text, text: "x"})).total == 0
    assert await world.titles("", filters={"kind": 'it\'s "x" \\'}) == ["Pay \"day\" 'x'"]


async def test_hostile_documents_are_stored_and_shown_as_they_are(world: SearchWorld) -> None:
    texts = [text for text in HOSTILE if "\0" not in text]
    await shelf(world, *(document(f"d{n}", text, text, fields={"f": text}) for n, text in enumerate(texts)))
    assert (await world.query("")).total == len(texts)
    assert {one["text"] for one in await world.documents("", limit=100)} == set(texts)
    await world.told.update("shelf", SearchChange(put=[document("nul", "a\0b", "c\0d")]))
    (found,) = await world.documents("ab d")
    assert (found["title"], found["text"]) == ("ab", "c\0d")


async def test_locations_that_run_something_are_no_results(world: SearchWorld) -> None:
    bad = [
        "javascript:alert(1)",
        " JaVaScRiPt:x",
        "java\nscript:x",
        "\x01data:text/html,x",
        "vbscript:x",
        "file:///etc",
    ]
    good = ["/a", "a/b", "https://x.example/", "HTTP://x", "//x.example/y", "", "#x", "a b:c"]
    await shelf(
        world,
        *(SearchDocument(f"b{n}", f"bad {n}", "", where) for n, where in enumerate(bad)),
        *(SearchDocument(f"g{n}", f"good {n}", "", where) for n, where in enumerate(good)),
    )
    assert sorted(await world.titles(limit=100)) == [f"good {n}" for n in range(len(good))]


async def test_what_is_found_is_what_has_the_words(world: SearchWorld) -> None:
    """The engines against a search by hand, on random texts and terms."""
    dice = random.Random(8)
    pool = [
        "pay",
        "payment",
        "payments",
        "Zoë",
        "zoe",
        "api",
        "apis",
        "ApiGateway",
        "x1",
        "日本",
        "straße",
        "bus",
        "buses",
    ]

    def some(most: int) -> str:
        return " ".join(dice.choice(pool) for _ in range(dice.randrange(most + 1)))

    documents = [document(f"d{n}", some(2), some(4), fields={"kind": some(1)}) for n in range(120)]
    await shelf(world, *documents)
    words = {
        one.key: {joined(one.title), *(word for text in texts_of(one) for word in indexed(text))} for one in documents
    }

    def has(known: set[str], wanted: str) -> bool:
        return any(word.startswith(wanted) for word in known) or singular(wanted) in known

    found_some = 0
    for _ in range(80):
        terms = terms_of(term := some(3))
        wanted = sorted(key for key, known in words.items() if all(has(known, one) for one in terms))
        if terms and wanted:
            found = await world.documents(term, limit=1000)
            assert sorted(one["location"].removeprefix("/shelf/") for one in found) == wanted, term
            found_some += 1
    assert found_some > 20


def texts_of(one: SearchDocument) -> list[str]:
    return [one.title, one.text, one.fields["kind"]]
