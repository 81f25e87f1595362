"""A task goes on at another machine with the files that its steps have made."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from scaffolder.interfaces import Action, ActionContext
from scaffolder.tasks import snapshots
from scaffolder.tasks.snapshots import WorkspaceTooLargeError, pack, unpack
from tests.scaffolder.tasks.world import Gate, World


class Write(Action):
    id = "write"

    async def run(self, context: ActionContext) -> None:
        (context.workspace.root / "made.txt").write_text("by the first machine")


class Read(Action):
    id = "read"

    async def run(self, context: ActionContext) -> None:
        await context.log.info((context.workspace.root / "made.txt").read_text())


@asynccontextmanager
async def machine(world: World, folder: Path, *, stored: bool) -> AsyncIterator[None]:
    worker = asyncio.create_task(world.worker(snapshots=stored, folder=folder).run())
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


@pytest.mark.parametrize("stored", [True, False])
async def test_files_follow_a_task_to_another_machine_if_they_are_stored(
    world: World, tmp_path: Path, stored: bool
) -> None:
    gate = Gate()
    gate.idempotent = True  # type: ignore[misc]
    world.actions.update(write=Write(), read=Read(), gate=gate)
    task_id = await world.start({"action": "write"}, {"action": "gate"}, {"action": "read"})
    async with machine(world, tmp_path / "first", stored=stored):
        await asyncio.wait_for(gate.entered.wait(), 10)
    gate.open.set()
    async with machine(world, tmp_path / "second", stored=stored):
        task = await world.ended(task_id)
    if stored:
        assert task.status == "completed"
        assert "\x1b[32minfo\x1b[39m: by the first machine" in await world.messages(task_id)
    else:
        assert task.status == "failed"
        assert "not on this machine" in (await world.completion(task_id))["error"]["message"]
    assert await world.database.read("SELECT task_id FROM scaffolder_task_workspace") == []


def test_a_tree_is_packed_with_its_modes_and_links_and_nothing_follows_them(tmp_path: Path) -> None:
    outside, tree = tmp_path / "outside", tmp_path / "tree"
    (tree / "a/b").mkdir(parents=True)
    (tree / "empty").mkdir()
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (tree / "a/b/run.sh").write_text("#!/bin/sh")
    (tree / "a/b/run.sh").chmod(0o755)
    (tree / "inside").symlink_to("a/b/run.sh")
    (tree / "dangling").symlink_to("nowhere")
    os.mkfifo(tree / "pipe")
    packed = pack(tree)
    unpack(packed, tmp_path / "copy")
    copy = tmp_path / "copy"
    assert stat.S_IMODE((copy / "a/b/run.sh").stat().st_mode) == 0o755
    assert (copy / "inside").readlink() == Path("a/b/run.sh")
    assert (copy / "dangling").is_symlink()
    assert (copy / "empty").is_dir()
    assert not (copy / "pipe").exists()
    (tree / "leak").symlink_to(outside)
    assert b"secret" not in pack(tree)


def test_a_tree_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "MAX_BYTES", 10_000)
    (tmp_path / "big").write_bytes(os.urandom(20_000))
    with pytest.raises(WorkspaceTooLargeError):
        pack(tmp_path)
