"""Counts and durations of tasks and steps, under Backstage's names. Source: spec/scaffolder.md §3.10.

The reference has each metric twice: from its Prometheus client (`scaffolder_task_count`) and from OpenTelemetry, whose
exporter adds the kind and the unit (`scaffolder.task.count` is `scaffolder_task_count_total`,
`scaffolder.task.duration` is `scaffolder_task_duration_seconds`). Dashboards of either find theirs here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal

from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

Result = Literal["ok", "failed", "cancelled", "skipped"]

_BUCKETS: Final = (0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200)
_TASK: Final = ("template", "result")
_STEP: Final = ("template", "step", "result")


class _PlainlyNamed(Collector):
    """Counters again, with nothing behind their names."""

    def __init__(self, counters: Sequence[Counter]) -> None:
        self._counters = counters

    def describe(self) -> Iterable[Metric]:
        """None: the registry takes the names for those of the counters."""
        return ()

    def collect(self) -> Iterable[Metric]:
        for counter in self._counters:
            for metric in counter.collect():
                plain = Metric(metric.name, metric.documentation, "unknown")
                for sample in metric.samples:
                    if sample.name.endswith("_total"):
                        plain.add_sample(metric.name, sample.labels, sample.value)
                yield plain


task_count = Counter("scaffolder_task_count", "Tasks that have ended.", _TASK)
step_count = Counter("scaffolder_step_count", "Steps that have ended.", _STEP)
REGISTRY.register(_PlainlyNamed((task_count, step_count)))
task_durations: Final = tuple(
    Histogram(f"scaffolder_task_duration{unit}", "Seconds a task ran.", _TASK, buckets=_BUCKETS)
    for unit in ("", "_seconds")
)
step_durations: Final = tuple(
    Histogram(f"scaffolder_step_duration{unit}", "Seconds a step ran.", _STEP, buckets=_BUCKETS)
    for unit in ("", "_seconds")
)


@contextmanager
def step_timer(template: str, step: str) -> Iterator[Callable[[Result], None]]:
    """Observe a step under the last result that is given; nothing if none is."""
    began, results = time.monotonic(), list[Result]()
    yield results.append
    if results:
        step_count.labels(template, step, results[-1]).inc()
        for duration in step_durations:
            duration.labels(template, step, results[-1]).observe(time.monotonic() - began)


def observe_task(template: str, result: Result, seconds: float) -> None:
    task_count.labels(template, result).inc()
    for duration in task_durations:
        duration.labels(template, result).observe(seconds)
