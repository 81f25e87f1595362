"""The host's `Permissions`: who may do what. Source: spec/catalog.md §7; spec/ui-backends.md §2.7, §5.

Services are decided here, by their token's restrictions. Users are the policy's, if `permission.enabled` says that
there are permissions at all.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from app.errors import InputError
from app.interfaces import (
    ALLOW,
    DENY,
    Decision,
    Permission,
    PermissionPolicy,
    PermissionQuery,
    PermissionRule,
    Principal,
    Verdict,
)
from app.permissions.conditions import Criteria, conditions_in, matches, parse_criteria
from app.permissions.registry import PluginPermissions

_log = logging.getLogger(__name__)


class PermissionService:
    """`enabled` as `permission.enabled`: without it every user may do everything."""

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self._policy: PermissionPolicy | None = None
        self._plugins: dict[str, PluginPermissions] = {}

    def declare(
        self,
        plugin: str,
        permissions: Iterable[Permission],
        *,
        rules: Iterable[PermissionRule] = (),
        load: Callable[[Sequence[str]], Awaitable[Sequence[Any | None]]] | None = None,
    ) -> None:
        self.of(plugin).declare(permissions, rules, load)

    def of(self, plugin: str) -> PluginPermissions:
        """A plugin's declarations, empty at first."""
        return self._plugins.setdefault(plugin, PluginPermissions(plugin))

    def use_policy(self, policy: PermissionPolicy) -> None:
        """Raises ValueError if there is one already: which of two should decide is nothing to guess."""
        if self._policy is not None:
            raise ValueError("A permission policy is installed already")
        self._policy = policy

    def permission(self, name: str) -> Permission | None:
        declared = (plugin.permissions.get(name) for plugin in self._plugins.values())
        return next((permission for permission in declared if permission is not None), None)

    def validate(self, conditions: Mapping[str, Any]) -> None:
        for condition in conditions_in(parse_criteria(conditions)):
            self._owner(condition.resource_type).rule_for(condition.resource_type, condition)

    def holds(self, conditions: Mapping[str, Any], resource: Any) -> bool:
        return matches(
            parse_criteria(conditions),
            lambda condition: (
                self._owner(condition.resource_type)
                .rule_for(condition.resource_type, condition)
                .apply(resource, condition.params)
            ),
        )

    async def decide(self, permission: Permission, caller: Principal, *, plugin: str) -> Decision:
        if caller.kind == "service":
            return _service_decision(permission, caller, plugin)
        if not self.enabled or self._policy is None:
            return ALLOW
        decision = await self._policy.decide(permission, caller)
        if decision.result == "CONDITIONAL" and (permission.resource_type is None or decision.conditions is None):
            _log.error("the policy's answer to %s cannot be used, so it is denied: %s", permission.name, decision)
            return DENY
        return decision

    async def check(
        self, permission: Permission, caller: Principal, *, plugin: str, resource_ref: str | None = None
    ) -> bool:
        decision = await self.decide(permission, caller, plugin=plugin)
        if decision.result != "CONDITIONAL":
            return decision.result == "ALLOW"
        if resource_ref is None:
            return False
        verdicts = await self._apply([(permission, decision, (resource_ref,))])
        return verdicts[0][0] == "ALLOW"

    async def authorize(
        self, queries: Sequence[PermissionQuery], caller: Principal, *, plugin: str
    ) -> list[Verdict | list[Verdict]]:
        decisions: dict[Permission, Decision] = {}
        for query in queries:
            if query.permission not in decisions:
                decisions[query.permission] = await self.decide(query.permission, caller, plugin=plugin)
        conditional = [
            (query.permission, decision, _refs(query))
            for query in queries
            if (decision := decisions[query.permission]).result == "CONDITIONAL"
        ]
        applied = iter(await self._apply(conditional))
        answers: list[Verdict | list[Verdict]] = []
        for query in queries:
            result = decisions[query.permission].result
            if result != "CONDITIONAL":
                answers.append(result)
                continue
            verdicts = next(applied)
            if isinstance(query.resource_ref, tuple):
                answers.append(verdicts)
            else:
                answers.append(verdicts[0] if verdicts else "DENY")
        return answers

    async def _apply(self, asked: Sequence[tuple[Permission, Decision, tuple[str, ...]]]) -> list[list[Verdict]]:
        """Conditional decisions on the resources of these refs: one load for each sort of resource."""
        wanted: dict[str, dict[str, None]] = {}
        for permission, _, refs in asked:
            wanted.setdefault(_type_of(permission), {}).update(dict.fromkeys(refs))
        resources = {
            resource_type: await self._owner(resource_type).resources(resource_type, list(refs))
            for resource_type, refs in wanted.items()
        }
        answers: list[list[Verdict]] = []
        for permission, decision, refs in asked:
            resource_type = _type_of(permission)
            owner, loaded = self._owner(resource_type), resources[resource_type]
            criteria: Criteria = parse_criteria(decision.conditions)
            answers.append(["ALLOW" if owner.allows(resource_type, criteria, loaded[ref]) else "DENY" for ref in refs])
        return answers

    def _owner(self, resource_type: str) -> PluginPermissions:
        for declared in self._plugins.values():
            if resource_type in declared.resource_types:
                return declared
        raise InputError(f"Unexpected resource types: {resource_type}.")


def _service_decision(permission: Permission, caller: Principal, plugin: str) -> Decision:
    """Restrictions hold whether or not permissions are enabled: whoever wrote them down wants them."""
    if caller.restrictions is None:
        return ALLOW
    for restriction in caller.restrictions:
        if restriction.plugin == plugin:
            named = not restriction.permissions or permission.name in restriction.permissions
            acts = not restriction.actions or permission.action in restriction.actions
            return ALLOW if named and acts else DENY
    return DENY


def _refs(query: PermissionQuery) -> tuple[str, ...]:
    if query.resource_ref is None:
        return ()
    return query.resource_ref if isinstance(query.resource_ref, tuple) else (query.resource_ref,)


def _type_of(permission: Permission) -> str:
    """A conditional decision is about resources: `decide` has seen to it that there is a type."""
    assert permission.resource_type is not None
    return permission.resource_type
