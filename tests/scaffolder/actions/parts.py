"""The parts that actions under test are put together from: in-memory catalog, real readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.errors import ConflictError
from app.interfaces import Principal
from app.reading.outgoing import GuardedClient
from app.reading.service import ReadingService
from scaffolder.actions.registration import built_in_filters, put_together
from scaffolder.confinement.pool import ConfinedJobs
from scaffolder.interfaces import Action, ScaffolderExtensions
from tests.app.reading.configuration import PlainConfig


@dataclass
class Entities:
    """A catalog that everybody may read and register in."""

    known: dict[str, Any] = field(default_factory=dict)
    locations: dict[str, list[Any]] = field(default_factory=dict)
    registered: set[str] = field(default_factory=set)

    async def entities(self, refs: Sequence[str], caller: Principal) -> list[Any]:
        return [self.known.get(ref) for ref in refs]

    async def register(self, target: str, caller: Principal) -> list[Any]:
        if target in self.registered:
            raise ConflictError(f"Location url:{target} already exists")
        self.registered.add(target)
        return await self.found_at(target, caller)

    async def found_at(self, target: str, caller: Principal) -> list[Any]:
        return self.locations.get(target, [])


class Parts:
    """Actions, filters and confined jobs as a host would have them."""

    def __init__(self, folder: Path, config: PlainConfig | None = None, **options: Any) -> None:
        self.extensions = ScaffolderExtensions()
        config = config or PlainConfig()
        self.reading = ReadingService(config, GuardedClient(config), folder)
        self.catalog = Entities()
        self.jobs = ConfinedJobs(lambda: self.extensions)
        self.extensions.add_template_filter(*built_in_filters(self.reading))
        self.extensions.add_action(
            *put_together(catalog=self.catalog, reading=self.reading, extensions=lambda: self.extensions, **options)
        )

    def action(self, name: str) -> Action:
        return self.extensions.actions[name]
