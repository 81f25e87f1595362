"""The search's metrics."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

documents: Final = Gauge("search_documents_count", "Documents in the index.", ("type",))
changes: Final = Counter("search_changes_count", "Documents that were told to have changed.", ("type",))
collations: Final = Histogram(
    "search_collation_duration_seconds",
    "Time that collating all documents of a type takes.",
    ("type",),
    buckets=(0.01, 0.1, 1, 5, 10, 30, 60, 300, 900),
)
failures: Final = Counter("search_collation_failures_count", "Collations and followers that failed.", ("type",))
queries: Final = Histogram(
    "search_query_duration_seconds",
    "Time that answering a query takes.",
    ("result",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
