"""The plugin's metrics."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

requests: Final = Counter(
    "proxy_requests_count", "Requests passed on, by endpoint and the target's status.", ("endpoint", "status")
)
seconds: Final = Histogram(
    "proxy_answer_duration_seconds",
    "Time until a target begins to answer.",
    ("endpoint",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120),
)
