"""Recurring tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from app.interfaces.basics import Hook


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """A recurring task, listed at `/.backstage/scheduler/v1/tasks` of its plugin.

    `frequency` None means: only when triggered. `run` gets nothing and may raise; failures are logged and tried
    again next time.
    """

    id: str
    run: Hook
    frequency: timedelta | None
    timeout: timedelta = timedelta(hours=1)
    initial_delay: timedelta = timedelta(0)
    scope: Literal["global", "local"] = "global"
    cron: str | None = None
