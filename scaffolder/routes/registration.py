"""Puts the scaffolder's API into the host: permissions and rules, the contract, and every route."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter

from app.interfaces import PluginHost
from scaffolder.permissions.permissions import OF_FRONTENDS, OF_TASKS, OF_TEMPLATES, PLUGIN
from scaffolder.permissions.rules import TASK_RULES, TEMPLATE_RULES
from scaffolder.routes.events import event_routes
from scaffolder.routes.ports import ScaffolderPorts
from scaffolder.routes.tasks import task_routes
from scaffolder.routes.templates import template_routes
from scaffolder.service.registry_actions import RegistryActions

CONTRACT: Final = "scaffolder.yaml"


def register_api(host: PluginHost) -> None:
    """Mount everything under `/api/scaffolder`.

    From the first request on it takes the ports `Tasks` and `Runtime`, which the plugin provides, and the catalog's
    `EntitiesCatalog`.
    """
    ports = ScaffolderPorts(host)

    async def load(refs: Sequence[str]) -> Sequence[Any | None]:
        return [await ports.stored.get(ref) for ref in refs]

    host.permissions.declare(PLUGIN, OF_TEMPLATES, rules=TEMPLATE_RULES)
    host.permissions.declare(PLUGIN, OF_TASKS, rules=TASK_RULES, load=load)
    host.permissions.declare(PLUGIN, OF_FRONTENDS)
    host.actions.add(*RegistryActions(ports).all())
    # One router, since the contract is held against the routes of all of them.
    routes = APIRouter()
    for part in (template_routes(ports), task_routes(ports), event_routes(ports)):
        routes.include_router(part)
    host.mount(PLUGIN, routes, contract=CONTRACT)
