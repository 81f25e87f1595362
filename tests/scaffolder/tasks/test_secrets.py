"""A secret of a task is seen by its actions, and in no row, event or error."""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path
from typing import Any

from scaffolder.interfaces import Action, ActionContext
from scaffolder.workflow import Environment
from scaffolder.workspace import SafeFolder
from tests.conftest import AnyDatabase
from tests.scaffolder.actions.parts import Parts
from tests.scaffolder.tasks.world import GUEST, Gate, World

CANARY = "canary-0123456789abcdef"
DEPLOYMENT = "deployment-secret-42"


class Blab(Action):
    """Says its secret in every way it can think of."""

    id = "blab"

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    async def run(self, context: ActionContext) -> None:
        secret = context.secrets["T"]
        self.seen = dict(context.secrets)
        await context.log.info(f"token {secret}", {"header": {"authorization": f"Bearer {secret}"}})
        await context.log.warn(base64.b64encode(f"user:{secret}".encode()).decode())
        await context.log.error(str(context.input))
        await context.log.info(f"half of it {secret[:12]}")
        await context.log.info(f"{secret[12:]} and the other")
        context.output("copy", {"nested": [f"it is {secret}"]})
        raise RuntimeError(f"cannot log in with {secret}")


async def dump(database: AnyDatabase) -> str:
    rows: list[Any] = []
    for table in ("scaffolder_task", "scaffolder_task_event", "scaffolder_task_step", "scaffolder_task_checkpoint"):
        rows += await database.read(f"SELECT * FROM {table}")
    return repr(rows)


async def test_a_canary_shows_nowhere(world: World) -> None:
    blab, gate = Blab(), Gate()
    world.actions.update(blab=blab, gate=gate)
    world.environment = Environment(secrets={"DEPLOY": DEPLOYMENT})
    task_id = await world.start(
        {"action": "gate"},
        {
            "action": "blab",
            "each": ["${{ secrets.T }}"],
            "input": {
                "a": "${{ secrets.T | upper }}",
                "b": "${{ environment.secrets.DEPLOY }}",
                "c": "${{ each.value }}",
            },
        },
        {
            "action": "say",
            "if": "${{ always() }}",
            "input": {"message": "${{ secrets.T }} ${{ secrets.backstageToken }}"},
        },
        secrets={"T": CANARY},
    )
    assert CANARY not in await dump(world.database)
    assert "token-1" not in await dump(world.database)
    async with world.working():
        await asyncio.wait_for(gate.entered.wait(), 10)
        assert CANARY not in await dump(world.database)
        gate.open.set()
        await world.ended(task_id)
    assert blab.seen["T"] == CANARY
    assert blab.seen["backstageToken"] == "token-1"
    everything = await dump(world.database) + repr(await world.events(task_id)) + repr(await world.tasks.get(task_id))
    assert "cannot log in with ***" in everything
    found = re.search("(?s).{60}(canary|0123456789|deployment-secret|token-1).{40}", everything, re.IGNORECASE)
    assert not found, found[0]
    assert base64.b64encode(CANARY[3:].encode()).decode()[:8] not in everything


async def test_secrets_are_dropped_when_a_task_ends_is_cancelled_or_retried(world: World) -> None:
    async def kept() -> list[Any]:
        return [row[0] for row in await world.database.read("SELECT secrets FROM scaffolder_task")]

    gate = Gate()
    world.actions["gate"] = gate
    async with world.working():
        task_id = await world.start({"action": "gate"}, secrets={"T": CANARY})
        await asyncio.wait_for(gate.entered.wait(), 10)
        assert (await kept())[0] is not None
        await world.tasks.cancel(task_id)
        assert await kept() == [None]
        await world.ended(task_id)
        gate.open.set()
        await world.tasks.retry(task_id, secrets={"T": CANARY}, initiator=GUEST, token=None)
        await world.ended(task_id)
    assert await kept() == [None]


async def test_the_output_of_a_task_is_masked(world: World) -> None:
    async with world.working():
        task_id = await world.start(
            {"id": "put", "action": "put", "input": {"v": "x ${{ secrets.T }} y"}},
            secrets={"T": CANARY},
            output={"v": "${{ steps.put.output.v }}"},
        )
        await world.ended(task_id)
    assert (await world.completion(task_id))["output"] == {"v": "x *** y"}


async def test_the_values_of_fetch_template_are_logged_masked(world: World, tmp_path: Path) -> None:
    """CVE-2025-55285: the action wrote its values into the log before anything was masked in them."""
    (tmp_path / "template/skeleton").mkdir(parents=True)
    (tmp_path / "template/skeleton/${{ values.name }}").write_text("${{ values.token }}")
    parts = Parts(tmp_path / "data")
    world.actions["fetch:template"] = parts.action("fetch:template")
    world.confined, world.workspaces = parts.jobs.run, SafeFolder
    where = {"baseUrl": f"file://{tmp_path}/template/template.yaml", "entityRef": "template:default/t"}
    values = {"name": "n", "token": "${{ secrets.T }}", "deep": [{"header": "Bearer ${{ secrets.T | upper }}"}]}
    try:
        async with world.working():
            task_id = await world.start(
                {"action": "fetch:template", "input": {"url": "./skeleton", "values": values}},
                secrets={"T": CANARY},
                templateInfo=where,
            )
            assert (await world.ended(task_id)).status == "completed"
    finally:
        await parts.jobs.stop()
    everything = await dump(world.database) + repr(await world.events(task_id))
    assert "Processing 1 template files/directories with input values" in everything
    assert "canary" not in everything.lower()
