"""The plugin's metrics."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

builds: Final = Histogram(
    "techdocs_build_duration_seconds",
    "Time that bringing a site up to date takes, by what came of it: built, unchanged or failed.",
    ("result",),
    buckets=(0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
)
files: Final = Counter("techdocs_files_served_count", "Files of sites that were asked for.", ("result",))
