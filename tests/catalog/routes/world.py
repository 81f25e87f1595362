"""The catalog's API on the real HTTP pipeline and a real database, over ports in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
from fastapi import APIRouter
from starlette.requests import Request
from starlette.types import Scope

from app.actions.registry import ActionRegistry
from app.actions.routes import action_routes
from app.actions.settings import ActionSettings
from app.database.upgrade import bring_up_to_date
from app.errors import AuthenticationError
from app.http.application import Application
from app.http.mounts import Mounts
from app.http.pipeline import Pipeline
from app.interfaces import (
    ALLOW,
    DENY,
    Database,
    Decision,
    Permission,
    PermissionRule,
    Permissions,
    PluginHost,
    Principal,
    caller,
)
from app.lifecycle import Lifecycle
from catalog.interfaces import CatalogControl, CatalogExtensions, EntitiesCatalog, Entity, Locations
from catalog.routes.registration import register_api
from tests.catalog.routes.fakes import MemoryControl, MemoryEntities, MemoryLocations

ALICE = Principal("user", "user:default/alice", ("user:default/alice", "group:default/team-a"))


async def make_tables(database: Database) -> None:
    """The catalog's tables, as its migrations make them."""
    await bring_up_to_date(database, {"catalog": "catalog.store.migrations"})


@dataclass
class Policy:
    """`Permissions` that decides by permission name; everything else is allowed."""

    decisions: dict[str, Decision] = field(default_factory=dict)
    rules: dict[str, PermissionRule] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def declare(self, plugin: str, permissions: Iterable[Permission], *, rules: Any = (), load: Any = None) -> None:
        self.declared = list(permissions)
        self.rules = {rule.name: rule for rule in rules}
        self.load = load

    def use_policy(self, policy: Any) -> None:
        raise AssertionError("no test installs a policy")

    async def decide(self, permission: Permission, caller: Principal, *, plugin: str) -> Decision:
        return self.decisions.get(permission.name, ALLOW)

    async def check(
        self, permission: Permission, caller: Principal, *, plugin: str, resource_ref: str | None = None
    ) -> bool:
        self.asked.append((permission.name, resource_ref))
        decision = self.decisions.get(permission.name, ALLOW)
        if decision.conditions is not None:
            resource = (await self.load([resource_ref]))[0]
            rule = self.rules[decision.conditions["rule"]]
            return resource is not None and rule.apply(resource, decision.conditions["params"])
        return decision.result == "ALLOW"

    def deny(self, *names: str) -> None:
        self.decisions.update(dict.fromkeys(names, DENY))

    def limit(self, name: str, rule: str, **params: Any) -> None:
        conditions = {"rule": rule, "resourceType": "catalog-entity", "params": params}
        self.decisions[name] = Decision("CONDITIONAL", conditions)


class Tokens:
    async def authenticate(self, token: str) -> Principal:
        if token != "good":
            raise AuthenticationError("Illegal token")
        return Principal("service", "external:body")


async def found_caller(request: Request) -> Principal:
    return caller(request)


class NoIntegrations:
    def integration_for(self, url: str) -> None:
        return None


class Host:
    """As much of `PluginHost` as the API uses."""

    def __init__(self, database: Database, settings: dict[str, Any]) -> None:
        self.database = database
        self.permissions = Policy()
        self.auth = Tokens()
        self.reading = NoIntegrations()
        self.mounts = Mounts()
        self.actions = ActionRegistry(cast(Permissions, self.permissions), ActionSettings())
        self.mounts.add_framework(action_routes(self.actions, found_caller))
        self._settings = settings
        self._ports: dict[Any, Any] = {}
        self._extensions: dict[Any, Any] = {}

    def settings(self, path: str, model: Any) -> Any:
        return model(**self._settings)

    def mount(self, plugin: str, router: APIRouter, *, contract: str | None = None) -> None:
        self.mounts.add(plugin, router, contract)

    def extension(self, kind: Any) -> Any:
        return self._extensions.setdefault(kind, kind())

    def provide(self, port: Any, instance: Any) -> None:
        self._ports[port] = instance

    def service(self, port: Any) -> Any:
        return self._ports[port]


class World:
    def __init__(self, database: Database, entities: Iterable[Entity], **settings: Any) -> None:
        self.database = database
        self.host = Host(database, settings)
        self.policy = self.host.permissions
        self.entities = MemoryEntities(entities)
        self.locations = MemoryLocations()
        self.control = MemoryControl(self.entities)
        self.analyzers = self.host.extension(CatalogExtensions).analyzers
        self.host.provide(EntitiesCatalog, self.entities)
        self.host.provide(Locations, self.locations)
        self.host.provide(CatalogControl, self.control)
        register_api(cast(PluginHost, self.host))
        self.caller = ALICE

    async def start(self) -> httpx.AsyncClient:
        await make_tables(self.database)
        lifecycle = Lifecycle(["api"])
        await lifecycle.start()
        application = Application(Pipeline(self.host.mounts, lifecycle, self._caller_of, security=[]), lifecycle)
        transport = httpx.ASGITransport(application)
        return httpx.AsyncClient(transport=transport, base_url="http://catalog.example/api/catalog")

    async def _caller_of(self, scope: Scope, *, allow_cookie: bool = False) -> Principal:
        return self.caller
