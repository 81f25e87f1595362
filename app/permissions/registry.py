"""What plugins have declared: permissions, rules, and how their resources are loaded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from app.errors import InputError, NotImplementedByServerError
from app.interfaces import Permission, PermissionRule
from app.permissions.conditions import Condition, Criteria, matches
from app.schema import Schema

Load = Callable[[Sequence[str]], Awaitable[Sequence[Any | None]]]

_DRAFT = "http://json-schema.org/draft-07/schema#"


class ParametersError(InputError):
    """What is wrong with a rule's params, as the cause of the error a client sees."""


class PluginPermissions:
    """One plugin's declarations, in the order in which they were made."""

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin
        self.permissions: dict[str, Permission] = {}
        self.rules: dict[tuple[str, str], PermissionRule] = {}
        self.resource_types: set[str] = set()
        self._loaders: dict[str, Load] = {}
        self._schemas: dict[tuple[str, str], Schema] = {}

    def declare(self, permissions: Iterable[Permission], rules: Iterable[PermissionRule], load: Load | None) -> None:
        """Raises ValueError for a rule or a loader that is declared twice, or a schema that is none."""
        types = set()
        for permission in permissions:
            self.permissions[permission.name] = permission
            if permission.resource_type is not None:
                types.add(permission.resource_type)
        for rule in rules:
            key = (rule.resource_type, rule.name)
            if key in self.rules:
                raise ValueError(f"Permission rule '{rule.name}' of {rule.resource_type} is declared twice")
            self.rules[key] = rule
            # Backstage checks params as if further members were allowed, whatever the published schema says.
            self._schemas[key] = Schema({**rule.params_schema, "additionalProperties": True})
            types.add(rule.resource_type)
        self.resource_types |= types
        if load is not None:
            for resource_type in types:
                if resource_type in self._loaders:
                    raise ValueError(f"Resources of type {resource_type} have a loader already")
                self._loaders[resource_type] = load

    async def resources(self, resource_type: str, refs: Sequence[str]) -> dict[str, Any | None]:
        """The resources by ref, None where there is none, by one call of the plugin's loader.

        Raises NotImplementedByServerError when the plugin loads no such resources, and what the loader raises.
        """
        load = self._loaders.get(resource_type)
        if load is None:
            raise NotImplementedByServerError(
                "This plugin does not expose any permission rule or can't evaluate the conditions request "
                f"for {resource_type}"
            )
        wanted = list(dict.fromkeys(refs))
        return dict(zip(wanted, await load(wanted), strict=True))

    def allows(self, resource_type: str, criteria: Criteria, resource: Any | None) -> bool:
        """Whether a resource of this type fulfils the conditions. One that is not there never does: nobody shall learn
        from the answer whether it is.

        Raises InputError for a rule that does not exist and for params that are not the rule's.
        """
        return resource is not None and matches(
            criteria,
            lambda condition: self.rule_for(resource_type, condition).apply(resource, condition.params),
        )

    def rule_for(self, resource_type: str, condition: Condition) -> PermissionRule:
        """Raises InputError as `allows` does."""
        key = (resource_type, condition.rule)
        rule = self.rules.get(key)
        if rule is None or condition.resource_type != resource_type:
            raise InputError(f"Unexpected permission rule: {condition.rule}")
        problems = self._schemas[key].errors(condition.params)
        if problems:
            words = "; ".join(f"params{problem.path} {problem.message}" for problem in problems)
            raise InputError("Parameters to rule are invalid", cause=ParametersError(words))
        return rule

    def metadata(self) -> dict[str, Any]:
        """What `/.well-known/backstage/permissions/metadata` answers. Source: spec/catalog.md §7.3."""
        return {
            "permissions": [wire_permission(permission) for permission in self.permissions.values()],
            "rules": [
                {
                    "name": rule.name,
                    "description": rule.description,
                    "resourceType": rule.resource_type,
                    "paramsSchema": {"$schema": _DRAFT, "additionalProperties": False, **rule.params_schema},
                }
                for rule in self.rules.values()
            ],
        }


def wire_permission(permission: Permission) -> dict[str, Any]:
    resource = permission.resource_type is not None
    return {
        "type": "resource" if resource else "basic",
        "name": permission.name,
        "attributes": {"action": permission.action} if permission.action else {},
        **({"resourceType": permission.resource_type} if resource else {}),
    }
