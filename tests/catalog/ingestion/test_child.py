"""The child process: several questions at a time, and what becomes of them when it fails."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import orjson
import pytest

from catalog.ingestion import child as module
from catalog.ingestion.child import AHEAD, Child


def question(name: str, count: int = 1) -> bytes:
    text = f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{ name: {name} }}\n"
    return orjson.dumps({"parse": [(f"url:https://git.example/{name}", text)] * count})


def names(answer: bytes | None) -> set[str]:
    assert answer is not None
    return {entity["metadata"]["name"] for found in orjson.loads(answer) for entity in found}


@pytest.fixture
async def child() -> AsyncIterator[Child]:
    one = Child()
    yield one
    await one.close()


def process_of(child: Child) -> int:
    assert child._talk is not None
    return child._talk.process.pid


async def test_everybody_gets_the_answer_to_his_own_question(child: Child) -> None:
    asked = [f"c{number}" for number in range(4 * AHEAD)]
    # Long ones and short ones, longer than what a pipe takes at once.
    answers = await asyncio.gather(
        *[child.ask(question(name, 1 + number % 3 * 2000)) for number, name in enumerate(asked)]
    )
    assert [names(answer) for answer in answers] == [{name} for name in asked]


async def test_who_is_cancelled_takes_nobody_elses_answer(child: Child) -> None:
    await child.ask(question("first"))
    before = process_of(child)
    asking = [asyncio.create_task(child.ask(question(f"c{number}", 3000))) for number in range(AHEAD)]
    await asyncio.sleep(0)
    asking[0].cancel()
    assert names(await child.ask(question("last"))) == {"last"}
    assert [names(await one) for one in asking[1:]] == [{f"c{number}"} for number in range(1, AHEAD)]
    assert process_of(child) == before


async def test_a_child_that_dies_fails_all_that_it_was_asked_and_is_started_anew(child: Child) -> None:
    await child.ask(question("first"))
    asking = [asyncio.create_task(child.ask(question(f"c{number}", 20_000))) for number in range(AHEAD)]
    await asyncio.sleep(0)
    os.kill(process_of(child), signal.SIGKILL)
    assert await asyncio.gather(*asking) == [None] * AHEAD
    assert names(await child.ask(question("again"))) == {"again"}


async def test_one_that_does_not_answer_is_given_up(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    await child.ask(question("first"))
    monkeypatch.setattr(module, "ANSWER_TIMEOUT_S", 0.2)
    stuck = process_of(child)
    os.kill(stuck, signal.SIGSTOP)
    assert await asyncio.gather(*[child.ask(question(name)) for name in "ab"]) == [None, None]
    monkeypatch.setattr(module, "ANSWER_TIMEOUT_S", 60)
    assert names(await child.ask(question("again"))) == {"again"}
    assert process_of(child) != stuck


async def test_what_cannot_be_answered_is_said_so_and_no_more(child: Child) -> None:
    await child.ask(question("first"))
    before = process_of(child)
    assert await child.ask(b'{"parse": [["no pair"]]}') is None
    assert names(await child.ask(question("next"))) == {"next"}
    assert process_of(child) == before


async def test_it_is_let_go_when_it_has_been_idle(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.05)
    await child.ask(question("first"))
    talk = child._talk
    assert talk is not None
    async with asyncio.timeout(20):
        await talk.process.wait()
    assert child._talk is None
