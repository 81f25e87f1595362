"""The index follows what it is made of, through restarts and failures. On both engines."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import InputError
from app.interfaces import SearchChange, SearchDocument
from plugins.search.catalog_documents import CatalogCollator
from plugins.search.settings import CatalogCollatorSettings
from plugins.search.versions import Versions
from tests.catalog.world import component
from tests.conftest import AnyDatabase
from tests.plugins.search.world import BOOK, CATALOG, SearchWorld, Shelf, document, eventually, open_search

DOCUMENTS = st.builds(
    document,
    key=st.sampled_from("abcdef"),
    title=st.sampled_from(["one", "two words", "Three"]),
    text=st.sampled_from(["", "red", "red blue"]),
    group=st.sampled_from(["", "g", "h"]),
    fields=st.sampled_from([{}, {"kind": "x"}, {"kind": ["x", "y"]}]),
)
CHANGES = st.lists(
    st.builds(
        SearchChange, put=st.lists(DOCUMENTS, max_size=4), removed=st.lists(st.sampled_from("abcdefgh"), max_size=3)
    ),
    max_size=6,
)


def after(changes: list[SearchChange]) -> dict[str, SearchDocument]:
    """What there is in the end, by hand."""
    there: dict[str, SearchDocument] = {}
    for change in changes:
        there = {key: one for key, one in there.items() if (one.group or one.key) not in change.removed}
        there.update((one.key, one) for one in change.put)
    return there


async def test_an_index_after_any_changes_is_the_one_built_afresh(world: SearchWorld) -> None:
    told, fresh = world.add(Shelf("told")), world.add(Shelf("fresh"))

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(CHANGES)
    def examples(changes: list[SearchChange]) -> None:
        asked.append(changes)

    asked: list[list[SearchChange]] = []
    examples()
    for changes in asked:
        told.documents = []
        await world.indexer.collate(told)
        for change in changes:
            await world.told.update("told", change)
        fresh.documents = list(after(changes).values())
        await world.indexer.collate(fresh)
        found, wanted = await world.content("told"), await world.content("fresh")
        assert [_without_type(row) for row in found] == [_without_type(row) for row in wanted], changes


def _without_type(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The mark of the type is among the words."""
    words = sorted(word.strip("'") for word in row[-1].replace("|", " ").split())
    return (*row[:-1], [word for word in words if not word.lstrip("c").startswith("t") or len(word) < 20])


async def test_entities_are_followed_and_the_index_equals_one_built_afresh(world: SearchWorld) -> None:
    dice = random.Random(4)
    async with world.indexing():
        for round_ in range(12):
            names = dice.sample([f"svc-{n}" for n in range(8)], 3)
            gone = [f"component:default/svc-{dice.randrange(8)}"]
            await world.put(*(component(name, type=f"t{dice.randrange(3)}") for name in names), removed=gone)
            if round_ % 4 == 0:
                await eventually(world.caught_up)
        await eventually(world.caught_up)
    followed = await world.content()
    assert [row[0] for row in followed] == await world.catalog.refs()
    async with world.store.write() as write:
        rows = await write.transaction.fetch("SELECT id FROM search_document")
        await write.drop([row[0] for row in rows])
    await world.indexer.collate(world.collator)
    assert await world.content() == followed


async def test_an_indexer_that_is_cut_off_anywhere_goes_on_without_a_gap(world: SearchWorld) -> None:
    world.collator = CatalogCollator(
        CatalogCollatorSettings.model_validate({"batchSize": 2}), lambda: world.feed, lambda: world.visibility
    )
    world.collators[CATALOG] = world.collator
    dice = random.Random(9)
    for round_ in range(10):
        async with world.indexing():
            await world.put(*(component(f"svc-{round_}-{n}", owner=f"o{dice.randrange(9)}") for n in range(5)))
            await world.put(removed=[f"component:default/svc-{dice.randrange(round_ + 1)}-{n}" for n in range(2)])
            # In the middle of whatever it is at: leaving the block cancels it, in or between statements.
            for _ in range(dice.randrange(60)):
                await asyncio.sleep(0)
    await world.settle()
    assert [row[0] for row in await world.content()] == await world.catalog.refs()
    state = await world.store.collated(CATALOG)
    assert state is not None
    assert state.generation == 2, "it has begun anew instead of going on"


async def test_position_and_documents_are_stored_together_or_not_at_all(
    world: SearchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.settle()
    await world.put(component("a"))

    async def fail(*_: Any) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(world.store.words, "add", fail)
        async for change in world.collator.changes("0"):
            with pytest.raises(RuntimeError, match="power cut"):
                await world.indexer.apply(CATALOG, change)
            break
    state = await world.store.collated(CATALOG)
    assert state is not None
    assert (state.position, await world.content()) == ("0", [])
    await world.settle()
    assert await world.titles("a") == ["a"]


async def test_a_lost_position_has_everything_collated_anew(world: SearchWorld) -> None:
    await world.put(component("a"), component("b"))
    await world.settle()
    async with world.database.write() as transaction:
        await transaction.execute("UPDATE search_collator SET position = '999' WHERE type = ?", CATALOG)
        await transaction.execute("DELETE FROM search_document WHERE title = 'a'")
        await transaction.execute(
            "DELETE FROM search_words WHERE NOT EXISTS (SELECT 1 FROM search_document AS d WHERE d.id = search_words."
            + ("rowid)" if world.database.dialect == "sqlite" else "id)")
        )
    await world.settle()
    assert sorted(await world.titles()) == ["a", "b"]


async def test_other_settings_make_another_index(world: SearchWorld) -> None:
    await world.put(component("a"), component("b", type="website"), component("c"))
    await world.settle()
    before = await world.content()

    async def with_settings(**given: Any) -> list[dict[str, Any]]:
        made = CatalogCollatorSettings.model_validate(given)
        world.collator = CatalogCollator(made, lambda: world.feed, lambda: world.visibility)
        world.collators[CATALOG] = world.collator
        await world.settle()
        return await world.documents(limit=100)

    filtered = await with_settings(filter={"kind": "Component", "spec.type": ["website", "x"]})
    assert [one["title"] for one in filtered] == ["b"]
    await world.put(component("b", type="service"), component("a", type="website"))
    await world.settle()
    assert await world.titles() == ["a"]
    either = await with_settings(filter=[{"metadata.name": "a"}, {"metadata.name": "c"}])
    assert [one["title"] for one in either] == ["a", "c"]
    elsewhere = await with_settings(locationTemplate="https://x.example/:kind/:name/:namespace/:name")
    assert elsewhere[0]["location"] == "https://x.example/component/a/default/:name"
    await world.put(component("b", type="website"), component("a"))
    await with_settings()
    assert await world.content() == before
    with pytest.raises(InputError, match="must be an object"):
        await with_settings(filter="kind=Component")


async def test_what_is_told_during_a_collation_wins(world: SearchWorld) -> None:
    shelf = world.add(Shelf("shelf"))
    shelf.documents = [document(key, "old", group="g") for key in "abcd"]
    await world.indexer.collate(shelf)

    async def tell() -> None:
        shelf.between = None
        change = SearchChange(put=[document("d", "new", group="g")], removed=["g"])
        await world.told.update("shelf", change)

    shelf.between = tell
    await world.indexer.collate(shelf)
    assert await world.titles() == ["new"]
    await world.indexer.collate(shelf)
    assert await world.titles() == ["old"] * 4


async def test_what_is_removed_during_a_collation_stays_removed(world: SearchWorld) -> None:
    shelf = world.add(Shelf("shelf"))
    shelf.documents = [document(key, group=key) for key in "abcdef"]

    async def tell() -> None:
        # One that has been collated already, and one that is still to come.
        shelf.between = None
        await world.told.update("shelf", SearchChange(removed=["a", "f"]))

    shelf.between = tell
    await world.indexer.collate(shelf)
    assert await world.titles() == ["b", "c", "d", "e"]
    # The next one takes what there is; so does one after a failure.
    await world.indexer.collate(shelf)
    assert sorted(await world.titles()) == ["a", "b", "c", "d", "e", "f"]

    async def tell_and_fail() -> None:
        await tell()
        raise RuntimeError("the shelf fell over")

    shelf.between = tell_and_fail
    with pytest.raises(RuntimeError):
        await world.indexer.collate(shelf)
    shelf.between = None
    await world.indexer.collate(shelf)
    assert sorted(await world.titles()) == ["a", "b", "c", "d", "e", "f"]
    assert await world.database.read("SELECT count(*) FROM search_gone") == [(0,)]


async def test_a_group_that_is_removed_and_told_of_again_is_there(world: SearchWorld) -> None:
    shelf = world.add(Shelf("shelf"))
    shelf.documents = [document(key, "old", group=key) for key in "abcd"]

    async def tell() -> None:
        shelf.between = None
        await world.told.update("shelf", SearchChange(removed=["d"]))
        await world.told.update("shelf", SearchChange(put=[document("d", "new", group="d")]))

    shelf.between = tell
    await world.indexer.collate(shelf)
    assert sorted(await world.titles()) == ["new", "old", "old", "old"]


async def test_a_failing_collator_hinders_nobody_and_loses_nothing(
    world: SearchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugins.search.indexer.RETRY_S", (0.01, 1.0))
    shelf = world.add(Shelf("shelf"))
    shelf.documents = [document("a"), document("b"), document("c")]
    await world.indexer.collate(shelf)
    await world.store.request(["shelf"])
    shelf.documents, shelf.error = [document("d")], RuntimeError("no shelf")
    async with world.indexing():
        await world.put(component("svc"))

        async def tried() -> bool:
            return shelf.collated > 3 and await world.titles("svc") == ["svc"]

        await eventually(tried)
        assert sorted(await world.titles(types=["shelf"])) == ["a", "b", "c", "d"]
        shelf.error = None

        async def done() -> bool:
            return await world.titles(types=["shelf"]) == ["d"]

        await eventually(done)


async def test_a_collation_that_takes_too_long_is_given_up(world: SearchWorld) -> None:
    shelf = world.add(Shelf("shelf"))
    shelf.documents, shelf.timeout = [document("a")], timedelta(seconds=0.05)

    async def stall() -> None:
        await asyncio.sleep(30)

    shelf.between = stall
    with pytest.raises(TimeoutError):
        await world.indexer.collate(shelf)


async def test_everything_is_collated_at_its_frequency_and_on_demand(world: SearchWorld) -> None:
    shelf = world.add(Shelf("shelf"))
    shelf.frequency = timedelta(hours=1)

    async def collated(times: int) -> None:
        async def enough() -> bool:
            return shelf.collated == times and await world.caught_up()

        await eventually(enough)

    async with world.indexing():
        await collated(1)
        await world.told.collate("shelf")
        await collated(2)
    async with world.indexing():
        await eventually(world.caught_up)
    assert shelf.collated == 2
    world.catalog.clock.forward(timedelta(minutes=61))
    async with world.indexing():
        await collated(3)
    with pytest.raises(InputError, match="Nobody collates documents of type 'x'"):
        await world.told.collate("x")
    with pytest.raises(InputError, match="Nobody collates documents of type 'x'"):
        await world.told.update("x", SearchChange())


async def test_types_that_nobody_collates_any_more_go(world: SearchWorld) -> None:
    shelf = world.add(Shelf("shelf"))
    shelf.documents = [document("a")]
    await world.indexer.collate(shelf)
    del world.collators["shelf"]
    await world.settle()
    assert await world.content("shelf") == []


async def test_what_has_not_changed_is_not_written_again(world: SearchWorld) -> None:
    await world.put(component("a"), component("b"))
    await world.settle()
    version = await world.store.version()
    await world.indexer.collate(world.collator)
    await world.settle()
    assert await world.store.version() == version


async def test_documents_find_the_entity_that_they_belong_to_whichever_is_first(world: SearchWorld) -> None:
    shelf = world.add(Shelf("shelf", BOOK))
    ref = "component:default/late"
    shelf.documents = [document("page", resource_ref=ref)]
    await world.settle()
    await world.indexer.collate(shelf)

    async def belongs() -> Any:
        rows = await world.database.read("SELECT resource FROM search_document WHERE type = 'shelf'")
        return rows[0][0]

    assert await belongs() is None
    await world.put(component("late"))
    await world.settle()
    number = (await world.visibility.numbers([ref]))[ref]
    assert await belongs() == number
    await world.put(removed=[ref])
    await world.put(component("late"))
    await world.indexer.collate(world.collator)
    assert await belongs() == (await world.visibility.numbers([ref]))[ref] != number


async def test_readers_notice_each_change_even_those_of_another_process(database: AnyDatabase) -> None:
    async with open_search(database) as world:
        shelf = world.add(Shelf("shelf"))
        await world.indexer.collate(shelf)
        elsewhere = type(database)(database.file if hasattr(database, "file") else database._url)  # type: ignore[arg-type]
        await elsewhere.start()
        try:
            now = 0.0
            versions = Versions(world.store, elsewhere, lambda: now)
            versions.listen()
            before = await versions.newest()
            await world.told.update("shelf", SearchChange(put=[document("a")]))
            now = 1.5
            assert await versions.newest() == before + 1
        finally:
            await elsewhere.close()
