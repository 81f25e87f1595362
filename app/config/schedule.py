"""Schedules as Backstage's configuration spells them. Source: spec/catalog.md §5.1."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.config.durations import Duration
from app.cron import Cron


class CronFrequency(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True, extra="forbid")

    cron: str

    def model_post_init(self, _context: Any) -> None:
        Cron(self.cron)


class ManualFrequency(BaseModel, defer_build=True):
    model_config = ConfigDict(frozen=True, extra="forbid")

    trigger: Literal["manual"]


class Schedule(BaseModel):
    """When a recurring task runs: `{frequency, timeout, initialDelay, scope}`."""

    model_config = ConfigDict(frozen=True, defer_build=True, populate_by_name=True)

    frequency: Duration | CronFrequency | ManualFrequency
    """A duration, `{cron: …}`, or `{trigger: manual}`."""
    timeout: Duration = timedelta(hours=1)
    initial_delay: Duration = Field(default=timedelta(0), alias="initialDelay")
    scope: Literal["global", "local"] = "global"

    @property
    def timing(self) -> dict[str, Any]:
        """The arguments of a `ScheduledTask` that say when it runs."""
        given = self.frequency
        return {
            "frequency": given if isinstance(given, timedelta) else None,
            "cron": given.cron if isinstance(given, CronFrequency) else None,
            "timeout": self.timeout,
            "initial_delay": self.initial_delay,
            "scope": self.scope,
        }
