"""Never a document that its asker may not read: not shown, not counted, not betrayed by a cursor. On both engines."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson
import pytest

from app.errors import InputError
from app.interfaces import ALLOW, DENY, Decision, SearchDocument
from plugins.search.catalog_documents import READ
from tests.catalog.world import component, group
from tests.plugins.search.world import BOOK, CATALOG, OPEN, SearchWorld, Shelf, document


def only(rule: str, **params: Any) -> Decision:
    return Decision("CONDITIONAL", {"rule": rule, "resourceType": "catalog-entity", "params": params})


OURS = only("IS_ENTITY_OWNER", claims=["group:default/team-a"])


async def fill(world: SearchWorld) -> None:
    await world.put(
        group("team-a"),
        group("team-b"),
        *(component(f"svc-{n}", owner="team-a" if n % 2 else "team-b") for n in range(10)),
    )
    docs = world.add(Shelf("techdocs", READ))
    docs.documents = [
        document(f"{n}/{page}", f"svc {n} {page}", resource_ref=f"component:default/svc-{n}", group=f"{n}")
        for n in range(10)
        for page in ("install", "run")
    ]
    docs.documents.append(document("nobody", "svc of nobody"))
    docs.documents.append(document("gone", "svc gone", resource_ref="component:default/gone"))
    await world.settle()


async def seen(world: SearchWorld, term: str = "svc", **more: Any) -> list[str]:
    return sorted(await world.titles(term, limit=100, **more))


async def test_a_condition_hides_documents_of_entities_and_what_belongs_to_them(world: SearchWorld) -> None:
    await fill(world)
    assert (await world.query("svc")).total == 10 + 22
    world.permissions.decisions[READ.name] = OURS
    assert await seen(world, types=[CATALOG]) == [f"svc-{n}" for n in (1, 3, 5, 7, 9)]
    pages = [f"svc {n} {page}" for n in (1, 3, 5, 7, 9) for page in ("install", "run")]
    assert await seen(world, types=["techdocs"]) == sorted([*pages, "svc of nobody"])
    assert await seen(world, "") == sorted([*pages, "svc of nobody", *(f"svc-{n}" for n in (1, 3, 5, 7, 9))])


async def test_counts_and_cursors_are_of_what_may_be_seen(world: SearchWorld) -> None:
    await fill(world)
    world.permissions.decisions[READ.name] = OURS
    first = await world.query("svc", types=[CATALOG], limit=3)
    second = await world.query("svc", types=[CATALOG], limit=3, cursor="MQ==")
    third = await world.query("svc", types=[CATALOG], limit=3, cursor="Mg==")
    assert [(len(one.results), one.total, one.has_more) for one in (first, second, third)] == [
        (3, 5, True),
        (2, 5, False),
        (0, 5, False),
    ]
    assert [one.rank for one in second.results] == [4, 5]
    hidden = await world.query("svc-2")
    assert (hidden.total, list(hidden.results)) == (0, [])
    assert (await world.query("", filters={"owner": "team-b"})).total == 0


async def test_pages_stay_full_when_most_is_hidden(world: SearchWorld) -> None:
    # One in seven may be seen. Were the others left out of a page that was cut before, it would be short.
    owners = ["team-b"] * 6 + ["team-a"]
    await world.put(
        group("team-a"), group("team-b"), *(component(f"svc-{n:03}", owner=owners[n % 7]) for n in range(140))
    )
    await world.settle()
    world.permissions.decisions[READ.name] = OURS
    mine = [f"svc-{n:03}" for n in range(140) if n % 7 == 6]
    for term in ("svc", ""):
        sizes, titles = [], []
        for page in range(4):
            answer = await world.query(term, filters={"kind": "Component"}, limit=6, cursor=page_cursor(page))
            sizes.append((len(answer.results), answer.total, answer.has_more))
            titles += [orjson.loads(one.document)["title"] for one in answer.results]
        assert sizes == [(6, 20, True), (6, 20, True), (6, 20, True), (2, 20, False)]
        assert sorted(titles) == mine


def page_cursor(page: int) -> str:
    return b64encode(str(page).encode()).decode()


async def test_a_condition_follows_the_catalog_at_once(world: SearchWorld) -> None:
    await fill(world)
    world.permissions.decisions[READ.name] = OURS
    assert (await world.query("svc-2")).total == 0
    # The index has not heard of it yet; what may be seen has.
    await world.put(component("svc-2", owner="team-a"), component("svc-1", owner="team-b"))
    assert await seen(world, "svc-2", types=[CATALOG]) == ["svc-2"]
    assert (await world.query("svc-1")).total == 0


@pytest.mark.parametrize(
    ("decision", "names"),
    [
        (only("IS_ENTITY_KIND", kinds=["Group"]), ["team-a", "team-b"]),
        (
            Decision("CONDITIONAL", {"not": OURS.conditions}),
            ["svc-0", "svc-2", "svc-4", "svc-6", "svc-8", "team-a", "team-b"],
        ),
        (only("IS_ENTITY_OWNER", claims=[]), []),
        (ALLOW, [*(f"svc-{n}" for n in range(10)), "team-a", "team-b"]),
    ],
)
async def test_every_rule_of_entities_is_a_filter(world: SearchWorld, decision: Decision, names: list[str]) -> None:
    await fill(world)
    world.permissions.decisions[READ.name] = decision
    assert await seen(world, "", types=[CATALOG]) == names
    assert (await world.query("", types=[CATALOG])).total == len(names)


async def test_a_refused_type_is_not_there(world: SearchWorld) -> None:
    await fill(world)
    world.add(Shelf("lamps", OPEN)).documents = [document("lamp", "svc lamp")]
    await world.settle()
    world.permissions.decisions[READ.name] = DENY
    answer = await world.query("svc")
    assert ([one.type for one in answer.results], answer.total) == (["lamps"], 1)
    world.permissions.decisions[OPEN.name] = DENY
    nothing = await world.query("svc")
    assert (list(nothing.results), nothing.total) == ([], None)
    refused = await world.query("svc", types=[CATALOG])
    assert refused.total is None


async def test_conditions_on_other_resources_are_asked_by_their_refs(world: SearchWorld) -> None:
    shelf = world.add(Shelf("shelf", BOOK))
    shelf.documents = [document(f"b{n}", f"book {n}", resource_ref=f"book:{n}") for n in range(6)]
    shelf.documents.append(document("all", "book of all"))
    await world.settle()
    world.permissions.decisions[BOOK.name] = Decision("CONDITIONAL", {"rule": "x", "resourceType": "book"})
    world.permissions.books = {"book:1", "book:4"}
    assert await seen(world, "book") == ["book 1", "book 4", "book of all"]
    assert (await world.query("book", limit=1)).total == 3


async def test_one_permission_is_decided_once_for_a_query(world: SearchWorld) -> None:
    await fill(world)
    world.permissions.asked.clear()
    await world.query("svc")
    assert world.permissions.asked == [READ.name]


async def test_conditions_that_are_none_of_ours_show_nothing(world: SearchWorld) -> None:
    await fill(world)
    world.permissions.decisions[READ.name] = only("IS_WHATEVER")
    with pytest.raises(InputError, match="Unknown permission rule"):
        await world.query("svc")


async def test_many_belongings_are_looked_up_at_once(world: SearchWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(world)
    world.permissions.decisions[READ.name] = OURS
    few = await seen(world, types=["techdocs"])
    monkeypatch.setattr("plugins.search.searching.FEW", 1)
    world._begin_to_search()
    assert await seen(world, types=["techdocs"]) == few


async def test_ids_of_documents_never_meet(world: SearchWorld) -> None:
    await fill(world)
    rows = await world.database.read("SELECT id, type, resource FROM search_document")
    own = {row[0] for row in rows if row[1] == CATALOG}
    numbers = await world.visibility.numbers(await world.catalog.refs())
    assert own == set(numbers.values())
    assert all(row[0] > 2**31 for row in rows if row[1] != CATALOG)
    assert SearchDocument("a", "a", "", "/").resource_ref is None
