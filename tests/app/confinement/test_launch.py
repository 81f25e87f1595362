"""One piece of work in a fresh confined interpreter."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.confinement.launch import run_confined
from app.confinement.limits import LIMITS, LimitReachedError
from app.errors import CallboardError, ConflictError, ServiceUnavailableError

WORK = "tests.app.confinement.work"


async def test_a_child_sees_what_it_was_given_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, given, other = tmp_path / "own", tmp_path / "given", tmp_path / "other"
    own.mkdir()
    given.write_text("readable")
    other.write_text("secret")
    monkeypatch.setenv("CANARY", "in the environment")
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen = await run_confined(
            f"{WORK}:look_around",
            {"own": str(own), "given": str(given), "other": str(other), "port": server.getsockname()[1]},
            read=[given],
            write=[own],
        )
    assert "CANARY" not in seen.pop("environment")
    assert seen.pop("network") != "done"
    assert seen == {
        "home": True,
        "own file": "done",
        "given file": "done",
        "write to given": "PermissionError",
        "other file": "PermissionError",
    }


async def test_what_a_child_says_is_passed_on_line_by_line() -> None:
    lines: list[str] = []
    assert await run_confined(f"{WORK}:talk", {}, limits=replace(LIMITS, processes=100), said=lines.append) == "said"
    assert lines[-1] == "and on"
    assert {"to the one", "to the other"} <= set(lines)


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        ("conflict", ConflictError, "taken"),
        ("value", CallboardError, "Error: odd"),
        ("exit", CallboardError, "Error: 3"),
    ],
)
async def test_a_failure_keeps_its_name_and_message(how: str, kind: type[CallboardError], message: str) -> None:
    with pytest.raises(kind) as caught:
        await run_confined(f"{WORK}:fail", {"how": how})
    assert caught.value.message == message


async def test_a_child_that_ends_without_a_word_is_a_failure() -> None:
    with pytest.raises(ServiceUnavailableError):
        await run_confined(f"{WORK}:vanish", {})


@pytest.mark.parametrize(
    ("what", "limits"),
    [
        ("time", {"time": 0.8}),
        ("cpu", {"cpu": 1}),
        ("memory", {"memory": 1 << 30}),
        ("file_size", {"file_size": 1 << 20}),
        ("files", {"files": 100}),
        ("bytes", {"bytes": 2 << 20}),
    ],
)
async def test_every_limit_ends_a_child_and_is_named(tmp_path: Path, what: str, limits: dict[str, Any]) -> None:
    with pytest.raises(LimitReachedError) as caught:
        await run_confined(
            f"{WORK}:want", {"what": what, "own": str(tmp_path)}, write=[tmp_path], limits=replace(LIMITS, **limits)
        )
    assert caught.value.limit == what


async def test_cancelling_takes_the_child_with_it(tmp_path: Path) -> None:
    running = asyncio.ensure_future(
        run_confined(f"{WORK}:want", {"what": "files", "own": str(tmp_path)}, write=[tmp_path])
    )
    number = await asyncio.to_thread(once_written, tmp_path / "499")
    assert is_alive(number)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not is_alive(number)


def once_written(file: Path) -> str:
    deadline = time.monotonic() + 30
    while not (file.exists() and file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return file.read_text()


def is_alive(number: str) -> bool:
    return Path("/proc", number).exists()
