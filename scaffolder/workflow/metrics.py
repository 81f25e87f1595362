"""Counts and durations of tasks and steps, under Backstage's names. Source: spec/scaffolder.md §3.10."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

from prometheus_client import Counter, Histogram

Result = Literal["ok", "failed", "cancelled", "skipped"]

_BUCKETS: Final = (0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200)
task_count = Counter("scaffolder_task_count", "Tasks that have ended.", ("template", "result"))
task_duration = Histogram("scaffolder_task_duration", "Seconds a task ran.", ("template", "result"), buckets=_BUCKETS)
step_count = Counter("scaffolder_step_count", "Steps that have ended.", ("template", "step", "result"))
step_duration = Histogram(
    "scaffolder_step_duration", "Seconds a step ran.", ("template", "step", "result"), buckets=_BUCKETS
)


@contextmanager
def step_timer(template: str, step: str) -> Iterator[Callable[[Result], None]]:
    """Observe a step under the last result that is given; nothing if none is."""
    began, results = time.monotonic(), list[Result]()
    yield results.append
    if results:
        step_count.labels(template, step, results[-1]).inc()
        step_duration.labels(template, step, results[-1]).observe(time.monotonic() - began)


def observe_task(template: str, result: Result, seconds: float) -> None:
    task_count.labels(template, result).inc()
    task_duration.labels(template, result).observe(seconds)
