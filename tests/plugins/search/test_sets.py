"""What is known of usual words is right after every change, and saves look-ups. On both engines."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence

import pytest
from pyroaring import BitMap

from app.interfaces import SearchChange, SearchDocument
from plugins.search import changes, searching, writing
from plugins.search.matching import Alternatives, Match, Word, filter_match, name_match, text_match, type_match
from plugins.search.sets import USUAL, WordSets, has
from tests.plugins.search.world import SearchWorld, Shelf, document

WORDS = ("red", "redder", "blue", "blues", "teams", "team", "x1", "Übung", "paymentsApi")
TERMS = ("red", "re", "blues red", "team", "teams blue", "x1 red", "ubung", "payments api", "nowhere", "")


@pytest.fixture
def asked(world: SearchWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Match]]:
    """What the engine is asked to find."""
    found: list[Match] = []
    find = world.store.words.find

    async def noted(matches: Sequence[Match]) -> list[BitMap]:
        found.extend(matches)
        return await find(matches)

    monkeypatch.setattr(world.store.words, "find", noted)
    yield found


def some(dice: random.Random, key: str) -> SearchDocument:
    return document(
        key,
        " ".join(dice.choices(WORDS, k=dice.randrange(1, 3))),
        " ".join(dice.choices(WORDS, k=dice.randrange(4))),
        fields={"kind": dice.choice(["a", "b"])},
    )


async def change(world: SearchWorld, *put: SearchDocument, removed: Sequence[str] = ()) -> None:
    """A change of the shelf that the search has heard of."""
    await world.told.update("shelf", SearchChange(put=put, removed=removed))
    await world.heard()


async def answers(world: SearchWorld) -> list[object]:
    """To everything that can be asked."""
    return [(await world.titles(term), await world.titles(term, filters={"kind": "a"})) for term in TERMS]


@pytest.mark.parametrize("followed", [500, 2])
@pytest.mark.parametrize("most", [2000, 5])
@pytest.mark.parametrize("characters", [2_000_000, 400])
async def test_a_search_that_follows_finds_what_a_new_one_finds(
    world: SearchWorld, monkeypatch: pytest.MonkeyPatch, followed: int, most: int, characters: int
) -> None:
    monkeypatch.setattr(writing, "FOLLOWED", followed)
    monkeypatch.setattr(changes, "MOST", most)
    monkeypatch.setattr(changes, "MOST_CHARACTERS", characters)
    world.add(Shelf("shelf"))
    dice = random.Random(5)
    for _ in range(25):
        for _ in range(dice.randrange(1, 4)):
            put = [some(dice, f"d{dice.randrange(12)}") for _ in range(dice.randrange(4))]
            await change(world, *put, removed=[f"d{dice.randrange(12)}"])
        found, following = await answers(world), world.search
        # One that knows nothing yet.
        world._begin_to_search()
        assert found == await answers(world)
        world.search = following


async def test_known_words_are_looked_up_no_more(world: SearchWorld, asked: list[Match]) -> None:
    world.add(Shelf("shelf"))
    await change(world, document("a", "red one"), document("b", "blue two"))
    for number in range(USUAL):
        assert await world.titles(f"red {'one'[: number + 1]}") == ["red one"]
    await world.titles("red")
    asked.clear()
    await change(world, document("c", "red three"), removed=["a"])
    assert await world.titles("red") == ["red three"]
    await change(world, removed=["c"])
    assert await world.titles("red") == []
    assert not asked


async def test_unusual_words_are_looked_up_together(world: SearchWorld, asked: list[Match]) -> None:
    world.add(Shelf("shelf"))
    await change(world, document("a", "red one"), document("b", "red two"))
    assert await world.titles("red one") == ["red one"]
    (both,) = asked
    assert len(both.alternatives) == 2
    # The second word is another one each time, the first becomes usual with it.
    await world.titles("red")
    asked.clear()
    assert await world.titles("red two") == ["red two"]
    (rest,) = asked
    assert rest == text_match(["two"])


async def test_a_word_becomes_usual_beside_others_that_do_not(world: SearchWorld, asked: list[Match]) -> None:
    world.add(Shelf("shelf"))
    await change(world, *(document(f"d{n}", f"red {n}") for n in range(USUAL + 1)))
    for n in range(USUAL):
        assert await world.titles(f"red {n}") == [f"red {n}"]
    asked.clear()
    assert await world.titles(f"red {USUAL}") == [f"red {USUAL}"]
    assert asked == [text_match([str(USUAL)])]


async def test_a_version_that_is_not_told_of_is_looked_up(world: SearchWorld) -> None:
    world.add(Shelf("shelf"))
    await change(world, document("a", "red one"))
    assert await world.titles("red") == ["red one"]
    await change(world, document("b", "red two"))
    async with world.database.write() as transaction:
        # As an older release leaves it, which writes to the same index while it is replaced.
        await transaction.execute("DELETE FROM search_change")
    await change(world, document("c", "red three"))
    assert sorted(await world.titles("red")) == ["red one", "red three", "red two"]


async def test_only_the_latest_versions_are_told_of(world: SearchWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "TOLD_OF", 4)
    world.add(Shelf("shelf"))
    for number in range(20):
        await change(world, document("a", f"red {number}"))
        assert await world.titles("red") == [f"red {number}"]
    told = [version for version, *_ in await world.store.changes(-1)]
    newest = await world.store.version()
    assert 4 <= len(told) < 8
    assert told == [*range(told[0], newest + 1)]


async def test_words_that_are_read_say_what_the_engine_says(world: SearchWorld) -> None:
    dice = random.Random(9)
    world.add(Shelf("shelf"))
    await change(world, *(some(dice, f"d{n}") for n in range(30)))
    (everything,) = await world.store.words.find([Match()])
    words = await world.store.words.of(everything)
    assert BitMap(words) == everything and len(everything) == 30
    named = name_match("red")
    assert named is not None
    matches = [text_match([word.lower()]) for word in WORDS]
    matches += [text_match([word.lower()], "title", prefix=False) for word in WORDS]
    matches += [named, type_match(["shelf"]), type_match(["other"]), filter_match({"kind": ["a", "c"]}), Match()]
    matches += [Match(((Word("r", "title", prefix=True), Word("x1", "anywhere")),))]
    for match, found in zip(matches, await world.store.words.find(matches), strict=True):
        alternatives: Alternatives = match.alternatives[0] if match.alternatives else ()
        assert BitMap([id_ for id_, one in words.items() if has(one, alternatives)]) == found, match


async def test_what_is_known_stays_within_its_budget(world: SearchWorld, asked: list[Match]) -> None:
    world.add(Shelf("shelf"))
    await change(world, document("a", "red one"))
    known = WordSets(world.store, budget=1200)
    version = await world.store.version()
    for word in ("red", "one", "blue"):
        await known.find(version, text_match([word]))
    asked.clear()
    for word in ("blue", "one", "red"):
        await known.find(version, text_match([word]))
    # The two latest fit, and the third takes the place of one.
    assert asked == [text_match(["red"])]


async def test_several_questions_are_asked_in_one_statement(world: SearchWorld, asked: list[Match]) -> None:
    world.add(Shelf("shelf"))
    await change(world, document("a", "red one"), document("b", "blue one"))
    known = WordSets(world.store)
    version = await world.store.version()
    red, one, blue = text_match(["red"]), text_match(["one"]), text_match(["blue"])
    found = await known.find(version, red & one, one, blue, Match(), one)
    assert [len(ids) for ids in found] == [1, 2, 1, 2, 2]
    assert asked == [red & one, one, blue, Match()]


async def test_only_so_many_queries_are_looked_up_at_a_time(
    world: SearchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(Shelf("shelf"))
    await change(world, document("a", "red one"))
    find = world.store.words.find
    at_work, most = 0, 0

    async def counted(matches: Sequence[Match]) -> list[BitMap]:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        try:
            return await find(matches)
        finally:
            at_work -= 1

    monkeypatch.setattr(world.store.words, "find", counted)
    found = await asyncio.gather(*(world.query("r" + "ed"[: n % 3], filters={"n": n}) for n in range(20)))
    assert len(found) == 20
    assert most == searching.AT_ONCE[world.store.database.dialect]
