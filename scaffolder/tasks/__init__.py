"""Durable tasks: rows, leases, checkpoints and events. See docs/tasks.md."""

from scaffolder.tasks.service import DurableTasks
from scaffolder.tasks.worker import Worker, WorkerSettings

__all__ = ["DurableTasks", "Worker", "WorkerSettings"]
