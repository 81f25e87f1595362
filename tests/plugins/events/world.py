"""The events plugin under the host's real pipeline, on a real database, with a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

import httpx
import typer
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.types import Scope

from app.database.upgrade import bring_up_to_date
from app.events import EventBus
from app.http.mounts import Mounts
from app.http.pipeline import Pipeline
from app.interfaces import Database, Event, Hook, PluginHost, Principal, Role, ScheduledTask
from app.lifecycle import Lifecycle
from plugins.events.plugin import EventsPlugin
from plugins.events.worker import DeliveryWorker
from tests.app.reading.configuration import PlainConfig

M = TypeVar("M", bound=BaseModel)


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def pass_by(self, **duration: float) -> None:
        self.time += timedelta(**duration)


class World:
    """What a plugin is registered with, and what came of it."""

    roles: frozenset[Role] = frozenset({"api", "ingest"})

    def __init__(self, database: Database, config: dict[str, Any]) -> None:
        self.database = database
        self.config = PlainConfig(config)
        self.events = EventBus()
        self.clock = Clock()
        self.mounts = Mounts()
        self.packages: dict[str, str] = {}
        self.loops: dict[str, Hook] = {}
        self.tasks: dict[str, ScheduledTask] = {}
        self.stops: list[Hook] = []
        self.heard: list[Event] = []
        self.caller = Principal("none")
        EventsPlugin().register(cast(PluginHost, self))

    def settings(self, path: str, model: type[M]) -> M:
        return model.model_validate(self.config.get(path) or {})

    def mount(self, plugin: str, router: APIRouter, *, contract: str | None = None) -> None:
        self.mounts.add(plugin, router, contract)

    def allow_unauthenticated(self, path: str) -> None:
        self.mounts.allow(path)

    def migrations(self, package: str) -> None:
        self.packages["events"] = package

    def commands(self, group: typer.Typer, *, name: str | None = None) -> None:
        self.typed = group

    def background(self, name: str, run: Hook, *, role: Role) -> None:
        self.loops[name] = run

    def schedule(self, plugin: str, task: ScheduledTask, *, role: Role = "ingest") -> None:
        self.tasks[task.id] = task

    def on_stop(self, hook: Hook) -> None:
        self.stops.append(hook)

    def listen(self, *topics: str) -> None:
        async def hear(event: Event) -> None:
            self.heard.append(event)

        self.events.subscribe(topics, hear)

    @property
    def worker(self) -> DeliveryWorker:
        (run,) = self.loops.values()
        return cast(DeliveryWorker, run.__self__)  # type: ignore[attr-defined]

    async def work(self) -> int:
        return await self.worker.work_once()


MakeWorld = Callable[..., Any]


@asynccontextmanager
async def running(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the plugin's mount."""

    async def caller_of(scope: Scope, *, allow_cookie: bool = False) -> Principal:
        return world.caller

    await bring_up_to_date(world.database, world.packages)
    lifecycle = Lifecycle(world.roles)
    await lifecycle.start()
    pipeline = Pipeline(world.mounts, lifecycle, caller_of, security=[])
    transport = httpx.ASGITransport(pipeline)
    async with httpx.AsyncClient(transport=transport, base_url="http://callboard.test/api/events") as client:
        yield client
    await lifecycle.stop()
