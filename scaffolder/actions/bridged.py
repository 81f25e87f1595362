"""Actions of the registry as actions of templates. Source: spec/scaffolder.md §5.9."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from app.interfaces import Actions, Principal, RegisteredAction
from scaffolder.actions.example_steps import example
from scaffolder.interfaces import Action, ActionContext

log = logging.getLogger(__name__)


class BridgedAction(Action):
    """Invokes an action of the registry as whoever started the task; each member of what it gives is an output."""

    def __init__(self, registered: RegisteredAction, registry: Actions) -> None:
        self._registry = registry
        attributes = registered.attributes
        self.id = registered.id  # type: ignore[misc]
        self.description = registered.description  # type: ignore[misc]
        self.input_schema = registered.input  # type: ignore[misc]
        self.output_schema = registered.output  # type: ignore[misc]
        self.supports_dry_run = attributes["readOnly"] and not attributes["destructive"]  # type: ignore[misc]
        self.idempotent = attributes["idempotent"]  # type: ignore[misc]
        self.examples = tuple(  # type: ignore[misc]
            example(registered.id, str(one.get("title") or one.get("description") or registered.title), **one["input"])
            for one in registered.examples
            if isinstance(one.get("input"), Mapping)
        )

    async def run(self, context: ActionContext) -> None:
        token = context.secrets.get("backstageToken")
        output = await self._registry.invoke(self.id, dict(context.input), context.initiator, token=token)
        if isinstance(output, Mapping):
            for name, value in output.items():
                context.output(name, value)


class Bridge:
    """The registry's actions that are none of the scaffolder's own."""

    def __init__(self, registry: Actions, own: Mapping[str, Action]) -> None:
        self._registry, self._own = registry, own
        self._hidden = set[str]()

    async def actions(self, caller: Principal) -> Mapping[str, Action]:
        """Those the caller may invoke, by id; nobody may invoke any."""
        if caller.kind == "none":
            return {}
        found: dict[str, Action] = {}
        for registered in await self._registry.list(caller):
            if registered.id not in self._own:
                found[registered.id] = BridgedAction(registered, self._registry)
            elif registered.id not in self._hidden:
                self._hidden.add(registered.id)
                log.warning("the action %s of the registry is hidden by the scaffolder's own", registered.id)
        return found
