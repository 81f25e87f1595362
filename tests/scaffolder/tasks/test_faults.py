"""What a machine or a remote may do to a task while it runs: each task ends once, and says what happened."""

from __future__ import annotations

import asyncio
import resource
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scaffolder.publishing.pushing import Pushing
from scaffolder.workspace import SafeFolder
from tests.app.reading.configuration import allowing
from tests.app.reading.web_server import HANG, WebServer, serving
from tests.conftest import AnyDatabase
from tests.scaffolder.actions.parts import Parts
from tests.scaffolder.tasks.world import World, make_world

pytestmark = pytest.mark.timeout(90)
MEGABYTE = 1024 * 1024


@pytest.fixture
async def silent() -> AsyncIterator[WebServer]:
    """A remote that takes requests and never answers."""
    async with serving(lambda _: HANG) as server:
        yield server


@pytest.fixture
async def parts(tmp_path: Path, silent: WebServer) -> AsyncIterator[Parts]:
    made = Parts(tmp_path / "data", allowing(f"127.0.0.1:{silent.url.rpartition(':')[2]}"))
    yield made
    await made.jobs.stop()


@pytest.fixture
async def world(database: AnyDatabase, tmp_path: Path, parts: Parts) -> AsyncIterator[World]:
    """Real actions, workspaces and confined jobs."""
    made = await make_world(database, tmp_path / "workspaces")
    made.actions = dict(parts.extensions.actions)
    made.confined, made.workspaces = parts.jobs, SafeFolder
    yield made
    await made.tasks.close()


@contextmanager
def small_disk(folder: Path, *options: str) -> Iterator[bool]:
    """A small file system at a folder; False where nobody may mount one."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    mounted = shutil.which("mount") is not None and (
        subprocess.run(command, check=False, capture_output=True).returncode == 0
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """Files of this process and of those it starts may not become larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def template_in(folder: Path, size: int) -> dict[str, Any]:
    """A template with a skeleton that takes some room."""
    (folder / "skeleton").mkdir(parents=True)
    (folder / "skeleton" / "big.txt").write_text("${{ values.name }} \n" + "x" * size)
    return {"templateInfo": {"entityRef": "template:default/t", "baseUrl": f"file://{folder}/template.yaml"}}


async def one_end(world: World, task: str) -> str:
    """Why a task failed, having ended exactly once and left nothing behind."""
    ended = await world.ended(task, within=60)
    assert ended.status == "failed"
    async with asyncio.timeout(10):
        while (world.folder / task).exists():  # noqa: ASYNC110 - removed once the end is told
            await asyncio.sleep(0.01)
    message: str = (await world.completion(task))["error"]["message"]
    return message


@pytest.mark.parametrize("action", ["fetch:template", "fetch:plain"])
async def test_a_full_disk_fails_the_step_that_meets_it_and_no_other_task(
    world: World, tmp_path: Path, action: str
) -> None:
    big = template_in(tmp_path / "big", 3 * MEGABYTE)
    small = template_in(tmp_path / "small", 10)
    fetch = {"id": "fetch", "action": action, "input": {"url": "./skeleton"}}
    with small_disk(world.folder, "size=2m") as mounted:
        if mounted:
            async with world.working():
                said = await one_end(world, await world.start(fetch, **big))
                assert (await world.ended(await world.start(fetch, **small))).status == "completed"
            assert said.startswith("ENOSPC: no space left on device")
            return
    with small_files(2 * MEGABYTE):
        async with world.working():
            said = await one_end(world, await world.start(fetch, **big))
    assert "EFBIG: file too large" in said or "hit the limit 'file_size'" in said


async def test_a_workspace_that_cannot_be_made_fails_the_task(world: World) -> None:
    log = {"action": "debug:log", "input": {"message": "hi"}}
    with small_disk(world.folder, "size=1m", "nr_inodes=2") as mounted:
        if mounted:
            (world.folder / "the-last-one").touch()
            reason = "ENOSPC: no space left on device"
        else:
            world.folder.rmdir()
            world.folder.touch()
            reason = "EEXIST: file exists"
        async with world.working():
            said = await one_end(world, await world.start(log))
        assert said.startswith(f"The task's workspace cannot be made: {reason}")


@pytest.mark.parametrize(
    "step",
    [
        {"id": "push", "action": "publish:git", "input": {"remoteUrl": "{silent}/team/service.git"}},
        {"id": "fetch", "action": "fetch:plain", "input": {"url": "{silent}/team/skeleton.git"}},
        {"id": "fetch", "action": "fetch:plain:file", "input": {"url": "{silent}/a.txt", "targetPath": "a.txt"}},
    ],
    ids=["publish:git", "fetch:plain", "fetch:plain:file"],
)
async def test_a_task_that_waits_for_a_silent_remote_can_be_cancelled(
    world: World, silent: WebServer, step: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scaffolder.workflow.step.GRACE_S", 0.3)
    given = {key: value.replace("{silent}", silent.url) for key, value in step["input"].items()}
    async with world.working():
        task = await world.start({**step, "input": given})
        async with asyncio.timeout(30):
            while not silent.asked:  # noqa: ASYNC110 - the server knows nothing of this test
                await asyncio.sleep(0.02)
        began = time.monotonic()
        await world.tasks.cancel(task)
        said = await one_end(world, task)
        assert time.monotonic() - began < 5
    assert said == f"Step {step['id']} ({step['action']}) of task {task} has been cancelled."
    async with asyncio.timeout(5):
        while silent.url in running_commands():  # noqa: ASYNC110 - killed, but not gone yet
            await asyncio.sleep(0.02)


async def test_a_push_to_a_silent_remote_is_given_up(
    world: World, silent: WebServer, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts.action("publish:git"), "_pushing", Pushing(parts.reading, first_delay=0.01))
    monkeypatch.setattr("app.reading.git_push.HEADS_TIMEOUT_S", 0.2)
    async with world.working():
        task = await world.start({"action": "publish:git", "input": {"remoteUrl": f"{silent.url}/team/service.git"}})
        said = await one_end(world, task)
    assert said == f"git did not get an answer about {silent.url}/team/service.git within 0.2 seconds"
    tried = [one for one in await world.messages(task) if "is tried again" in one]
    assert len(tried) == 5


def running_commands() -> str:
    """The command lines of everything that runs on this machine."""
    return "\n".join(
        file.read_bytes().decode("utf-8", "replace")
        for file in Path("/proc").glob("[0-9]*/cmdline")
        if file.parent.exists()
    )
