"""What policies say about pages, actions and tasks is what happens. Source: spec/scaffolder.md §6."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from app.errors import NotAllowedError
from app.interfaces import ALLOW, DENY, Decision, Permission, Principal
from app.permissions.service import PermissionService
from scaffolder.interfaces import Task
from scaffolder.permissions.gate import Gate
from scaffolder.permissions.permissions import OF_FRONTENDS, OF_TASKS, OF_TEMPLATES, PARAMETER_READ, TASK_READ
from scaffolder.permissions.rules import TASK_RULES, TEMPLATE_RULES

USER = Principal("user", "user:default/conductor")


class Policy:
    def __init__(self, decision: Decision) -> None:
        self.decision = decision

    async def decide(self, permission: Permission, user: Principal) -> Decision:
        return self.decision


def gate(decision: Decision) -> Gate:
    permissions = PermissionService(enabled=True)
    permissions.declare("scaffolder", OF_TEMPLATES, rules=TEMPLATE_RULES)
    permissions.declare("scaffolder", OF_TASKS, rules=TASK_RULES)
    permissions.declare("scaffolder", OF_FRONTENDS)
    permissions.use_policy(Policy(decision))
    return Gate(permissions)


def rule(name: str, kind: str, **params: Any) -> dict[str, Any]:
    return {"rule": name, "resourceType": f"scaffolder-{kind}", "params": params}


def conditional(conditions: Mapping[str, Any]) -> Decision:
    return Decision("CONDITIONAL", conditions)


def task(created_by: str | None) -> Task:
    return Task("1", {}, "open", "2026-11-22T00:00:00.000Z", created_by=created_by)


async def test_pages_are_seen_by_their_tags() -> None:
    seen = await gate(conditional({"not": rule("HAS_TAG", "template", tag="secret")})).readable(PARAMETER_READ, USER)
    assert seen({"title": "A"})
    assert not seen({"backstage:permissions": {"tags": ["secret"]}})
    assert seen({"backstage:permissions": {"tags": ["open"]}})


@pytest.mark.parametrize(
    ("conditions", "action", "given", "allowed"),
    [
        (rule("HAS_ACTION_ID", "action", actionId="debug:log"), "debug:log", {}, True),
        (rule("HAS_ACTION_ID", "action", actionId="debug:log"), "debug:wait", {}, False),
        (rule("HAS_STRING_PROPERTY", "action", key="a.b[0]", value="x"), "x", {"a": {"b": ["x"]}}, True),
        (rule("HAS_STRING_PROPERTY", "action", key="a", value="x"), "x", {"a": "X"}, False),
        (rule("HAS_STRING_PROPERTY", "action", key="owner", value="x"), "publish:github", {"owner": "X"}, True),
        (rule("HAS_STRING_PROPERTY", "action", key="owner", value="x"), "publish:githubby", {"owner": "X"}, False),
        (rule("HAS_STRING_PROPERTY", "action", key="a"), "x", {"a": 1}, False),
        (rule("HAS_BOOLEAN_PROPERTY", "action", key="a", value=False), "x", {"a": False}, True),
        (rule("HAS_BOOLEAN_PROPERTY", "action", key="a", value=False), "x", {"a": 0}, False),
        (rule("HAS_NUMBER_PROPERTY", "action", key="a", value=1), "x", {"a": True}, False),
        (rule("HAS_NUMBER_PROPERTY", "action", key="a"), "x", {"a": 0}, True),
        (
            {"not": rule("HAS_STRING_PROPERTY", "action", key="path", value="secret/group")},
            "gitlab:group:access",
            {"path": 42},
            False,
        ),
        (
            {"not": rule("HAS_STRING_PROPERTY", "action", key="path", value="secret/group")},
            "gitlab:group:access",
            {"path": "open/group"},
            True,
        ),
    ],
)
async def test_actions_run_where_the_conditions_hold(
    conditions: Mapping[str, Any], action: str, given: Mapping[str, Any], allowed: bool
) -> None:
    permitted = await gate(conditional(conditions)).actions(USER)
    assert permitted(action, given) is allowed


async def test_lists_of_tasks_are_cut_by_criteria() -> None:
    own = rule("IS_TASK_OWNER", "task", createdBy=[USER.subject])
    assert await gate(ALLOW).visible_tasks(USER) is None
    assert await gate(conditional({"anyOf": [own, {"not": own}]})).visible_tasks(USER) == {
        "anyOf": [
            {"key": "created_by", "values": [USER.subject]},
            {"not": {"key": "created_by", "values": [USER.subject]}},
        ]
    }
    with pytest.raises(NotAllowedError):
        await gate(DENY).visible_tasks(USER)


async def test_one_task_is_its_owners_alone() -> None:
    asked = gate(conditional(rule("IS_TASK_OWNER", "task", createdBy=[USER.subject])))
    await asked.require_task(TASK_READ, USER, task(USER.subject))
    for other in ("user:default/other", None):
        with pytest.raises(NotAllowedError):
            await asked.require_task(TASK_READ, USER, task(other))
