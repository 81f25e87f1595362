"""What the event bus and the audit log are told of tasks. Source: spec/scaffolder.md §3.8, §3.9."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from app.interfaces import Event
from scaffolder.service.audit import TRUNCATED, shortened
from tests.scaffolder.tasks.world import GUEST, Gate, World

CANARY = "canary-7f3a91c2"


@pytest.fixture
def told(world: World) -> list[dict[str, Any]]:
    payloads: list[dict[str, Any]] = []

    async def heard(event: Event) -> None:
        payloads.append(dict(event.payload))

    world.bus.subscribe(["scaffolder.task"], heard)
    return payloads


async def test_the_bus_hears_of_a_task_from_its_making_to_its_end(world: World, told: list[dict[str, Any]]) -> None:
    task = await world.start({"action": "say", "input": {"message": "${{ secrets.T }}"}}, secrets={"T": CANARY})
    async with world.working():
        await world.ended(task)
    assert [(one["id"], one["status"]) for one in told] == [(task, "open"), (task, "processing"), (task, "completed")]
    assert told[-1].keys() == {"id", "status", "createdAt", "createdBy", "lastHeartbeatAt"}
    assert CANARY not in json.dumps(told)


async def test_the_bus_hears_of_cancelled_and_retried_tasks(world: World, told: list[dict[str, Any]]) -> None:
    gate = world.actions["gate"] = Gate()
    task = await world.start({"action": "gate"})
    async with world.working():
        await gate.entered.wait()
        await world.tasks.cancel(task)
        await world.ended(task)
    cancelled = next(one for one in told if one["status"] == "cancelled")
    (event,) = [one for one in await world.tasks.events(task) if one.type == "cancelled"]
    assert cancelled == {"id": event.id, "taskId": task, "status": "cancelled", "body": event.body}
    await world.tasks.retry(task, secrets={}, initiator=GUEST, token=None)
    assert told[-1]["body"] == {"recoverStrategy": "none"}


@pytest.mark.parametrize(("action", "status"), [("say", "succeeded"), ("fail", "failed")])
async def test_the_audit_log_holds_every_execution(
    world: World, caplog: pytest.LogCaptureFixture, action: str, status: str
) -> None:
    caplog.set_level(logging.INFO, "audit")
    step = {"action": action, "input": {"message": "${{ secrets.T }}"}}
    task = await world.start(step, secrets={"T": CANARY}, parameters={"long": "x" * 300, "n": [1, "short"]})
    async with world.working():
        await world.ended(task)
    records: list[Any] = [one for one in caplog.records if one.name == "audit"]
    assert [one.event["status"] for one in records] == ["initiated", status]
    meta = records[0].event["meta"]
    assert (meta["actionType"], meta["taskId"], meta["createdBy"]) == ("execution", task, "user:default/guest")
    assert meta["taskParameters"] == {"long": "x" * 256 + TRUNCATED, "n": [1, "short"]}
    assert CANARY not in json.dumps([one.event for one in records])


def test_parameters_may_be_kept_whole_or_left_out() -> None:
    assert shortened({"a": "x" * 999}, -1) == {"a": "x" * 999}
    assert shortened({"a": "xy"}, 0) == {"a": TRUNCATED}
