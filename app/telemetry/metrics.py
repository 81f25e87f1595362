"""Prometheus metrics of the host. Features add their own to the default registry.

The names are those of OpenTelemetry's HTTP conventions and of Backstage's scheduler, as its Prometheus exporter
writes them. Source: FIELD.md §4, row Metrics.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Histogram, generate_latest

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_requests = Histogram(
    "http_server_request_duration_seconds",
    "Duration of HTTP requests.",
    ("http_request_method", "http_route", "http_response_status_code"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_children: dict[tuple[str, str, int], Histogram] = {}

task_runs = Counter("backend_tasks_task_runs_count", "Runs of scheduled tasks.", ("taskId", "result"))
task_duration = Histogram(
    "backend_tasks_task_runs_duration_seconds",
    "Duration of scheduled tasks' runs.",
    ("taskId", "result"),
    buckets=(0.01, 0.1, 1, 10, 60, 300, 1800, 3600),
)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """`route` is a template, never a path: paths are endless, and series must not be."""
    key = (method, route, status)
    child = _children.get(key)
    if child is None:
        child = _children[key] = _requests.labels(method if method in _METHODS else "_OTHER", route, str(status))
    child.observe(seconds)


def render() -> bytes:
    return generate_latest(REGISTRY)
