"""Just enough of a host to register what reads: real client, real readers, a plain configuration."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from app.reading.outgoing import GuardedClient
from app.reading.service import ReadingService
from tests.app.reading.configuration import PlainConfig

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class FixedClock:
    def now(self) -> datetime:
        return NOW


class ReadingHost:
    """Not a whole PluginHost: what integrations use of one."""

    def __init__(self, config: dict[str, Any], data_dir: Path) -> None:
        self.config = PlainConfig(config)
        self.outgoing = GuardedClient(self.config)
        self.reading = ReadingService(self.config, self.outgoing, data_dir)
        self.clock = FixedClock()
        self.database: Any = None
        """Nothing that reads needs one: what is never started asks for none."""
        self.roles: frozenset[str] = frozenset()
        self._extensions: dict[type, Any] = {}

    def extension(self, kind: type[T]) -> T:
        made: T = self._extensions.setdefault(kind, kind())
        return made

    def migrations(self, package: str) -> None: ...
    def commands(self, commands: Any, *, name: str | None = None) -> None: ...
    def on_start(self, hook: Any) -> None: ...
    def on_stop(self, hook: Any) -> None: ...

    def settings(self, path: str, model: type[M]) -> M:
        return model.model_validate(self.config.get(path) or {})
