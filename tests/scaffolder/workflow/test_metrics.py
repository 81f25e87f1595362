"""What `/metrics` says of tasks and steps. Source: spec/scaffolder.md §3.10."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from app.telemetry.metrics import render
from scaffolder.workflow.metrics import observe_task
from tests.scaffolder.workflow.bench import run

TEMPLATE = "template:default/measured"


async def test_tasks_and_steps_are_counted_under_both_of_the_references_names(tmp_path: Path) -> None:
    steps: list[dict[str, Any]] = [
        {"name": "One", "action": "say", "input": {"message": "a"}},
        {"name": "Two", "action": "say", "if": False},
        {"name": "Three", "action": "fail"},
    ]
    await run(tmp_path, *steps, spec={"templateInfo": {"entityRef": TEMPLATE}})
    observe_task(TEMPLATE, "failed", 2.5)
    lines = {line for line in render().decode().splitlines() if f'template="{TEMPLATE}"' in line}
    task = f'{{result="failed",template="{TEMPLATE}"}}'
    assert {one for one in lines if "scaffolder_task_count" in one and "_created" not in one} == {
        f"scaffolder_task_count{task} 1.0",
        f"scaffolder_task_count_total{task} 1.0",
    }
    for unit in ("", "_seconds"):
        assert f"scaffolder_task_duration{unit}_sum{task} 2.5" in lines
        assert f"scaffolder_task_duration{unit}_count{task} 1.0" in lines
    for name in ("count", "count_total", "duration_count", "duration_seconds_count"):
        found = re.findall(rf'^scaffolder_step_{name}{{result="(\w+)",step="(\w+)",.*}} 1.0$', "\n".join(lines), re.M)
        assert sorted(found) == [("failed", "Three"), ("ok", "One"), ("skipped", "Two")]
