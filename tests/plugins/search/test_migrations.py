"""An index that an older release has made is found in and written to after the upgrade."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.database.migrations import migrate
from app.interfaces import SearchChange
from plugins.search import migrations
from plugins.search.entries import entry_of
from tests.conftest import AnyDatabase
from tests.plugins.search.world import Shelf, document, open_search


async def test_an_index_of_the_revision_before_is_taken_over(
    database: AnyDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / f"search_before_{database.dialect}"
    old.mkdir()
    for name in ("__init__", "search_0001", "search_0002"):
        shutil.copy(Path(str(migrations.__file__)).parent / f"{name}.py", old)
    monkeypatch.syspath_prepend(str(tmp_path))
    await migrate(database.engine, {"search": old.name})
    entries = [entry_of("shelf", document(f"d{n}", f"red {n}", "some text")) for n in range(1, 31)]
    async with database.write() as transaction:
        await transaction.execute("UPDATE search_state SET version = 7, last_id = 2147483648 + 30")
        for n, one in enumerate(entries, 1):
            row = (2147483648 + n, one.key, one.group, one.title, one.names, one.title_words, one.document, one.hash)
            await transaction.execute(
                "INSERT INTO search_document"
                " (id, type, key, grp, title, names, title_words, document, hash, generation)"
                " VALUES (?, 'shelf', ?, ?, ?, ?, ?, ?, ?, 2)",
                *row,
            )
            words = (one.title_words, one.text_words, one.marks)
            if database.dialect == "sqlite":
                await transaction.execute(
                    "INSERT INTO search_words (rowid, title, text, marks) VALUES (?, ?, ?, ?)", 2147483648 + n, *words
                )
            else:
                lexemes = [
                    letter + word for letter, place in zip("bac", words, strict=True) for word in place.split()
                ] + ["a" + word for word in one.title_words.split()]
                await transaction.execute(
                    "INSERT INTO search_words (id, words) VALUES (?, array_to_tsvector(?::text[]))",
                    2147483648 + n,
                    lexemes,
                )
    async with open_search(database) as world:
        world.add(Shelf("shelf"))
        assert len(await world.titles("red", limit=100)) == 30
        assert await world.titles("red 17") == ["red 17"]
        await world.told.update("shelf", SearchChange(put=[document("new", "red new")], removed=["d17"]))
        await world.heard()
        assert await world.titles("red new") == ["red new"]
        assert await world.titles("red 17") == []
        assert len(await world.content("shelf")) == 30
