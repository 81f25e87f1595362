"""Scheduled tasks: run in the leading process, listed and triggered over HTTP."""

from app.schedule.scheduler import Scheduler as Scheduler
