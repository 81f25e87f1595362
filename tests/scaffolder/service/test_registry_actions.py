"""The actions by which agents and other templates start tasks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from app.actions.model import ActionInvocation
from app.interfaces import Principal
from scaffolder.service.registry_actions import RegistryActions, Services

ALICE = Principal("user", "user:default/alice")


async def test_a_task_is_started_with_the_callers_token() -> None:
    """Steps see it as `secrets.backstageToken`, as they do where the form has started them."""
    created: list[tuple[Any, ...]] = []

    class Tasks:
        async def create(self, *given: Any) -> str:
            created.append(given)
            return "task-1"

    actions = RegistryActions(cast(Services, SimpleNamespace(tasks=Tasks()))).all()
    execute = next(one for one in actions if one.name == "execute-template")
    given = {"templateRef": "template:default/t", "values": {"a": 1}, "secrets": {"T": "x"}}
    assert await execute.run(ActionInvocation(given, ALICE, token="token-of-alice")) == {"taskId": "task-1"}
    assert created == [("template:default/t", {"a": 1}, {"T": "x"}, ALICE, "token-of-alice")]
