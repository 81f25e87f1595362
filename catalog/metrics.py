"""The catalog's metrics, under the names Backstage gives them. Source: FIELD.md §4, row Metrics.

Counts of what is stored are those of the ingesting process, which counts again from time to time after a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120)

entities: Final = Gauge("catalog_entities_count", "Entities in the catalog.", ("kind",))
locations: Final = Gauge("catalog_registered_locations_count", "Registered locations.")
relations: Final = Gauge("catalog_relations_count", "Relations between entities.")
processed: Final = Counter("catalog_processed_entities_count", "Passes over entities.", ("result",))
processing_duration: Final = Histogram(
    "catalog_processing_duration_seconds", "Time a pass over one entity takes.", ("result",), buckets=_SECONDS
)
queue_delay: Final = Histogram(
    "catalog_processing_queue_delay_seconds", "Time from being due to being processed.", buckets=_SECONDS
)
stitched: Final = Counter("catalog_stitched_entities_count", "Final entities put together.", ("result",))
stitching_duration: Final = Histogram(
    "catalog_stitching_duration_seconds", "Time a batch of final entities takes.", buckets=_SECONDS
)
stitching_queue: Final = Gauge("catalog_stitching_queue_length", "Entities that wait to be stitched.")
conflicts: Final = Counter("catalog_conflicts_count", "Refs that a second source claimed and did not get.")
held: Final = Counter("catalog_held_mutations_count", "Provider answers held back for removing too much.")

_counted: set[str] = set()


def show_entities(kinds: Mapping[str, int]) -> None:
    """Set the gauge of every kind; those that are gone go to zero."""
    for kind in _counted - kinds.keys():
        entities.labels(kind).set(0)
    for kind, count in kinds.items():
        entities.labels(kind).set(count)
    _counted.update(kinds)
