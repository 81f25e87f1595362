"""What is left at GitHub, and how often it was asked. Users' own tokens are counted together."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

remaining: Final = Gauge(
    "github_rate_limit_remaining",
    "Requests (GraphQL: points) left until the reset.",
    ("host", "credential", "resource"),
)
limit: Final = Gauge(
    "github_rate_limit_limit", "Requests (GraphQL: points) allowed in an hour.", ("host", "credential", "resource")
)
reset: Final = Gauge(
    "github_rate_limit_reset_timestamp_seconds", "When the quota is full again.", ("host", "credential", "resource")
)
blocked: Final = Gauge(
    "github_rate_limit_blocked_until_timestamp_seconds",
    "Until when GitHub wants to be left alone; in the past where it does not.",
    ("host", "credential"),
)
requests: Final = Counter(
    "github_requests_total", "Requests to GitHub's API.", ("host", "credential", "resource", "status")
)
waits: Final = Histogram(
    "github_requests_wait_seconds",
    "Time requests waited for their turn.",
    ("priority",),
    buckets=(0.001, 0.01, 0.1, 1, 5, 15, 60, 300, 900),
)
