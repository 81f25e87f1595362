"""Asks the policy what a caller may do with templates, actions and tasks. Source: spec/scaffolder.md §6."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from app.errors import InputError, NotAllowedError
from app.interfaces import Decision, Permission, Permissions, Principal
from scaffolder.interfaces import Task
from scaffolder.permissions.permissions import ACTION_EXECUTE, PLUGIN, TASK_READ
from scaffolder.permissions.rules import ActionCall

Json = Any


class Gate:
    """The policy, as the scaffolder asks it."""

    def __init__(self, permissions: Permissions) -> None:
        self._permissions = permissions

    async def require(self, permission: Permission, caller: Principal) -> None:
        """Raises NotAllowedError, whose message the reference leaves empty."""
        if not await self._permissions.check(permission, caller, plugin=PLUGIN):
            raise NotAllowedError("")

    async def require_task(self, permission: Permission, caller: Principal, task: Task) -> None:
        """The same for one task, which has been loaded already."""
        if not self._holds(await self._decision(permission, caller), task):
            raise NotAllowedError("")

    async def readable(self, permission: Permission, caller: Principal) -> Callable[[Mapping[str, Json]], bool]:
        """Which pages or steps of templates the caller may see; one decision for all of them."""
        decision = await self._decision(permission, caller)
        return lambda part: self._holds(decision, part)

    async def visible_tasks(self, caller: Principal) -> Mapping[str, Json] | None:
        """The criteria of `Tasks.find`, None for all of them. Raises NotAllowedError."""
        decision = await self._decision(TASK_READ, caller)
        if decision.result == "ALLOW":
            return None
        if decision.result == "DENY" or decision.conditions is None:
            raise NotAllowedError("")
        return _criteria(decision.conditions)

    async def actions(self, caller: Principal) -> Callable[[str, Mapping[str, Json]], bool]:
        """`(action, rendered input)` → whether the caller may run it; one decision for a whole task."""
        decision = await self._decision(ACTION_EXECUTE, caller)

        def permitted(action: str, given: Mapping[str, Json]) -> bool:
            if not self._holds(decision, ActionCall(action, given)):
                return False
            # The numeric id of a group would get round a rule about its path.
            return all(
                self._holds(decision, ActionCall(action, {**given, "path": path}))
                for path in _named_paths(decision, action, given)
            )

        return permitted

    async def _decision(self, permission: Permission, caller: Principal) -> Decision:
        return await self._permissions.decide(permission, caller, plugin=PLUGIN)

    def _holds(self, decision: Decision, resource: Json) -> bool:
        if decision.result != "CONDITIONAL" or decision.conditions is None:
            return decision.result == "ALLOW"
        return self._permissions.holds(decision.conditions, resource)


def _criteria(conditions: Mapping[str, Json]) -> Mapping[str, Json]:
    """The policy's conditions as criteria over the columns of tasks. Raises InputError for a rule that is not ours."""
    for operator in ("allOf", "anyOf"):
        if operator in conditions:
            parts: Sequence[Mapping[str, Json]] = conditions[operator]
            return {operator: [_criteria(part) for part in parts]}
    if "not" in conditions:
        return {"not": _criteria(conditions["not"])}
    if conditions.get("rule") != "IS_TASK_OWNER":
        raise InputError(f"Unexpected permission rule: {conditions.get('rule')}")
    return {"key": "created_by", "values": list((conditions.get("params") or {})["createdBy"])}


def _named_paths(decision: Decision, action: str, given: Mapping[str, Json]) -> list[str]:
    path = given.get("path")
    numeric = (isinstance(path, int) and not isinstance(path, bool)) or (isinstance(path, str) and path.isdecimal())
    if decision.conditions is None or not numeric or "group" not in action.split(":"):
        return []
    return [
        params["value"]
        for params in _params(decision.conditions)
        if params.get("key") == "path" and isinstance(params.get("value"), str)
    ]


def _params(conditions: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    for operator in ("allOf", "anyOf"):
        for part in conditions.get(operator) or ():
            yield from _params(part)
    if "not" in conditions:
        yield from _params(conditions["not"])
    if "rule" in conditions:
        yield conditions.get("params") or {}
