"""`callboard search`, with and without a server that runs. On both engines."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.config import LayeredConfig
from app.config.nodes import Node, Place
from app.errors import InputError
from app.main import create_host
from plugins.search.commands import reindex_types, status_of
from plugins.search.plugin import SearchPlugin
from tests.catalog.world import component
from tests.plugins.search.world import CATALOG, SearchWorld, Shelf, document


async def test_the_index_is_made_anew_here_where_no_server_runs(
    world: SearchWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    await world.put(component("a"), component("b"))
    shelf = world.add(Shelf("shelf"))
    shelf.documents = [document("c")]
    await reindex_types(world.store, world.indexer, world.collators, [CATALOG, "shelf"])
    assert capsys.readouterr().out == "software-catalog: 2 documents\nshelf: 1 documents\n"
    assert sorted(await world.titles()) == ["a", "b", "c"]
    await world.told.collate("shelf")
    await status_of(world.store, world.collators)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("software-catalog: 2 documents, all collated 2026-05-01T")
    assert first.endswith(", at 2")
    assert second.endswith(", to be collated anew")


async def test_a_server_that_runs_does_it_and_is_waited_for(
    world: SearchWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf = world.add(Shelf("shelf"))
    async with world.indexing():
        await asyncio.sleep(0.05)
        shelf.documents = [document("c")]
        await reindex_types(world.store, world.indexer, world.collators, ["shelf"])
    assert capsys.readouterr().out == "shelf: 1 documents\n"


async def test_unknown_types_and_failures_are_told(world: SearchWorld) -> None:
    with pytest.raises(InputError, match="'nope'; there are: software-catalog"):
        await reindex_types(world.store, world.indexer, world.collators, ["nope"])
    shelf = world.add(Shelf("shelf"))
    shelf.error = RuntimeError("no shelf")
    with pytest.raises(RuntimeError, match="no shelf"):
        await reindex_types(world.store, world.indexer, world.collators, ["shelf"])


def test_the_commands_are_callboard_s(tmp_path: Path) -> None:
    host = create_host(
        LayeredConfig(Node({}, Place("defaults", 0))),
        roles=(),
        env={"CALLBOARD_DATA_DIR": str(tmp_path)},
        plugins=[SearchPlugin()],
    )
    (commands,) = [group() for group, name in host.command_groups if name == "search"]
    shown = CliRunner().invoke(commands, ["--help"]).output
    assert "reindex" in shown
    assert "status" in shown
