"""The registry: who may see which actions, and how one is invoked. Source: spec/ui-backends.md §4.2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.actions.model import ActionFilter, ActionInvocation, RegisteredAction
from app.actions.settings import ActionSettings
from app.actions.validation import demand
from app.errors import InputError, NotAllowedError, NotFoundError
from app.interfaces import Permissions, Principal
from app.schema import Schema

ANONYMOUS: Final = "Actions must be invoked by an authenticated principal, not an anonymous request"


class ActionRegistry:
    """See `app.interfaces.Actions` for what each method promises."""

    def __init__(self, permissions: Permissions, settings: ActionSettings) -> None:
        self._permissions = permissions
        self._settings = settings
        self._actions: dict[str, RegisteredAction] = {}
        self._schemas: dict[tuple[str, str], Schema] = {}

    def add(self, *actions: RegisteredAction) -> None:
        for action in actions:
            if action.id in self._actions:
                raise ValueError(f'Action with id "{action.id}" is already registered')
            self._actions[action.id] = action
            if action.visibility is not None:
                self._permissions.declare(action.plugin, [action.visibility])

    async def list(
        self, caller: Principal, *, plugin: str | None = None, matching: ActionFilter | None = None
    ) -> list[RegisteredAction]:
        if caller.kind == "none":
            raise NotAllowedError(ANONYMOUS)
        return [
            action
            for action in self._actions.values()
            if plugin in (None, action.plugin)
            and (matching is None or matching.admits(action))
            and await self._visible(action, caller)
        ]

    async def invoke(
        self,
        action_id: str,
        given: Any,
        caller: Principal,
        *,
        secrets: Mapping[str, Any] | None = None,
        plugin: str | None = None,
        token: str | None = None,
    ) -> Any:
        if caller.kind == "none":
            raise NotAllowedError(ANONYMOUS)
        action = self._actions.get(action_id)
        if action is None or plugin not in (None, action.plugin) or not await self._visible(action, caller):
            raise NotFoundError(f'Action "{action_id}" not found')
        demand(self._schema(action, "input"), given, f'Invalid input to action "{action_id}"')
        if action.secrets is not None:
            if not secrets:
                raise InputError(f'Action "{action_id}" requires secrets but none were provided')
            demand(self._schema(action, "secrets"), secrets, f'Invalid secrets for action "{action_id}"')
        elif secrets:
            raise InputError(f'Action "{action_id}" does not accept secrets')
        output = await action.run(ActionInvocation(given, caller, secrets or {}, token))
        demand(self._schema(action, "output"), output, f'Invalid output from action "{action_id}"')
        return output

    async def _visible(self, action: RegisteredAction, caller: Principal) -> bool:
        sources = self._settings.plugin_sources
        if sources is not None and action.plugin not in sources:
            return False
        if not self._settings.filter.admits(action):
            return False
        # A token for some plugins is none for the others, by whichever way their actions are reached.
        if caller.restrictions is not None and all(one.plugin != action.plugin for one in caller.restrictions):
            return False
        if action.visibility is None:
            return True
        return await self._permissions.check(action.visibility, caller, plugin=action.plugin)

    def _schema(self, action: RegisteredAction, which: str) -> Schema:
        """Compiled when first used: a start pays for none."""
        key = (action.id, which)
        if key not in self._schemas:
            self._schemas[key] = Schema(getattr(action, which))
        return self._schemas[key]
