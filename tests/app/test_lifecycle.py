"""Start, background loops and stop."""

from __future__ import annotations

import asyncio

import pytest

from app.errors import ServiceUnavailableError
from app.interfaces import Hook
from app.lifecycle import Lifecycle


async def test_hooks_start_in_order_and_stop_in_reverse() -> None:
    log: list[str] = []

    def noting(word: str) -> Hook:
        async def hook() -> None:
            log.append(word)

        return hook

    lifecycle = Lifecycle({"api"})
    for word in ("one", "two"):
        lifecycle.on_start(noting(f"start {word}"))
        lifecycle.on_stop(noting(f"stop {word}"))
    await lifecycle.start()
    assert lifecycle.running
    await lifecycle.stop()
    assert log == ["start one", "start two", "stop two", "stop one"]


async def test_a_hook_that_fails_to_stop_hinders_no_other(caplog: pytest.LogCaptureFixture) -> None:
    stopped = asyncio.Event()

    async def stop() -> None:
        stopped.set()

    async def fail() -> None:
        raise RuntimeError("cannot stop")

    lifecycle = Lifecycle({"api"})
    lifecycle.on_stop(stop)
    lifecycle.on_stop(fail)
    await lifecycle.start()
    await lifecycle.stop()
    assert stopped.is_set()
    assert "cannot stop" in caplog.text


async def test_a_failed_start_is_told_to_whoever_waits() -> None:
    async def fail() -> None:
        raise RuntimeError("no database")

    lifecycle = Lifecycle({"api"}, pause=60)
    lifecycle.on_start(fail)
    waiting = asyncio.create_task(lifecycle.admit())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="no database"):
        await lifecycle.start()
    with pytest.raises(ServiceUnavailableError, match="not started up successfully"):
        await waiting
    assert await lifecycle.settled() == "failed"


async def test_loops_run_in_processes_of_their_role_only() -> None:
    ran: list[str] = []
    started = asyncio.Event()

    async def loop(name: str) -> None:
        ran.append(name)
        started.set()
        await asyncio.Event().wait()

    lifecycle = Lifecycle({"ingest"})
    lifecycle.background("ours", lambda: loop("ours"), "ingest")
    lifecycle.background("theirs", lambda: loop("theirs"), "worker")
    await lifecycle.start()
    await started.wait()
    await lifecycle.stop()
    assert ran == ["ours"]


async def test_a_loop_that_raises_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.lifecycle._BACK_OFF", (0.001, 0.002))
    tries = 0
    steady = asyncio.Event()

    async def loop() -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise RuntimeError("again")
        steady.set()
        await asyncio.Event().wait()

    lifecycle = Lifecycle({"worker"})
    lifecycle.background("shaky", loop, "worker")
    await lifecycle.start()
    await steady.wait()
    await lifecycle.stop()
    assert tries == 4
